import { type KeyObject, verify } from 'node:crypto'
import type { JWSHeaderParameters } from 'jose'
import { refusalAt } from '../errors.ts'
import { type Facts, factOf, NO_FACTS } from '../facts/facts.ts'
import { andThen } from '../lib/and-then.ts'
import { findTokenKey, type TeamKey, type TokenKeys } from './key-set.ts'
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
  const [, protectedHeader = '', payload = '', signature = ''] = COMPACT.exec(token) ?? []
  const set = keySet()
  const known = set?.keyFor(protectedHeader)

  return andThen(known ?? findTokenKey({ protected: protectedHeader, payload, signature }, keys), (found) => {
    if (!found.keys.some((key) => hasSigned(key, token, facts))) {
      throw refuse('CSN_ACCESS_TOKEN_INVALID', 'the signature of the token does not verify')
    }
    // A key set that was replaced meanwhile may not contain the key.
    if (!known && set === keySet()) set?.remember(protectedHeader, found)
    return { header: found.header, payload: parseTokenPart(payload, 'payload') }
  })
}

/** Whether a key signed a token, which is in {@link COMPACT} form. */
function hasSigned({ key, id }: TeamKey, token: string, facts: Facts): boolean {
  const fact = factOf('token', id, token)
  if (facts.has(fact)) return true
  const end = token.lastIndexOf('.')
  const isSigned = verifyRs256(Buffer.from(token.slice(0, end)), key, Buffer.from(token.slice(end + 1), 'base64url'))
  if (isSigned) facts.note(fact)
  return isSigned
}

/** Whether a key made an RS256 signature: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3). */
export function verifyRs256(signed: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  return verify('sha256', signed, key, signature)
}
