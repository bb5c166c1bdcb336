import type { FastifyInstance, FastifyRequest } from 'fastify'
import { codeIn } from './count-decisions.ts'

/** The findings about the lines "request completed" of the origin's log. */
export interface LogFindings {
  /** The number of lines with the identity of their own client. */
  readonly named: number
  /** The number of lines of requests that were not admitted, without an identity. */
  readonly unnamed: number
  readonly faults: readonly string[]
}

/** The check of the log of the origin. */
export interface LogCheck {
  /** The destination of the log. It keeps no line. */
  readonly stream: { write(line: string): void }
  watch(app: FastifyInstance, publicUrls: readonly string[]): void
  findings(): LogFindings
}

/** The faults to keep. A broken log makes every line wrong. */
const KEPT = 5

/**
 * Requires of each admitted request that its line has its identity, and of each refused one that its line has none. The
 * second opinion is the request's own headers: an admitted request has those that the edge signed.
 */
export function createLogCheck(): LogCheck {
  const expected = new Map<string, string>()
  const faults: string[] = []
  let [named, unnamed] = [0, 0]
  return {
    stream: {
      write(line) {
        if (!/"msg":"request (?:completed|errored)"/.test(line)) return
        const { reqId, who } = JSON.parse(line) as { reqId: string; who?: unknown }
        const identity = expected.get(reqId)
        if (!expected.delete(reqId)) return
        const written = who === undefined ? '' : JSON.stringify(who)
        if (written !== identity && faults.length < KEPT) faults.push(`the log has ${written} in place of ${identity}`)
        if (written === '') unnamed += 1
        else named += 1
      },
    },
    watch(app, publicUrls) {
      app.addHook('onSend', async (request, reply, payload) => {
        const isPublic = publicUrls.includes(request.routeOptions.url ?? '')
        const isRefused = codeIn(payload) !== undefined || reply.hasHeader('countersign-not-enforced')
        expected.set(request.id, isPublic || isRefused ? '' : JSON.stringify(identityIn(request)))
      })
    },
    findings: () => ({ named, unnamed, faults }),
  }
}

/** The identity of a request as its headers state it, in the form of {@link CountersignPluginOptions.log}. */
function identityIn({ headers }: FastifyRequest) {
  const [, claims = ''] = String(headers['cf-access-jwt-assertion']).split('.')
  const { email, common_name } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, string>
  return { subject: headers['x-cert-subject-dn-2253'], login: email ?? common_name }
}
