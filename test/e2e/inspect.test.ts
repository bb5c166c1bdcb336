import type { IncomingMessage } from 'node:http'
import { optional } from '@countersign/origin-plugin'
import type { ExplainOptions } from '@countersign/origin-plugin/explain'
import { formatRequest, headerOf, type WireRequest } from '@countersign/test-support/wire-request'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Row, walkThrough } from '../../examples/quickstart/walkthrough.ts'
import { type Inspection, inspectRequests } from '../../packages/dev-edge/src/inspect/inspect-requests.ts'
import { parseRequests } from '../../packages/dev-edge/src/inspect/parse-requests.ts'
import { type Quickstart, startQuickstart } from '../support/quickstart.ts'

type RouteRequirement = NonNullable<ExplainOptions['requirement']>

/** The requirements of the quickstart's routes. Every other route requires only a verified certificate. */
const REQUIREMENTS: Readonly<Record<string, RouteRequirement>> = {
  '/login': optional({ subject: { O: 'Acme', OU: 'Ops' } }),
  '/pay': { subject: { O: 'Acme', CN: ['alice', 'pay-1'] } },
  '/branch': { issuer: { CN: 'Acme Branch CA' } },
  '/ops': { subject: { O: 'Acme', OU: 'Ops' } },
  '/payroll.csv': { subject: { O: 'Acme', OU: 'Ops' } },
}

/** A request to the origin, with its answer and its inspection. */
interface Recorded {
  readonly request: WireRequest
  readonly status: number
  readonly inspection: Inspection
}

describe("countersign inspect, on the demo's table", () => {
  let quickstart: Quickstart
  let rows: Row[]
  const recorded: Recorded[] = []

  beforeAll(async () => {
    quickstart = await startQuickstart()
    const { app, edge, lost, proofs } = quickstart
    const received: { readonly request: WireRequest; readonly status: () => number }[] = []
    app.server.on('request', ({ method = '', url = '', rawHeaders }: IncomingMessage, response) => {
      received.push({ request: { method, target: url, headers: rawHeaders }, status: () => response.statusCode })
    })
    rows = await walkThrough(edge, app, lost)
    // All requests in one capture, in order: the inspection finds a replay by the earlier request.
    const capture = parseRequests(Buffer.from(received.map(({ request }) => formatRequest(request)).join('')))
    const requirementOf = ({ target }: WireRequest) => REQUIREMENTS[target] ?? true
    const inspected = new Map<RouteRequirement, readonly Inspection[]>()
    for (const requirement of new Set(received.map(({ request }) => requirementOf(request)))) {
      inspected.set(requirement, await inspectRequests(capture, proofs, { requirement }))
    }
    for (const [at, { request, status }] of received.entries()) {
      const inspection = inspected.get(requirementOf(request))?.[at] as Inspection
      recorded.push({ request, status: status(), inspection })
    }
  })
  afterAll(() => quickstart.close())

  const refusals = () => recorded.filter(({ status }) => status === 401 || status === 403)
  const stepOf = ({ inspection: { steps } }: Recorded) => steps.find(({ outcome }) => outcome === 'fails')

  it('names the step and the code of every refusal, in the order of the table', () => {
    const shown = refusals().map((each) => [stepOf(each)?.step, stepOf(each)?.code])
    expect(shown).toEqual([
      ['verdict', 'CSN_CERT_MISSING'],
      ['verdict', 'CSN_CERT_UNVERIFIED'],
      ['verdict', 'CSN_CERT_UNVERIFIED'],
      ['verdict', 'CSN_CERT_EXPIRED'],
      ['verdict', 'CSN_CERT_EXPIRED'],
      ['trust', 'CSN_CERT_REVOKED'],
      ['guard', 'CSN_CERT_FORBIDDEN'],
      ['verdict', 'CSN_CERT_UNVERIFIED'],
      ['guard', 'CSN_CERT_FORBIDDEN'],
      ['guard', 'CSN_CERT_FORBIDDEN'],
      ['guard', 'CSN_CERT_FORBIDDEN'],
      ['verdict', 'CSN_CERT_UNVERIFIED'],
      ['guard', 'CSN_CERT_FORBIDDEN'],
      ['verdict', 'CSN_CERT_MISSING'],
      ['verdict', 'CSN_CERT_MISSING'],
      ['guard', 'CSN_CERT_FORBIDDEN'],
      ['edge signature', 'CSN_SIGNATURE_MISSING'],
      ['replay', 'CSN_SIGNATURE_REPLAYED'],
      ['edge signature', 'CSN_SIGNATURE_INVALID'],
      ['Access token', 'CSN_ACCESS_TOKEN_EXPIRED'],
      ['Access token', 'CSN_ACCESS_TOKEN_INVALID'],
      ['Access token', 'CSN_ACCESS_TOKEN_MISSING'],
      ['verdict', 'CSN_CERT_MISSING'],
    ])
    expect(shown.map(([, code]) => code)).toEqual(rows.map(({ code }) => code).filter((code) => code !== ''))
  })

  it('decides as the origin did', () => {
    // The public route and preflights are not judged at the origin.
    const judged = recorded.filter(({ request }) => request.target !== '/healthz' && request.method !== 'OPTIONS')
    const decided = judged.map(({ inspection }) => inspection.refusal?.statusCode ?? 'admitted')
    expect(decided).toEqual(judged.map(({ status }) => (status === 200 || status === 404 ? 'admitted' : status)))
    expect(judged.length).toBe(recorded.length - 2)
    expect(recorded.length).toBeGreaterThan(rows.length)
  })

  it('shows no part of a signature', () => {
    const shown = JSON.stringify(recorded.map(({ inspection }) => inspection))
    const signatures = recorded.flatMap(({ request }) => [
      headerOf(request, 'cf-access-jwt-assertion')?.split('.')[2],
      headerOf(request, 'signature')?.slice('countersign=:'.length),
    ])
    const present = signatures.filter((signature) => signature !== undefined)
    expect(present.length).toBeGreaterThan(recorded.length)
    for (const signature of present) expect(shown).not.toContain(signature)
  })
})
