import { isGuessable } from './key-strength.ts'
import type { SignatureAlgorithm } from './signature-input.ts'

/**
 * A key for the edge signature as a JSON Web Key (RFC 7517): `kty: "oct"` for HMAC, `kty: "OKP"` for Ed25519.
 *
 * @example
 * ```ts
 * const key: SigningJwk = { kty: 'OKP', crv: 'Ed25519', kid: '2026-11', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
 * ```
 */
export interface SigningJwk {
  readonly kty: string
  /** The name of the key on the wire: 1 to 64 of the characters `A-Z a-z 0-9 . _ ~ -`. */
  readonly kid?: string
  readonly alg?: string
  readonly use?: string
  readonly key_ops?: readonly string[]
  /** HMAC: the secret, at least 256 bits in base64url. */
  readonly k?: string
  /** Ed25519: the curve's name. */
  readonly crv?: string
  /** Ed25519: the public key, 32 bytes in base64url. */
  readonly x?: string
  /** Ed25519: the private key, 32 bytes in base64url. Belongs to the Worker alone. */
  readonly d?: string
}

/**
 * The key id and the algorithm of a valid key.
 *
 * @example
 * ```ts
 * const describe = ({ keyid, alg }: SigningKeyInfo) => `${keyid} (${alg})`
 * ```
 */
export interface SigningKeyInfo {
  readonly keyid: string
  readonly alg: SignatureAlgorithm
}

/**
 * Lists the keys in one JWK, a list of JWKs, or a JWK Set (RFC 7517, section 5). It does not check them.
 *
 * @example
 * ```ts
 * listSigningKeys({ keys: [{ kty: 'oct', kid: '2026-11' }] }) // [{ kty: 'oct', kid: '2026-11' }]
 * ```
 */
export function listSigningKeys(keys: unknown): readonly unknown[] {
  if (Array.isArray(keys)) return keys
  const set = (keys as { readonly keys?: unknown } | null | undefined)?.keys
  return Array.isArray(set) ? set : [keys]
}

const KEY_ID = /^[A-Za-z0-9._~-]{1,64}$/
const BASE64URL = /^[A-Za-z0-9_-]*$/
const MIN_HMAC_BYTES = 32
const ED25519_BYTES = 32

/**
 * Checks that a JWK is a key of the profile. It imports nothing.
 *
 * @param jwk - the value to check, usually from `JSON.parse`
 * @param role - `sign` for the Worker's key, `verify` for the origin's key. An origin must not have the private half
 * @returns the key id and the algorithm
 * @throws TypeError whose message states the correction and never contains key material
 * @see {@link https://www.rfc-editor.org/rfc/rfc7517 RFC 7517}
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 *
 * const jwk = JSON.parse(readFileSync('worker-key.json', 'utf8'))
 * checkSigningKey(jwk, 'sign') // { keyid: '2026-11', alg: 'hmac-sha256' }
 * ```
 */
export function checkSigningKey(jwk: unknown, role: 'sign' | 'verify'): SigningKeyInfo {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) {
    throw new TypeError('the key must be a JWK; write one JSON object such as {"kty":"oct","kid":"2026-11","k":"…"}')
  }
  const key = jwk as Record<string, unknown>
  if (typeof key.kid !== 'string' || !KEY_ID.test(key.kid)) {
    throw new TypeError('the JWK: "kid" is missing or malformed; write 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -')
  }
  if (key.use !== undefined && key.use !== 'sig') {
    throw new TypeError(`the JWK "${key.kid}": "use" must be "sig"; correct or remove it`)
  }
  if (key.key_ops !== undefined && !(Array.isArray(key.key_ops) && key.key_ops.includes(role))) {
    throw new TypeError(`the JWK "${key.kid}": "key_ops" must contain "${role}"; add it or remove "key_ops"`)
  }
  switch (key.kty) {
    case 'oct':
      checkHmacKey(key)
      return { keyid: key.kid, alg: 'hmac-sha256' }
    case 'OKP':
      checkEd25519Key(key, role)
      return { keyid: key.kid, alg: 'ed25519' }
    default:
      throw new TypeError(`the JWK "${key.kid}": "kty" must be "oct" (HMAC), or "OKP" with "crv":"Ed25519"`)
  }
}

function checkHmacKey(key: Record<string, unknown>): void {
  if (key.alg !== undefined && key.alg !== 'HS256') {
    throw new TypeError(`the JWK "${key.kid}": "alg" must be "HS256"; correct or remove it`)
  }
  const secret = base64urlBytes(key.k)
  if (secret.length < MIN_HMAC_BYTES) {
    throw new TypeError(`the JWK "${key.kid}": "k" must be at least 32 random bytes in base64url`)
  }
  requireRandom(secret, key.kid, 'k')
}

function checkEd25519Key(key: Record<string, unknown>, role: 'sign' | 'verify'): void {
  if (key.crv !== 'Ed25519' || base64urlBytes(key.x).length !== ED25519_BYTES) {
    throw new TypeError(`the JWK "${key.kid}": "crv" must be "Ed25519", and "x" the public key in base64url`)
  }
  if (key.alg !== undefined && key.alg !== 'EdDSA' && key.alg !== 'Ed25519') {
    throw new TypeError(`the JWK "${key.kid}": "alg" must be "Ed25519"; correct or remove it`)
  }
  if (role === 'sign') {
    const privateKey = base64urlBytes(key.d)
    if (privateKey.length !== ED25519_BYTES) {
      throw new TypeError(`the JWK "${key.kid}": "d" is missing or malformed; give the Worker the private key`)
    }
    requireRandom(privateKey, key.kid, 'd')
  }
  if (role === 'verify' && key.d !== undefined) {
    throw new TypeError(`the JWK "${key.kid}" must not contain the private "d"; give the origin the public key`)
  }
}

function requireRandom(secret: Uint8Array, kid: unknown, name: 'k' | 'd'): void {
  if (!isGuessable(secret)) return
  throw new TypeError(
    `the JWK "${kid}": "${name}" is not random, so an attacker can guess it; make a new key with "npx --package @countersign/dev-edge countersign keygen"`,
  )
}

/** Decodes base64url without padding. Other text has no bytes. */
function base64urlBytes(text: unknown): Uint8Array {
  // One character more than whole groups of four is less than a byte, so the key was cut off.
  if (typeof text !== 'string' || !BASE64URL.test(text) || text.length % 4 === 1) return new Uint8Array()
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
}
