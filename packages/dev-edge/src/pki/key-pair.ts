import { createPrivateKey, KeyObject, type webcrypto } from 'node:crypto'

type KeyPair = webcrypto.CryptoKeyPair

/**
 * The kinds of key that a client certificate may have here.
 *
 * @example
 * ```ts
 * const keyType: KeyType = 'RSA-2048'
 * await edge.issueClient({ subject: 'CN=pay-1', keyType })
 * ```
 */
export type KeyType = 'P-256' | 'RSA-2048'

/**
 * Every signature in this package hashes with SHA-256. RSA signatures have PKCS #1 v1.5 padding, as those of public
 * CAs.
 */
const ALGORITHMS = {
  'P-256': { name: 'ECDSA', namedCurve: 'P-256' },
  'RSA-2048': {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  },
} as const

/** Generates a key pair in memory. RSA takes a tenth of a second on another thread. */
export async function generateKeyPair(keyType: KeyType): Promise<webcrypto.CryptoKeyPair> {
  const algorithm = ALGORITHMS[keyType]
  if (!algorithm) throw new TypeError('keyType must be "P-256" or "RSA-2048"')
  return await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

/** Imports a private key in the form of {@link formatPrivateKey}, and its public key. */
export function importKeyPair(privateKey: string, publicKey: KeyObject, keyType: KeyType): KeyPair {
  const algorithm = ALGORITHMS[keyType]
  return {
    privateKey: createPrivateKey(privateKey).toCryptoKey(algorithm, true, ['sign']),
    publicKey: publicKey.toCryptoKey(algorithm, true, ['verify']),
  }
}

/** Formats the private key as PKCS #8 in PEM, which `node:tls`, curl and openssl read. */
export function formatPrivateKey(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }) as string
}
