import { hash } from 'node:crypto'

/** The digests of fingerprints in the headers and in Node. */
export type FingerprintAlgorithm = 'sha1' | 'sha256'

/**
 * Computes the fingerprint of a certificate in Node's spelling: the same text as `X509Certificate#fingerprint` and
 * `#fingerprint256`.
 *
 * @param der - the whole certificate
 * @example
 * ```ts
 * computeFingerprint(Buffer.from('abc'), 'sha1') // 'A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D'
 * ```
 */
export function computeFingerprint(der: Uint8Array, algorithm: FingerprintAlgorithm): string {
  return formatFingerprint(hash(algorithm, der, 'hex').toUpperCase())
}

/**
 * Writes a colon between the pairs of hexadecimal digits.
 *
 * @example
 * ```ts
 * formatFingerprint('ABCD') // 'AB:CD'
 * ```
 */
export function formatFingerprint(digits: string): string {
  let text = digits.slice(0, 2)
  for (let at = 2; at < digits.length; at += 2) text += `:${digits.slice(at, at + 2)}`
  return text
}
