import createError, { type FastifyError, type FastifyErrorConstructor } from '@fastify/error'

/** Every code of a refused request, with its HTTP status and the sentence for the client. */
const REFUSALS = {
  CSN_HEADERS_MALFORMED: [400, 'The client certificate headers are malformed'],
  CSN_SIGNATURE_MISSING: [401, 'The request is not signed by the edge'],
  CSN_SIGNATURE_INVALID: [401, 'The edge signature is not valid'],
  CSN_SIGNATURE_EXPIRED: [401, 'The edge signature has expired'],
  CSN_SIGNATURE_REPLAYED: [401, 'The edge signature was used before'],
  CSN_ACCESS_TOKEN_MISSING: [401, 'The Access token is missing'],
  CSN_ACCESS_TOKEN_INVALID: [401, 'The Access token is not valid'],
  CSN_ACCESS_TOKEN_EXPIRED: [401, 'The Access token has expired'],
  CSN_CERT_MISSING: [401, 'A client certificate is required'],
  CSN_CERT_UNVERIFIED: [403, 'The client certificate was not verified'],
  CSN_CERT_REVOKED: [403, 'The client certificate is revoked'],
  CSN_CERT_EXPIRED: [403, 'The client certificate is outside its validity period'],
  CSN_CERT_UNREADABLE: [403, 'The client certificate cannot be read'],
  CSN_CERT_UNTRUSTED_ISSUER: [403, 'The issuer of the client certificate is not trusted'],
  CSN_CERT_MISMATCH: [403, 'The client certificate contradicts the request'],
  CSN_CERT_FORBIDDEN: [403, 'The client certificate does not give access to this route'],
  CSN_USER_UNKNOWN: [403, 'The client is not a user of this application'],
  CSN_ACCESS_KEYS_UNAVAILABLE: [503, 'The keys that verify Access tokens are unavailable'],
  CSN_REPLAY_STORE_UNAVAILABLE: [503, 'The store that detects replayed requests is unavailable'],
  CSN_REVOCATION_UNAVAILABLE: [503, 'The certificate revocation list is unavailable'],
  CSN_IDENTIFY_UNAVAILABLE: [503, 'The user of the client cannot be looked up'],
} as const

/**
 * The code of a refused request. It is stable, and the only part of a refusal to program against.
 *
 * @example
 * ```ts
 * const isTransient = (code: CountersignErrorCode) => countersignErrors.get(code)?.statusCode === 503
 * ```
 */
export type CountersignErrorCode = keyof typeof REFUSALS

/**
 * A refused request.
 *
 * @example
 * ```ts
 * const logLine = ({ code, statusCode, reason }: CountersignError) => `${statusCode} ${code}: ${reason}`
 * ```
 */
export interface CountersignError extends FastifyError {
  readonly code: CountersignErrorCode
  readonly statusCode: number
  /**
   * The cause, for the operator's log. It contains no token, key or signature. It can quote the message of an error
   * that a function of the operator threw, without long words: a shorter secret in that message stays. It is not
   * enumerable, so that an error handler that serialises the error does not show it to the client.
   */
  readonly reason: string
}

/**
 * The challenge of every answer 401, which needs one (RFC 9110, section 15.5.2).
 *
 * It names the way through the edge, and not the missing proof: a client can present every proof only there. Browsers
 * ignore an unknown scheme. `Basic` or `Bearer` would ask for credentials that the plugin does not read.
 */
export const CHALLENGE = 'Countersign'

const constructors = new Map<CountersignErrorCode, FastifyErrorConstructor>()
for (const [code, [statusCode, message]] of Object.entries(REFUSALS)) {
  // No stack trace: a refusal is an answer to the client, and a stack would cost more than the check before it.
  constructors.set(code as CountersignErrorCode, createError(code, message, statusCode, Error, false))
}

/**
 * Every code with its status and message, for documentation and tests.
 *
 * @example
 * ```ts
 * console.table([...countersignErrors].map(([code, { statusCode }]) => ({ code, statusCode })))
 * ```
 */
export const countersignErrors: ReadonlyMap<
  CountersignErrorCode,
  { readonly statusCode: number; readonly message: string }
> = new Map(
  Object.entries(REFUSALS).map(([code, [statusCode, message]]) => [
    code as CountersignErrorCode,
    { statusCode, message },
  ]),
)

/** The steps of the plugin, in the order in which a request takes them. */
export const STEPS = [
  'headers',
  'edge signature',
  'host',
  'Access token',
  'verdict',
  'certificate',
  'trust',
  'token and certificate',
  'guard',
  'replay',
  'user',
] as const

/**
 * One of the plugin's steps.
 *
 * @example
 * ```ts
 * const isOfToken = (step: StepName) => step === 'Access token'
 * ```
 */
export type StepName = (typeof STEPS)[number]

/** A verdict, a name or a parser's message can be as long as a header. A log line should not be. */
const MAX_REASON_LENGTH = 300

const STEP = Symbol('countersign.step')

/** Makes an error that refuses a request. */
export type Refuse = (code: CountersignErrorCode, reason: string) => CountersignError

/**
 * Makes the function with which the code of one step refuses requests. {@link stepOf} returns
 * its step.
 *
 * @returns a function of the code, which the client reads, and of the reason, which the operator reads. The reason must
 *   contain no secret. It is cut to 300 characters.
 * @example
 * ```ts
 * const refuse = refusalAt('verdict')
 * throw refuse('CSN_CERT_MISSING', 'the client did not present a certificate')
 * ```
 */
export function refusalAt(step: StepName): Refuse {
  return (code, reason) => {
    const Constructor = constructors.get(code) as FastifyErrorConstructor
    // Not enumerable: an error handler that serialises the error must not show these to the client.
    return Object.defineProperties(new Constructor(), {
      reason: { value: reason.slice(0, MAX_REASON_LENGTH) },
      [STEP]: { value: step },
    }) as CountersignError
  }
}

/**
 * The step that made a refusal.
 *
 * @throws TypeError if another code than {@link refusalAt} made the error
 */
export function stepOf(error: CountersignError): StepName {
  const { [STEP]: step } = error as CountersignError & { readonly [STEP]?: StepName }
  if (step === undefined) throw new TypeError(`${error.code} was not made by a step`)
  return step
}

/**
 * Whether an error is a refusal of this plugin, for an error handler that treats refusals in its own way.
 *
 * @example
 * ```ts
 * app.setErrorHandler((error, _request, reply) => {
 *   if (isCountersignError(error)) return reply.code(error.statusCode).send({ code: error.code })
 *   throw error
 * })
 * ```
 */
export function isCountersignError(error: unknown): error is CountersignError {
  const Constructor = error instanceof Error && constructors.get((error as CountersignError).code)
  return Constructor ? error instanceof Constructor : false
}
