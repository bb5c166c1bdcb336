import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { checkSigningKey, listSigningKeys, type SignatureAlgorithm, type SigningJwk } from '@countersign/wire'
import { type VerifyBase, verifyWithEd25519, verifyWithHmac } from './verify-hmac.ts'

/** A key that edge signatures are verified with. */
export interface EdgeKey {
  readonly alg: SignatureAlgorithm
  readonly verify: VerifyBase
}

/** The accepted keys by key id. */
export type EdgeKeys = ReadonlyMap<string, EdgeKey>

/**
 * Imports the keys that edge signatures are verified with, several at once so that rotation drops nothing.
 *
 * @param keys - one JWK, several, or a JWK Set (RFC 7517)
 * @throws TypeError with a sentence that says what to write; it never contains key material
 */
export function importEdgeKeys(keys: unknown): EdgeKeys {
  if (typeof keys === 'string') {
    throw new TypeError('edge.keys is text: write JSON.parse(process.env.COUNTERSIGN_KEYS)')
  }
  const jwks = listSigningKeys(keys)
  if (jwks.length === 0) throw new TypeError('edge.keys is empty: write at least one JWK')
  const imported = new Map<string, EdgeKey>()
  for (const jwk of jwks) {
    const { keyid, alg } = explain(() => checkSigningKey(jwk, 'verify'))
    if (imported.has(keyid)) throw new TypeError(`edge.keys: two keys have the "kid" "${keyid}": give each its own`)
    imported.set(keyid, { alg, verify: importKey(jwk as SigningJwk, keyid) })
  }
  return imported
}

function importKey(jwk: SigningJwk, keyid: string): VerifyBase {
  if (jwk.kty === 'oct') return verifyWithHmac(createSecretKey(jwk.k as string, 'base64url'))
  return verifyWithEd25519(importPublicKey(jwk, keyid))
}

function importPublicKey(jwk: SigningJwk, keyid: string): KeyObject {
  try {
    return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: jwk.x as string } })
  } catch {
    throw new TypeError(`edge.keys: the "x" of "${keyid}" is not an Ed25519 public key`)
  }
}

function explain<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw new TypeError(`edge.keys: ${(error as TypeError).message}`)
  }
}
