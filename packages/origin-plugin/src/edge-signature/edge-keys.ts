import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { checkSigningKey, listSigningKeys, type SignatureAlgorithm, type SigningJwk } from '@countersign/wire'
import { type SignatureVerifier, verifyWithEd25519, verifyWithHmac } from './signature-verifier.ts'
import { hasSmallOrder } from './small-order.ts'

/** A key that verifies edge signatures. */
export interface EdgeKey {
  readonly alg: SignatureAlgorithm
  readonly verify: SignatureVerifier
  readonly material: KeyObject
  /** The last valid signature with this key; `undefined` before the first. */
  lastUse: KeyUse | undefined
}

/** The use of a key for a signature. */
export interface KeyUse {
  /** Seconds since the epoch. */
  readonly at: number
  /** Whether the Worker signs headers that this release does not know. */
  readonly isNewer: boolean
}

/** The accepted keys by key id. */
export type EdgeKeys = ReadonlyMap<string, EdgeKey>

/** The place of keys, as the subject of an error. */
export type KeysPlace = 'edge.keys' | 'the file' | 'the answer'

const WRITE_KEYS: Readonly<Record<KeysPlace, string>> = {
  'edge.keys': 'write the value of COUNTERSIGN_KEYS',
  'the file': 'write into it the keys alone',
  'the answer': 'return the keys alone',
}

/**
 * Imports the keys that verify edge signatures. Several are valid at once, so that a rotation refuses no request.
 *
 * @param keys - one JWK, several, a JWK Set (RFC 7517), or the JSON text of these
 * @param place - the place of a text, for the error message
 * @throws TypeError whose message states the correction and never contains key material
 */
export function importEdgeKeys(keys: unknown, place: KeysPlace = 'edge.keys'): EdgeKeys {
  const parsed = typeof keys === 'string' ? parseKeys(keys, place) : keys
  if (typeof parsed === 'object' && parsed !== null && 'originKeys' in parsed) {
    throw new TypeError(
      `${place} is the whole output of "countersign keygen --json"; write the value of "originKeys" alone`,
    )
  }
  const jwks = listSigningKeys(parsed)
  if (jwks.length === 0) throw new TypeError('edge.keys is empty; write at least one JWK')
  if (jwks.length > MAX_KEYS) {
    throw new TypeError(`edge.keys has ${jwks.length} keys; write at most ${MAX_KEYS}, those that the Worker uses`)
  }
  const imported = new Map<string, EdgeKey>()
  for (const jwk of jwks) {
    const { keyid, alg } = prefixError(() => checkSigningKey(jwk, 'verify'))
    if (imported.has(keyid)) throw new TypeError(`edge.keys: the "kid" "${keyid}" is not unique; give each key its own`)
    requireDeployable(keyid)
    const material = importKey(jwk as SigningJwk, keyid)
    const verify = alg === 'hmac-sha256' ? verifyWithHmac(material) : verifyWithEd25519(material)
    imported.set(keyid, { alg, verify, material, lastUse: undefined })
  }
  return imported
}

/** A rotation has two. Each takes time to import, and a reload must not hold up requests. */
const MAX_KEYS = 100

/** The new keys, with the last use of those that have not changed. */
export function keepUnchanged(old: EdgeKeys, keys: EdgeKeys): EdgeKeys {
  return new Map([...keys].map(([keyid, key]) => [keyid, unchanged(key, old.get(keyid)) ?? key]))
}

function unchanged({ alg, material }: EdgeKey, old: EdgeKey | undefined): EdgeKey | undefined {
  return old?.alg === alg && old.material.equals(material) ? old : undefined
}

/** The local edge names its keys so. */
const DEVELOPMENT_KEY = /^dev-/

/**
 * Attack: the folder of a local edge is copied with its environment into production. Every developer's machine that has
 * the folder can then sign any identity.
 */
function requireDeployable(keyid: string): void {
  if (DEVELOPMENT_KEY.test(keyid) && process.env.NODE_ENV === 'production') {
    throw new TypeError(
      `edge.keys: the key "${keyid}" is of a local edge, and NODE_ENV is "production"; make a key with "npx --package @countersign/dev-edge countersign keygen", or set another NODE_ENV`,
    )
  }
}

/** The message of `JSON.parse` quotes its input, and the input is a secret. */
function parseKeys(text: string, place: KeysPlace): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new TypeError(
      `${place} is ${text.trim() === '' ? 'empty text' : 'text that is not JSON'}; ${WRITE_KEYS[place]}, one JWK, a list or a JWK Set as JSON, without quotes around it`,
    )
  }
}

function importKey(jwk: SigningJwk, keyid: string): KeyObject {
  return jwk.kty === 'oct' ? createSecretKey(jwk.k as string, 'base64url') : importPublicKey(jwk, keyid)
}

function importPublicKey(jwk: SigningJwk, keyid: string): KeyObject {
  if (hasSmallOrder(Buffer.from(jwk.x as string, 'base64url'))) {
    throw new TypeError(
      `edge.keys: the JWK "${keyid}": "x" is not a public key, because an attacker can sign for it; make a new key with "npx --package @countersign/dev-edge countersign keygen"`,
    )
  }
  try {
    return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: jwk.x as string } })
  } catch {
    throw new TypeError(`edge.keys: the JWK "${keyid}": "x" must be an Ed25519 public key`)
  }
}

function prefixError<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw new TypeError(`edge.keys: ${(error as TypeError).message}`)
  }
}
