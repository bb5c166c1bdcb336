import { type KeyObject, verify } from 'node:crypto'
import type { JWSHeaderParameters } from 'jose'
import { refusalAt } from '../errors.ts'
import { type Fact, type Facts, factOf, NO_FACTS } from '../facts/facts.ts'
import { andThen } from '../lib/and-then.ts'
import { findTokenKey, type TokenKeys } from './key-set.ts'
import { parseTokenPart } from './token-part.ts'

const refuse = refusalAt('Access token')

/** A JWS with a valid signature. */
export interface VerifiedJws {
  readonly header: JWSHeaderParameters
  readonly payload: Record<string, unknown>
}

/** JWS Compact Serialization: three parts in base64url without padding (RFC 7515, section 7.1). */
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/

/**
 * Verifies an RS256 signature over a JSON object (RFC 7515, section 5.2) with `node:crypto`, synchronously. jose uses
 * WebCrypto's thread pool, which takes twice as long. It still finds the key, the first time that a header asks
 * for it.
 *
 * @param facts - the tokens whose signature is known to verify. Everything else is checked for them too
 * @returns without a promise, unless the key has to be found
 * @throws CountersignError `CSN_ACCESS_TOKEN_INVALID`, or `CSN_ACCESS_KEYS_UNAVAILABLE`
 */
export function verifyJws(
  token: string,
  { keys, keySet }: TokenKeys,
  facts: Facts = NO_FACTS,
): VerifiedJws | Promise<VerifiedJws> {
  const set = keySet()
  const expected = set?.keyFor(token.slice(0, token.indexOf('.')))
  const fact = expected && factOf('token', expected.id, token)
  // A token that was verified has the form, so its payload lies between its dots.
  if (expected && facts.has(fact as Fact)) {
    const payload = token.slice(token.indexOf('.') + 1, token.lastIndexOf('.'))
    return { header: expected.header, payload: parseTokenPart(payload, 'payload') }
  }

  const [, protectedHeader = '', payload = '', signature = ''] = COMPACT.exec(token) ?? []
  const known = set?.keyFor(protectedHeader)
  return andThen(known ?? findTokenKey({ protected: protectedHeader, payload, signature }, keys), (found) => {
    const own = fact ?? factOf('token', found.id, token)
    if (!facts.has(own)) {
      const signed = Buffer.from(`${protectedHeader}.${payload}`)
      const bytes = Buffer.from(signature, 'base64url')
      if (!found.keys.some((key) => verifyRs256(signed, key, bytes))) {
        throw refuse('CSN_ACCESS_TOKEN_INVALID', 'the signature of the token does not verify')
      }
      facts.note(own)
    }
    // A key set that was replaced meanwhile may not contain the key.
    if (!known && set === keySet()) set?.remember(protectedHeader, found)
    return { header: found.header, payload: parseTokenPart(payload, 'payload') }
  })
}

/** Whether a key made an RS256 signature: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3). */
export function verifyRs256(signed: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  return verify('sha256', signed, key, signature)
}
