import type { ClientUser } from 'fastify'
import { describeCert } from '../client-cert.ts'
import { refusalAt } from '../errors.ts'
import { andThen } from '../lib/and-then.ts'
import { frozenCopy } from '../lib/frozen-copy.ts'
import { quoteMessage } from '../lib/quote-error.ts'
import { withTimeout } from '../lib/with-timeout.ts'
import type { IdentifyOptions } from './identify-options.ts'
import { createUserMemory, type ProvenClient } from './user-memory.ts'

const refuse = refusalAt('user')

/** Milliseconds after which an unknown client is asked for again at the latest, so that a new user soon gets in. */
const MAX_UNKNOWN_AGE = 5_000

/**
 * Finds the user of a client.
 *
 * @returns without a promise for a client that is remembered
 * @throws CountersignError `CSN_USER_UNKNOWN`, or `CSN_IDENTIFY_UNAVAILABLE`
 */
export type FindUser = (client: ProvenClient) => ClientUser | Promise<ClientUser>

/** The reason why there is no answer. */
class Failure {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}

type Answer = ClientUser | null | Failure

/**
 * Makes the function that finds users. It calls `identify` once for all concurrent requests of a client, and remembers
 * the answer, but no failure.
 *
 * Questions under way are not entries of the memory: more clients than `maxUsers` at once would push each other's
 * questions out, and each request would ask again. A request waits for each of them, and the time-out ends it.
 *
 * @param clock - milliseconds of a clock that nobody sets
 */
export function createUserFinder(
  { user: identify, maxAge, maxUsers, timeout }: Required<IdentifyOptions>,
  clock: () => number = () => performance.now(),
): FindUser {
  const memory = createUserMemory<Answer>(maxUsers)
  const underway = createUserMemory<Promise<Answer>>(Number.POSITIVE_INFINITY)

  function ask(client: ProvenClient): Promise<Answer> {
    const asked = clock()
    const given = withTimeout((signal) => identify(client.clientCert, client.access, signal), timeout)
    const pending = given.then(readAnswer, readFailure).then((answer) => {
      const lifetime = lifetimeOf(answer)
      if (underway.delete(client, pending) && lifetime > 0) memory.set(client, answer, asked + lifetime)
      return answer
    })
    underway.set(client, pending, Number.POSITIVE_INFINITY)
    return pending
  }

  function lifetimeOf(answer: Answer): number {
    if (answer instanceof Failure) return 0
    return answer === null ? Math.min(maxAge * 1000, MAX_UNKNOWN_AGE) : maxAge * 1000
  }

  return (client) => {
    const now = clock()
    const known = memory.get(client, now)
    const answer = known === undefined ? (underway.get(client, now) ?? ask(client)) : known
    return andThen(answer, (given) => requireUser(given, client))
  }
}

/** Each request gets a refusal of its own, although several wait for one answer. */
function requireUser(answer: Answer, { clientCert }: ProvenClient): ClientUser {
  if (answer === null) throw refuse('CSN_USER_UNKNOWN', `identify returned null (${describeCert(clientCert)})`)
  if (!(answer instanceof Failure)) return answer
  throw refuse('CSN_IDENTIFY_UNAVAILABLE', `identify ${answer.reason} (${describeCert(clientCert)})`)
}

/** An answer that is a mistake of the operator is a failure. It must not admit, and is not an unknown client either. */
function readAnswer(given: unknown): Answer {
  if (given === null) return null
  if (typeof given !== 'object' || Array.isArray(given)) {
    const kind = Array.isArray(given) ? 'a list' : given === undefined ? 'undefined' : `a ${typeof given}`
    return new Failure(`returned ${kind}; return an object, or null for an unknown client`)
  }
  try {
    return frozenCopy(given, 'user') as ClientUser
  } catch (error) {
    return new Failure(`returned an unsuitable object${quoted(error)}`)
  }
}

function readFailure(error: unknown): Failure {
  return new Failure(`failed${quoted(error)}`)
}

/** A failure must not fail itself: the requests of this client would wait for its answer from then on. */
function quoted(error: unknown): string {
  const message = quoteMessage(error)
  return message === '' ? '' : `: ${message}`
}
