import type { JSONWebKeySet, JWK, JWTVerifyGetKey } from 'jose'
import { JWKSNoMatchingKey } from 'jose/errors'
import { createLocalJWKSet } from 'jose/jwks/local'
import { refusalAt } from '../errors.ts'
import type { Report, WatchedTask } from '../lib/background-task.ts'
import { fetchJson } from '../lib/fetch-bytes.ts'
import { healthOfData, secondsSince } from '../lib/health.ts'
import { quoteUrl } from '../lib/quote-value.ts'
import { createKeySet, type KeySet, type TokenKeys } from './key-set.ts'
import { type SigningKeys, selectSigningKeys } from './signing-keys.ts'

const refuse = refusalAt('Access token')

/** The keys of an Access team, kept current. `start` fetches them for the first time, and fails if that fetch fails. */
export interface AccessKeys extends WatchedTask, TokenKeys {}

/** The timing of {@link createAccessKeys}, in milliseconds. */
export interface AccessKeysTiming {
  /** The time between two refreshes. A key that the team removed is accepted for at most this time. */
  readonly refreshInterval: number
  /** The time for which keys are used while every fetch fails. Cloudflare's own overlap of two keys is seven days. */
  readonly maxStale: number
  /** The least time between two fetches that an unknown `kid` triggers, for all requests together. */
  readonly cooldown: number
  /** The time-out of one fetch. */
  readonly timeout: number
}

export const ACCESS_KEYS_TIMING: AccessKeysTiming = {
  refreshInterval: 10 * 60_000,
  maxStale: 7 * 24 * 3_600_000,
  cooldown: 30_000,
  timeout: 5_000,
}

/**
 * Keeps the keys of an Access team current, also through failures of Cloudflare.
 *
 * Fetched keys are used until {@link AccessKeysTiming.maxStale}, even if later fetches fail. A fetch that succeeds
 * replaces them all, so a key that is no longer listed is dropped.
 *
 * An unknown `kid` may come from a rotation or from an attacker. It triggers a fetch, but only one in
 * {@link AccessKeysTiming.cooldown} for all requests together. So an attacker can neither flood the team's domain, nor
 * delay a rotation by more than that. Unknown ids are not stored, so they cannot fill the memory.
 *
 * @param url - the URL of the keys
 * @param report - gets the reason of every failed fetch, and the end of the failure
 */
export function createAccessKeys(url: URL, report: Report, timing: AccessKeysTiming = ACCESS_KEYS_TIMING): AccessKeys {
  const name = `the keys of ${quoteUrl(url)}`
  let current: { readonly getKey: JWTVerifyGetKey; readonly keySet: KeySet; readonly fetchedAt: number } | undefined
  let pending: Promise<void> | undefined
  let failure: string | undefined
  let triedAt = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  // One for each fetch: a signal that outlives its AbortSignal.any() keeps collecting the dependent signals.
  let underway = new AbortController()

  /** Runs one fetch at a time. It never rejects: `failure` has the reason of a failed fetch. */
  function refresh(): Promise<void> {
    if (pending) return pending
    underway = new AbortController()
    if (stopped) underway.abort(new Error('the server was closed'))
    pending = fetchKeySet(url, timing.timeout, underway.signal)
      .then(
        ({ keys, faults }) => {
          current = { getKey: createLocalJWKSet({ keys: [...keys] }), keySet: createKeySet(), fetchedAt: Date.now() }
          if (failure !== undefined) report(`${name} are fetched again`, 'recovered')
          failure = undefined
          for (const fault of faults) report(`a key of ${quoteUrl(url)} is ignored: ${fault}`)
        },
        (error: Error) => {
          failure = error.message
          if (!stopped) report(`${name} could not be fetched: ${failure}`)
        },
      )
      .finally(() => {
        pending = undefined
        // Measured from the end of the fetch: after one that hung, the next must wait too.
        triedAt = Date.now()
      })
    return pending
  }

  const usable = () => (current && Date.now() - current.fetchedAt < timing.maxStale ? current : undefined)
  const mayTry = () => pending !== undefined || Date.now() - triedAt >= timing.cooldown

  const keys: JWTVerifyGetKey = async (header, token) => {
    const known = usable()
    if (known) {
      try {
        return await known.getKey(header, token)
      } catch (error) {
        if (!(error instanceof JWKSNoMatchingKey)) throw error
        if (!mayTry()) throw failure === undefined ? error : unavailable(failure)
      }
    } else if (!mayTry()) {
      throw unavailable(failure ?? 'the cached keys are too old')
    }
    await refresh()
    const fetched = usable()
    if (failure !== undefined || !fetched) throw unavailable(failure ?? 'the cached keys are too old')
    return fetched.getKey(header, token)
  }

  return {
    keys,
    keySet: () => usable()?.keySet,
    async start() {
      if (stopped) return
      timer = setInterval(refresh, timing.refreshInterval).unref()
      await refresh()
      if (failure !== undefined) throw new Error(`${name} could not be fetched: ${failure}`)
    },
    health() {
      const age = current && secondsSince(current.fetchedAt)
      const dates = age === undefined ? {} : { age, remaining: timing.maxStale / 1000 - age }
      const isUsable = usable() !== undefined
      return healthOfData(name, { isUsable, failure, absence: 'the keys are not fetched yet' }, dates)
    },
    stop() {
      stopped = true
      clearInterval(timer)
      // Otherwise a server that hangs would keep the process alive for the whole time-out.
      underway.abort(new Error('the server was closed'))
    },
  }
}

/** A key set of a team is a few kilobytes. */
const MAX_KEY_SET_BYTES = 256 * 1024

async function fetchKeySet(url: URL, timeout: number, signal: AbortSignal): Promise<SigningKeys> {
  const bounds = { timeout, maxBytes: MAX_KEY_SET_BYTES, signal }
  const set = (await fetchJson(url, bounds)) as Partial<JSONWebKeySet> | null
  const selected = selectSigningKeys(Array.isArray(set?.keys) ? set.keys.filter(hasKid) : [])
  const [fault] = selected.faults
  // A team always has a key. A set without one is a fault of the server, so we keep the keys that we have.
  if (selected.keys.length === 0) throw new Error(fault ?? 'the answer does not contain an RSA key')
  return selected
}

const hasKid = (key: unknown) => typeof (key as Partial<JWK> | null)?.kid === 'string'

function unavailable(reason: string) {
  return refuse('CSN_ACCESS_KEYS_UNAVAILABLE', `the keys could not be fetched: ${reason}`)
}
