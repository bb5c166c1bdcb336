import type { DevClient, DevEdge } from '@countersign/dev-edge'
import type { FastifyInstance } from 'fastify'
import type { Proofs } from './app.ts'
import { type Answer, listAttempts } from './attempts.ts'

/** The proofs of the walk's origin: the edge's key, Access, and a root with its revocation list. */
export function proofsOf(edge: DevEdge): Proofs {
  return {
    edge: { keys: edge.keys, hosts: edge.hosts },
    access: edge.access,
    // A root, with one level of CAs below it.
    trustedIssuers: [{ ca: edge.clientCa, revocation: { crl: () => edge.clientCrl() }, chain: { maxDepth: 1 } }],
  }
}

/** One line of the demo's table: the request, the client's credentials and the answer. */
export interface Row {
  readonly request: string
  readonly presented: string
  readonly status: number
  readonly code: string
  readonly asExpected: boolean
}

/**
 * Sends each attempt, one after the other.
 *
 * @param edge - the local edge, in front of the origin
 * @param app - the origin, listening
 * @param lost - a client whose certificate is on the CA's revocation list
 * @returns a row for each attempt, in order
 */
export async function walkThrough(edge: DevEdge, app: FastifyInstance, lost: DevClient): Promise<Row[]> {
  const rows: Row[] = []
  for (const { request, presented, expect, send } of listAttempts(edge, app, lost)) {
    const answer = await send()
    const code = codeOf(answer)
    rows.push({
      request,
      presented,
      status: answer.status,
      code,
      asExpected: answer.status === expect[0] && code === expect[1],
    })
  }
  return rows
}

function codeOf({ status, body }: Answer): string {
  return status < 400 ? '' : ((JSON.parse(body) as { code?: string }).code ?? '')
}

const COLUMNS = ['request', 'presented', 'status', 'code'] as const

/** Formats rows as a table. Each row starts with a mark: ✓ for the expected answer, ✗ for another. */
export function formatTable(rows: readonly Row[]): string {
  const widths = COLUMNS.map((column) => Math.max(column.length, ...rows.map((row) => String(row[column]).length)))
  const line = (cells: readonly unknown[], mark: string) =>
    `${mark} ${cells.map((cell, at) => String(cell).padEnd(widths[at] as number)).join('  ')}`.trimEnd()
  return [
    line(COLUMNS, ' '),
    line(
      widths.map((width) => '─'.repeat(width)),
      ' ',
    ),
    ...rows.map((row) =>
      line(
        COLUMNS.map((column) => row[column]),
        row.asExpected ? '✓' : '✗',
      ),
    ),
  ].join('\n')
}
