import { checkSigningKey, type SigningJwk, type SigningKeyInfo } from '@countersign/wire'
import { CountersignWorkerError } from './errors.ts'

type CryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** An imported key that signs. */
export interface SigningKey extends SigningKeyInfo {
  readonly cryptoKey: CryptoKey
}

/** The isolate's key. One is enough: a Worker signs with one key at a time, and a rotation is a new deployment. */
let imported: { readonly jwk: string | SigningJwk; readonly key: SigningKey } | undefined

/**
 * Imports the Worker's key, once per isolate while it stays the same.
 *
 * @param jwk - the private JWK, as an object or as the JSON text of a secret binding
 * @throws CountersignWorkerError `CSN_WORKER_KEY_MISSING` or `CSN_WORKER_KEY_INVALID`
 */
export async function importSigningKey(jwk: string | SigningJwk | undefined): Promise<SigningKey> {
  if (jwk === undefined || jwk === '') {
    throw new CountersignWorkerError(
      'CSN_WORKER_KEY_MISSING',
      'the key is missing; store one with `wrangler secret put COUNTERSIGN_KEY`',
    )
  }
  // Cache the value, never a promise: in workerd, another request's promise can outlive that request's context.
  if (imported?.jwk === jwk) return imported.key
  const key = await importJwk(typeof jwk === 'string' ? parseJson(jwk) : jwk)
  imported = { jwk, key }
  return key
}

async function importJwk(jwk: unknown): Promise<SigningKey> {
  const info = checked(jwk)
  // Pass only the checked fields: an "ext" or an unknown spelling of "alg" must not change the import.
  const { kty, k = '', crv = '', x = '', d = '' } = jwk as SigningJwk
  try {
    if (info.alg === 'hmac-sha256') {
      const hmac = { name: 'HMAC', hash: 'SHA-256' }
      return { ...info, cryptoKey: await crypto.subtle.importKey('jwk', { kty, k }, hmac, false, ['sign']) }
    }
    const cryptoKey = await crypto.subtle.importKey('jwk', { kty, crv, x, d }, 'Ed25519', false, ['sign'])
    await requirePair(cryptoKey, { kty, crv, x })
    return { ...info, cryptoKey }
  } catch {
    throw new CountersignWorkerError(
      'CSN_WORKER_KEY_INVALID',
      `the JWK "${info.keyid}" cannot be imported, or its "x" and "d" do not match; make a new key`,
    )
  }
}

/** workerd imports two halves that do not belong together. The origin would then refuse every request. */
async function requirePair(privateKey: CryptoKey, publicJwk: { kty: string; crv: string; x: string }): Promise<void> {
  const publicKey = await crypto.subtle.importKey('jwk', publicJwk, 'Ed25519', false, ['verify'])
  const probe = new Uint8Array(1)
  const signature = await crypto.subtle.sign('Ed25519', privateKey, probe)
  if (!(await crypto.subtle.verify('Ed25519', publicKey, signature, probe))) throw new TypeError('not a pair')
}

function checked(jwk: unknown): SigningKeyInfo {
  try {
    return checkSigningKey(jwk, 'sign')
  } catch (error) {
    throw new CountersignWorkerError('CSN_WORKER_KEY_INVALID', (error as TypeError).message)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Do not repeat the message of JSON.parse: it quotes the input, which is the key.
    throw new CountersignWorkerError(
      'CSN_WORKER_KEY_INVALID',
      'COUNTERSIGN_KEY must be JSON; write the private JWK on one line',
    )
  }
}
