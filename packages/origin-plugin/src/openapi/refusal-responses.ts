import type { ConfiguredCheck } from '../countersign-health.ts'
import { CHALLENGE, type CountersignErrorCode, countersignErrors } from '../errors.ts'

/** A response in the schema of a route. */
export interface RefusalResponse {
  readonly description: string
  readonly headers?: Readonly<Record<string, object>>
  readonly type: 'object'
  readonly properties: Readonly<Record<string, object>>
  readonly required: readonly string[]
}

/** The check without which no request gets the code. Every other code is one of the certificate, which is always checked. */
const NEEDS: Partial<Record<CountersignErrorCode, ConfiguredCheck>> = {
  CSN_SIGNATURE_MISSING: 'edge signature',
  CSN_SIGNATURE_INVALID: 'edge signature',
  CSN_SIGNATURE_EXPIRED: 'edge signature',
  CSN_SIGNATURE_REPLAYED: 'replay',
  CSN_REPLAY_STORE_UNAVAILABLE: 'replay',
  CSN_ACCESS_TOKEN_MISSING: 'Access token',
  CSN_ACCESS_TOKEN_INVALID: 'Access token',
  CSN_ACCESS_TOKEN_EXPIRED: 'Access token',
  CSN_ACCESS_KEYS_UNAVAILABLE: 'Access token',
  CSN_CERT_UNTRUSTED_ISSUER: 'trusted issuers',
  CSN_REVOCATION_UNAVAILABLE: 'revocation',
  CSN_USER_UNKNOWN: 'identify',
  CSN_IDENTIFY_UNAVAILABLE: 'identify',
}

/** The header of an answer 401. */
const CHALLENGED = {
  'WWW-Authenticate': {
    type: 'string',
    enum: [CHALLENGE],
    description: 'The request must come through the edge, with the credentials of the client.',
  },
}

/** The refusals that an origin with these checks can answer, by status, as the schema of a route has its responses. */
export function refusalResponses(checks: readonly ConfiguredCheck[]): Readonly<Record<string, RefusalResponse>> {
  const possible = [...countersignErrors].filter(([code]) => {
    const needed = NEEDS[code]
    return needed === undefined || checks.includes(needed)
  })
  const byStatus = Map.groupBy(possible, ([, { statusCode }]) => statusCode)
  return Object.fromEntries([...byStatus].map(([status, errors]) => [status, responseOf(status, errors)]))
}

type Errors = readonly (readonly [CountersignErrorCode, { readonly message: string }])[]

function responseOf(statusCode: number, errors: Errors): RefusalResponse {
  return {
    description: errors.map(([code, { message }]) => `\`${code}\`: ${message}.`).join(' '),
    ...(statusCode === 401 && { headers: CHALLENGED }),
    type: 'object',
    properties: {
      statusCode: { type: 'integer', enum: [statusCode] },
      code: { type: 'string', enum: errors.map(([code]) => code) },
      error: { type: 'string' },
      message: { type: 'string' },
    },
    required: ['statusCode', 'code', 'error', 'message'],
  }
}
