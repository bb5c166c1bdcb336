import type { SigningJwk } from '@countersign/wire'
import { countersign } from '@countersign/worker'

/**
 * Signs a request without a certificate and without a token, as the Worker would for a client that has neither.
 *
 * An attacker who reads it on the way gains nothing. The origin admits a request without a certificate on an optional
 * route at most, and there each client can send one.
 *
 * @param url - the request's URL at the edge, with the hostname to sign
 * @param key - a key of the origin that can sign, so an HMAC key
 * @returns all headers of the request, `host` included
 */
export async function signProbe(url: URL, key: SigningJwk): Promise<Record<string, string>> {
  const signed = await countersign(new Request(url), { key, forwardCert: 'none' })
  return { ...Object.fromEntries(signed.headers), host: url.host }
}

/** The first key that both verifies and signs. Of an Ed25519 key the origin has the public half only. */
export function findSigningKey(keys: readonly SigningJwk[]): SigningJwk | undefined {
  return keys.find(({ kty }) => kty === 'oct')
}
