import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { SignatureAlgorithm, SigningJwk } from '@countersign/wire'

/** A key of the edge: the Worker's half and the origin's half. */
export interface EdgeKeyPair {
  readonly alg: SignatureAlgorithm
  readonly kid: string
  /** The Worker's half, `COUNTERSIGN_KEY`. */
  readonly privateJwk: SigningJwk
  /** The origin's half, for `edge.keys`. With HMAC both halves are the same. */
  readonly jwk: SigningJwk
}

/** An HMAC key; by default a new one. */
export function hmacKey(kid = 'hmac-1', secret: Uint8Array = randomBytes(32)): EdgeKeyPair {
  const k = Buffer.from(secret).toString('base64url')
  const jwk = { kty: 'oct', kid, k }
  return { alg: 'hmac-sha256', kid, privateJwk: jwk, jwk }
}

/** A new Ed25519 key. */
export function ed25519Key(kid = 'ed-1'): EdgeKeyPair {
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const jwk = { kty: 'OKP', crv: 'Ed25519', kid, x }
  return { alg: 'ed25519', kid, privateJwk: { ...jwk, d }, jwk }
}
