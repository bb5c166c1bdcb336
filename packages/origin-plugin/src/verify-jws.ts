import { KeyObject, verify } from 'node:crypto'
import type { CryptoKey, JWSHeaderParameters, JWTVerifyGetKey } from 'jose'
import { invalidToken } from './invalid-token.ts'

/** A JWS whose signature holds. */
export interface VerifiedJws {
  readonly header: JWSHeaderParameters
  readonly payload: Record<string, unknown>
}

/** JWS Compact Serialization: three parts in base64url without padding (RFC 7515, section 7.1). */
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/

/**
 * Verifies an RS256 signature over a JSON object (RFC 7515, section 5.2), with `node:crypto` and at once: the library's way,
 * through WebCrypto's thread pool, takes twice as long. It still finds the key.
 *
 * @param keys - is asked only for a token that could be good
 * @throws CountersignError `CSN_ACCESS_TOKEN_INVALID`, or what `keys` throws
 */
export async function verifyJws(token: string, keys: JWTVerifyGetKey): Promise<VerifiedJws> {
  const [, protectedHeader = '', payload = '', signature = ''] = COMPACT.exec(token) ?? []
  const header = parseObject(protectedHeader, 'header') as JWSHeaderParameters
  // The one algorithm of Access. A header that chooses could choose HMAC, with the public key as secret, or none.
  if (header.alg !== 'RS256') throw invalidToken('"alg" (Algorithm) Header Parameter value not allowed')
  // RFC 7515, section 4.1.11: what must be understood, and is not, is no reason to go on.
  if (header.crit !== undefined) throw invalidToken('a critical Header Parameter is not recognized')

  const key = rsaKey((await keys(header as never, { protected: protectedHeader, payload, signature })) as CryptoKey)
  const signed = Buffer.from(`${protectedHeader}.${payload}`)
  if (!verify('sha256', signed, key, Buffer.from(signature, 'base64url')))
    throw invalidToken('signature verification failed')
  return { header, payload: parseObject(payload, 'payload') }
}

const imported = new WeakMap<CryptoKey, KeyObject>()

/** @throws TypeError for a key that nobody should trust (RFC 7518, section 3.3) */
function rsaKey(key: CryptoKey): KeyObject {
  const known = imported.get(key)
  if (known) return known
  const own = KeyObject.from(key)
  if (own.asymmetricKeyType !== 'rsa' || (own.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) {
    throw new TypeError('RS256 requires an RSA key of 2048 bits or more')
  }
  imported.set(key, own)
  return own
}

function parseObject(base64url: string, what: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(base64url, 'base64url').toString())
  } catch {
    throw invalidToken(`the ${what} of the token is not JSON`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidToken(`the ${what} of the token is not a JSON object`)
  }
  return value as Record<string, unknown>
}
