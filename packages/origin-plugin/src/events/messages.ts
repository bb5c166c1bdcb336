import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AccessIdentity } from '../access-token/access-identity.ts'
import type { ClientCert } from '../client-cert.ts'
import type { CountersignErrorCode, StepName } from '../errors.ts'

/**
 * A decision on a request. Each has a message of its own, which all subscribers share: a change of it changes no
 * decision.
 *
 * Node throws an exception of a subscriber as an uncaught one, which ends the process. So catch it in the subscriber.
 */
interface DecisionMessage {
  /** The request itself. Its headers contain the Access token, so do not write the message as a whole to a log. */
  readonly request: FastifyRequest
  /** The url of the route as it was declared, such as `/users/:id`; `undefined` for an unknown path. */
  readonly route: string | undefined
  /**
   * The client's certificate, if it is proven. A refusal for an expired or revoked certificate has it too, because the
   * client has proven that this is its certificate. Its names can be as long as a header. The nonce is not spent yet when
   * the guard refuses, so the request can then be a replay.
   */
  readonly clientCert: ClientCert | null
  /** The identity in the Access token, if the token is proven. */
  readonly access: AccessIdentity | null
  /** `false` for a route in report mode, which answers a refused request too. */
  readonly enforced: boolean
  /**
   * Milliseconds from the plugin's hook to the decision, with the time of the replay store and of `identify`.
   * `undefined` for a refusal of a hook that `app.requireClientCert()` made, and if the channels got their first
   * subscriber in between.
   */
  readonly duration: number | undefined
}

/**
 * The message on the diagnostics channel `countersign:admitted`: a request that the requirement of its route admits.
 *
 * A hook that `app.requireClientCert()` made can refuse this request later. It then has a {@link RefusedMessage} too.
 * Requests of public routes have no message.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel'
 * import type { AdmittedMessage } from '@countersign/origin-plugin'
 *
 * subscribe('countersign:admitted', (message) => {
 *   const { route, clientCert } = message as AdmittedMessage
 *   console.log(route, clientCert?.fingerprint256)
 * })
 * ```
 */
export interface AdmittedMessage extends DecisionMessage {}

/**
 * The message on the diagnostics channel `countersign:refused`: a request that the plugin refuses, or would refuse
 * without report mode. A request in report mode that a list of another plugin then refuses, by a hook of
 * `app.requireClientCert()`, has two: one that is not enforced, and one that is.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel'
 * import type { RefusedMessage } from '@countersign/origin-plugin'
 *
 * subscribe('countersign:refused', (message) => {
 *   const { code, step, route, enforced } = message as RefusedMessage
 *   console.log(code, step, route, enforced)
 * })
 * ```
 */
export interface RefusedMessage extends DecisionMessage {
  readonly code: CountersignErrorCode
  readonly statusCode: number
  /** The step that refuses. */
  readonly step: StepName
  /**
   * The cause, for the operator, in 300 characters at most. It contains no token, key or signature, but it can quote a
   * certificate that nobody verified.
   */
  readonly reason: string
}

/**
 * A part of the plugin that can fail beside the requests.
 *
 * @example
 * ```ts
 * const isOfTheEdge = (part: PartName) => part === 'edge keys' || part === 'replay store'
 * ```
 */
export type PartName =
  | 'edge keys'
  | 'trusted issuers'
  | 'access keys'
  | 'revocation list'
  | 'replay store'
  | 'replay memory'

/**
 * The message on the diagnostics channel `countersign:degraded`: a part has failed outside of a request, or works again.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel'
 * import type { DegradedMessage } from '@countersign/origin-plugin'
 *
 * subscribe('countersign:degraded', (message) => {
 *   const { part, state, reason } = message as DegradedMessage
 *   console.log(part, state, reason)
 * })
 * ```
 */
export interface DegradedMessage {
  /** The scope in which the plugin is registered. */
  readonly server: FastifyInstance
  readonly part: PartName
  readonly state: 'degraded' | 'recovered'
  /** The cause, for the operator, in 1,000 characters at most. It contains no secret. */
  readonly reason: string
}
