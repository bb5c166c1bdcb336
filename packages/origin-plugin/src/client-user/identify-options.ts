import type { ClientUser } from 'fastify'
import type { AccessIdentity } from '../access-token/access-identity.ts'
import type { ClientCert } from '../client-cert.ts'
import { checkKnown, checkNumber, checkObject, optionNames } from '../lib/check-option.ts'

declare module 'fastify' {
  /** The user that `identify` returns. Declare its properties in your own `declare module 'fastify'`. */
  interface ClientUser {}
}

/**
 * Finds the application's user of a proven client. `null` means that there is none, and refuses the request.
 *
 * The answer must be plain data: objects, lists, texts, numbers, booleans. Requests of the client share a frozen copy of
 * it, so a date, a map or an instance of a class is an error.
 *
 * The message of an exception becomes part of the reason, in the operator's log. Long words are left out of it, and a
 * shorter secret, such as a password, stays.
 *
 * @param access - the identity that Access admitted; `null` with `access: null`
 * @param signal - aborts when the time is up, to cancel a query
 * @example
 * ```ts
 * const users = new Map<string, { id: string; roles: string[] }>()
 * const identify: Identify = async (clientCert) => users.get(clientCert.fingerprint256) ?? null
 * ```
 */
export type Identify = (
  clientCert: ClientCert,
  access: AccessIdentity | null,
  signal: AbortSignal,
) => ClientUser | null | PromiseLike<ClientUser | null>

/**
 * {@link Identify}, with its limits.
 *
 * @example
 * ```ts
 * const identify: IdentifyOptions = {
 *   user: async ({ subject }) => (subject.CN === undefined ? null : { id: subject.CN, roles: [] }),
 *   maxAge: 10,
 * }
 * ```
 */
export interface IdentifyOptions {
  readonly user: Identify
  /** Seconds for which a user is kept, from 0 to 3600. The default is 60. */
  readonly maxAge?: number
  /** The limit of users that are kept. Beyond it the oldest is dropped. The default is 10,000. */
  readonly maxUsers?: number
  /** Milliseconds until an answer counts as missing, from 1 to 60,000. The default is 2,000. */
  readonly timeout?: number
}

const WRITE = 'write identify: async (clientCert, access) => user, with null for an unknown client'

const OPTIONS = optionNames<keyof IdentifyOptions>({ user: true, maxAge: true, maxUsers: true, timeout: true })

/**
 * Checks the option `identify`, and fills in the defaults.
 *
 * @throws TypeError whose message states the correction
 */
export function checkIdentify(given: unknown): Required<IdentifyOptions> {
  if (typeof given === 'function') return checkIdentify({ user: given })
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`identify must be a function, or an object such as { user, maxAge }; ${WRITE}`)
  }
  const options = checkObject(given, 'identify')
  checkKnown(options, OPTIONS, 'identify')
  const { user, maxAge = 60, maxUsers = 10_000, timeout = 2_000 } = options
  if (typeof user !== 'function') {
    throw new TypeError(`identify.user must be a function; ${WRITE}`)
  }
  return {
    user: user as Identify,
    maxAge: checkNumber(maxAge, 0, 3600, 'seconds', 'identify.maxAge'),
    maxUsers: checkNumber(maxUsers, 1, 1_000_000, 'users', 'identify.maxUsers'),
    timeout: checkNumber(timeout, 1, 60_000, 'milliseconds', 'identify.timeout'),
  }
}
