import { X509Certificate } from 'node:crypto'
import { check, type Finding } from './finding.ts'
import { type Answer, probe } from './probe.ts'

const keys = check('access-keys')
const age = check('access-key-age')

const DAY = 24 * 60 * 60 * 1000
/** Access rotates its keys every six weeks. */
const ROTATION = 6 * 7 * DAY
const MIN_RSA_BITS = 2048

/** The words for a set of keys, by its place. */
export interface KeySetWords {
  readonly notASet: readonly [detail: string, advice: string]
  readonly hasPrivateKey: readonly [detail: string, advice: string]
  readonly ask: string
}

const REACH_IT = 'Compare the team, or the issuer, with Zero Trust. The origin itself must reach this address too'
const ASK = 'The origin accepts RS256 keys only. Look at the address in a browser, and at the status of Cloudflare'

const FETCHED: KeySetWords = {
  notASet: ['the answer is not a JWK Set', REACH_IT],
  hasPrivateKey: ['a private key is published', 'Rotate the keys of Access at once, and take that page down'],
  ask: ASK,
}

/** A set that the origin has in its options. */
export const GIVEN: KeySetWords = {
  notASet: ['the keys are not a JWK Set', 'Write an object with the list "keys", as in access.jwks of the origin'],
  hasPrivateKey: ['the keys contain a private key', 'Give the origin the public keys alone, without "d"'],
  ask: 'The origin accepts RS256 keys only. Copy the keys that sign the tokens now',
}

/** The findings on the team's keys. */
export interface AccessKeysReport {
  readonly findings: readonly Finding[]
  /** The answer, if there was one. Its clock is Cloudflare's. */
  readonly answer?: Answer
}

/** Fetches the team's keys as the origin does, and checks them. */
export async function checkAccessKeys(url: URL): Promise<AccessKeysReport> {
  let answer: Answer
  try {
    answer = await probe(url, { trustedOnly: true })
  } catch (error) {
    return { findings: [keys.failed(`${url.href}: ${(error as Error).message}`, REACH_IT)] }
  }
  if (answer.status !== 200) {
    return { findings: [keys.failed(`${url.href} answered ${answer.status}`, REACH_IT)], answer }
  }
  return { findings: checkKeySet(parseJson(answer.body), Date.now()), answer }
}

/**
 * Checks the document that Access publishes, or that the origin has in its options.
 *
 * @param now - milliseconds since the epoch
 */
export function checkKeySet(document: unknown, now: number, words: KeySetWords = FETCHED): Finding[] {
  const set = asObject(document)
  if (!Array.isArray(set?.keys)) return [keys.failed(...words.notASet)]
  const jwks: unknown[] = set.keys
  if (jwks.some((jwk) => asObject(jwk)?.d !== undefined)) {
    return [keys.failed(...words.hasPrivateKey)]
  }
  const usable = jwks.map(asObject).filter(isRs256Key)
  const ids = new Set(usable.map(({ kid }) => kid))
  if (usable.length === 0) return [keys.failed('the set contains no RS256 key', words.ask)]
  const detail = `${usable.length} RS256 ${usable.length === 1 ? 'key' : 'keys'}`
  if (ids.size < usable.length) return [keys.failed(`${detail}, two of them with the same "kid"`, words.ask)]
  const rest = jwks.length - usable.length
  const finding =
    rest === 0 ? keys.ok(detail) : keys.warning(`${detail}, and ${rest} that every origin rejects`, words.ask)
  return [finding, ...checkAge(asObject(set.public_cert), ids, now, words.ask)]
}

/** Checks the age of the newest key. Its certificate is the only source of the date. */
function checkAge(newest: JsonObject | undefined, ids: ReadonlySet<unknown>, now: number, ask: string): Finding[] {
  if (!newest) return []
  if (!ids.has(newest.kid)) return [age.warning('the newest key is not in the set', ask)]
  let made: number
  let ends: number
  try {
    const { validFrom, validTo } = new X509Certificate(String(newest.cert))
    made = Date.parse(validFrom)
    ends = Date.parse(validTo)
  } catch {
    return [age.warning('the certificate of the newest key cannot be read', ask)]
  }
  const days = Math.floor((now - made) / DAY)
  const detail = `the newest key is ${days} ${days === 1 ? 'day' : 'days'} old`
  const rotate = 'Access rotates its keys every six weeks. Rotate them by hand in Zero Trust'
  if (now > ends) return [age.warning('the certificate of the newest key has expired', rotate)]
  // A rotation that is a week late is still ok.
  if (now - made > ROTATION + 7 * DAY) return [age.warning(detail, rotate)]
  return [age.ok(detail)]
}

function isRs256Key(jwk: JsonObject | undefined): jwk is JsonObject {
  const { kty, n, e, kid, alg = 'RS256', use = 'sig' } = jwk ?? {}
  if (kty !== 'RSA' || alg !== 'RS256' || use !== 'sig' || typeof kid !== 'string') return false
  return typeof e === 'string' && typeof n === 'string' && Buffer.from(n, 'base64url').length * 8 >= MIN_RSA_BITS
}

type JsonObject = Readonly<Record<string, unknown>>

function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
