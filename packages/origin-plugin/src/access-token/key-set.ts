import * as crypto from 'node:crypto'
import type { CryptoKey, FlattenedJWSInput, JWSHeaderParameters, JWTVerifyGetKey } from 'jose'
import { JOSEError, JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from 'jose/errors'
import { isCountersignError, refusalAt } from '../errors.ts'
import { quoteValue } from '../lib/quote-value.ts'
import { parseTokenPart } from './token-part.ts'

const refuse = refusalAt('Access token')

/** A token's protected header, and the key that it asks for: several, if the team lists several under its `kid`. */
export interface TokenKey {
  readonly header: JWSHeaderParameters
  readonly keys: readonly crypto.KeyObject[]
  /** SHA-256 of all keys, so that equal keys of two fetches have the same. */
  readonly id: string
}

/**
 * The keys of a team between two refetches. A refetch makes another object, so a verification that is cached with its
 * key set is valid for that one object only.
 */
export interface KeySet {
  /** The key for a protected header that {@link KeySet.remember} has stored. */
  keyFor(protectedHeader: string): TokenKey | undefined
  /** Stores the key of a header. Call it only after a token was verified: an attacker can write any header. */
  remember(protectedHeader: string, key: TokenKey): void
}

/** The keys of an Access team. */
export interface TokenKeys {
  /** Finds the key for a token's header; may fetch the keys again. */
  readonly keys: JWTVerifyGetKey
  /** The key set in use; `undefined` without usable keys. */
  readonly keySet: () => KeySet | undefined
}

/** A team has at most two keys, and writes one header for each. */
const MAX_HEADERS = 8

/** Makes the key set of one fetch. */
export function createKeySet(): KeySet {
  const byHeader = new Map<string, TokenKey>()
  return {
    keyFor: (protectedHeader) => byHeader.get(protectedHeader),
    remember(protectedHeader, key) {
      if (byHeader.size < MAX_HEADERS) byHeader.set(protectedHeader, key)
    },
  }
}

/** A key that is rotated without a new id may be listed beside the old one. More of them are a fault of the server. */
const MAX_KEYS_OF_KID = 4

/**
 * Finds the key for a token's header.
 *
 * @throws CountersignError `CSN_ACCESS_TOKEN_INVALID`, or `CSN_ACCESS_KEYS_UNAVAILABLE`
 */
export async function findTokenKey(token: FlattenedJWSInput, keys: JWTVerifyGetKey): Promise<TokenKey> {
  const header = parseTokenPart(token.protected ?? '', 'header') as JWSHeaderParameters
  // Access uses one algorithm. A header that could choose would choose `none`, or HMAC with the public key as secret.
  if (header.alg !== 'RS256') throw invalid(`the alg of the token is ${quoteValue(header.alg)}, and not "RS256"`)
  // RFC 7515, section 4.1.11: reject a token with a critical header parameter that we do not implement.
  if (header.crit !== undefined) throw invalid('the crit of the token is not supported')
  try {
    const found = await keysOf(header as JWSHeaderParameters & { alg: string }, token, keys)
    const all = found.map(rsaKey)
    return { header, keys: all, id: idOf(all) }
  } catch (error) {
    throw asRefusal(error, header)
  }
}

/**
 * The key with the `kid` of the token, or several (RFC 7517, section 4.5): the team lists each of them, so each may verify
 * the token. A token without `kid` fits every key, and is refused if there are several.
 */
async function keysOf(
  header: JWSHeaderParameters & { alg: string },
  token: FlattenedJWSInput,
  keys: JWTVerifyGetKey,
): Promise<readonly CryptoKey[]> {
  try {
    return [(await keys(header, token)) as CryptoKey]
  } catch (error) {
    if (!(error instanceof JWKSMultipleMatchingKeys) || header.kid === undefined) throw error
    const several: CryptoKey[] = []
    for await (const key of error) several.push(key)
    if (several.length === 0 || several.length > MAX_KEYS_OF_KID) throw error
    return several
  }
}

/** @throws TypeError for a key that is too weak (RFC 7518, section 3.3) */
function rsaKey(found: CryptoKey): crypto.KeyObject {
  const key = crypto.KeyObject.from(found)
  if (key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) {
    throw new TypeError('RS256 requires an RSA key of 2048 bits or more')
  }
  return key
}

function idOf(keys: readonly crypto.KeyObject[]): string {
  // DER states its length, so no other list of keys has the same bytes.
  return crypto.hash('sha256', Buffer.concat(keys.map((key) => key.export({ type: 'spki', format: 'der' }))))
}

/** jose's errors for a token whose key the team does not list. Every other failure is a failure of the keys. */
function asRefusal(error: unknown, { kid }: JWSHeaderParameters) {
  if (isCountersignError(error)) return error
  const { code } = error instanceof JOSEError ? error : {}
  if (code === JWKSNoMatchingKey.code) {
    return invalid(
      `the kid ${quoteValue(kid)} of the token is not one of the team's; it is a token of another team, or its key was removed`,
    )
  }
  if (code === JWKSMultipleMatchingKeys.code) {
    return invalid(`the kid ${quoteValue(kid)} of the token is that of several keys`)
  }
  return refuse('CSN_ACCESS_KEYS_UNAVAILABLE', error instanceof Error ? error.message : 'the keys could not be fetched')
}

function invalid(reason: string) {
  return refuse('CSN_ACCESS_TOKEN_INVALID', reason)
}
