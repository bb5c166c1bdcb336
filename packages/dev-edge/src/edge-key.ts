import { randomBytes } from 'node:crypto'
import { checkSigningKey, type SigningJwk } from '@countersign/wire'

/** Makes an HMAC key for the edge signature. */
export function createEdgeKey(): SigningJwk {
  return { kty: 'oct', kid: `dev-${randomBytes(4).toString('hex')}`, k: randomBytes(32).toString('base64url') }
}

/**
 * What the origin needs to verify the signatures of a key: the public half of an Ed25519 key, an HMAC secret itself.
 *
 * @throws TypeError if the key is not one that the Worker can sign with
 */
export function toVerificationKey(key: SigningJwk): SigningJwk {
  const { keyid: kid, alg } = checkSigningKey(key, 'sign')
  const { kty, k = '', crv = '', x = '' } = key
  return alg === 'hmac-sha256' ? { kty, kid, k } : { kty, kid, crv, x }
}
