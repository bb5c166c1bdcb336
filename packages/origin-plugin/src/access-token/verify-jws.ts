import { verify } from 'node:crypto'
import type { JWSHeaderParameters } from 'jose'
import { andThen } from '../lib/and-then.ts'
import { invalidToken } from './invalid-token.ts'
import { findTokenKey, recallTokenKey, rememberTokenKey, type TokenKeys } from './token-key.ts'
import { parseTokenPart } from './token-part.ts'

/** A JWS whose signature holds. */
export interface VerifiedJws {
  readonly header: JWSHeaderParameters
  readonly payload: Record<string, unknown>
}

/** JWS Compact Serialization: three parts in base64url without padding (RFC 7515, section 7.1). */
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/

/**
 * Verifies an RS256 signature over a JSON object (RFC 7515, section 5.2), with `node:crypto` and at once: the library's way,
 * through WebCrypto's thread pool, takes twice as long. It still finds the key, the first time that a header asks for it.
 *
 * @returns at once, unless the key has to be found
 * @throws CountersignError `CSN_ACCESS_TOKEN_INVALID`, or `CSN_ACCESS_KEYS_UNAVAILABLE`
 */
export function verifyJws(token: string, { keys, keySet }: TokenKeys): VerifiedJws | Promise<VerifiedJws> {
  const [, protectedHeader = '', payload = '', signature = ''] = COMPACT.exec(token) ?? []
  const set = keySet()
  const known = recallTokenKey(set, protectedHeader)

  return andThen(known ?? findTokenKey({ protected: protectedHeader, payload, signature }, keys), (found) => {
    const signed = Buffer.from(`${protectedHeader}.${payload}`)
    if (!verify('sha256', signed, found.key, Buffer.from(signature, 'base64url'))) {
      throw invalidToken('signature verification failed')
    }
    // Keys that were exchanged meanwhile are not those that have verified it.
    if (!known && set && set === keySet()) rememberTokenKey(set, protectedHeader, found)
    return { header: found.header, payload: parseTokenPart(payload, 'payload') }
  })
}
