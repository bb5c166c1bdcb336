import { KeyObject } from 'node:crypto'
import type { CryptoKey, FlattenedJWSInput, JWSHeaderParameters, JWTVerifyGetKey } from 'jose'
import { JOSEError, JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from 'jose/errors'
import { isCountersignError, refusal } from '../errors.ts'
import { invalidToken } from './invalid-token.ts'
import { parseTokenPart } from './token-part.ts'

/** The keys of an Access team. */
export interface TokenKeys {
  /** Finds the key that a token's header asks for. */
  readonly keys: JWTVerifyGetKey
  /** Stands for the keys that are now in use: the same object for as long as they are, nothing when there are none. */
  readonly keySet: () => object | undefined
}

/** A token's protected header, and the key that it asks for. */
export interface TokenKey {
  readonly header: JWSHeaderParameters
  readonly key: KeyObject
}

/** A team has two keys at most, and writes one header for each. */
const MAX_HEADERS = 8

const remembered = new WeakMap<object, Map<string, TokenKey>>()

/** What was remembered of a protected header under these keys. */
export function recallTokenKey(keySet: object | undefined, protectedHeader: string): TokenKey | undefined {
  return keySet && remembered.get(keySet)?.get(protectedHeader)
}

/** Remembers whose key a header asks for. Only of a token that it has verified: anybody can write headers. */
export function rememberTokenKey(keySet: object, protectedHeader: string, key: TokenKey): void {
  const headers = remembered.get(keySet) ?? new Map()
  if (headers.size < MAX_HEADERS) remembered.set(keySet, headers.set(protectedHeader, key))
}

/**
 * Finds the key that a token's header asks for.
 *
 * @throws CountersignError `CSN_ACCESS_TOKEN_INVALID`, or `CSN_ACCESS_KEYS_UNAVAILABLE`
 */
export async function findTokenKey(token: FlattenedJWSInput, keys: JWTVerifyGetKey): Promise<TokenKey> {
  const header = parseTokenPart(token.protected ?? '', 'header') as JWSHeaderParameters
  // The one algorithm of Access. A header that chooses could choose HMAC, with the public key as secret, or none.
  if (header.alg !== 'RS256') throw invalidToken('"alg" (Algorithm) Header Parameter value not allowed')
  // RFC 7515, section 4.1.11: what must be understood, and is not, is no reason to go on.
  if (header.crit !== undefined) throw invalidToken('a critical Header Parameter is not recognized')
  try {
    return { header, key: rsaKey((await keys(header as JWSHeaderParameters & { alg: string }, token)) as CryptoKey) }
  } catch (error) {
    throw refusalFor(error)
  }
}

/** @throws TypeError for a key that nobody should trust (RFC 7518, section 3.3) */
function rsaKey(found: CryptoKey): KeyObject {
  const key = KeyObject.from(found)
  if (key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) {
    throw new TypeError('RS256 requires an RSA key of 2048 bits or more')
  }
  return key
}

/** jose's codes for a token whose key is not among those of the team; every other failure is one of the keys. */
const TOKEN_FAULTS: ReadonlySet<string> = new Set([JWKSNoMatchingKey.code, JWKSMultipleMatchingKeys.code])

function refusalFor(error: unknown) {
  if (isCountersignError(error)) return error
  if (error instanceof JOSEError && TOKEN_FAULTS.has(error.code)) return invalidToken(error.message)
  return refusal(
    'CSN_ACCESS_KEYS_UNAVAILABLE',
    error instanceof Error ? error.message : 'the keys could not be fetched',
  )
}
