import { createPrivateKey, type KeyObject, type webcrypto } from 'node:crypto'

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
export async function importKeyPair(privateKey: string, publicKey: KeyObject, keyType: KeyType): Promise<KeyPair> {
  const algorithm = ALGORITHMS[keyType]
  const pkcs8 = createPrivateKey(privateKey).export({ type: 'pkcs8', format: 'der' })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  return {
    privateKey: await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']),
    publicKey: await crypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
  }
}

/** Formats the private key as PKCS #8 in PEM, which `node:tls`, curl and openssl read. */
export async function formatPrivateKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = await crypto.subtle.exportKey('pkcs8', key)
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n')
}
