import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { checkSigningKey, type SignatureAlgorithm, type SigningJwk } from '@countersign/wire'

/** Creates a key for the edge signature of one run. */
export function createEdgeKey(alg: SignatureAlgorithm = 'hmac-sha256'): SigningJwk {
  return createSigningKey(alg, `dev-${randomBytes(4).toString('hex')}`)
}

/**
 * Creates the name of a key for production. The month shows its age. The random part distinguishes two keys of one month.
 */
export function newKeyId(): string {
  return `${new Date().toISOString().slice(0, 7)}-${randomBytes(4).toString('hex')}`
}

/**
 * Creates a private key for the edge signature.
 *
 * @param kid - the name of the key on the wire
 */
export function createSigningKey(alg: SignatureAlgorithm, kid: string): SigningJwk {
  if (alg === 'hmac-sha256') return { kty: 'oct', kid, k: randomBytes(32).toString('base64url') }
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  return { kty: 'OKP', kid, crv: 'Ed25519', x, d }
}

/**
 * Returns the key with which the origin verifies signatures: the public half of an Ed25519 key, or the HMAC secret
 * itself.
 *
 * @throws TypeError if the Worker cannot sign with the key
 */
export function toVerificationKey(key: SigningJwk): SigningJwk {
  const { keyid: kid, alg } = checkSigningKey(key, 'sign')
  const { kty, k = '', crv = '', x = '' } = key
  return alg === 'hmac-sha256' ? { kty, kid, k } : { kty, kid, crv, x }
}
