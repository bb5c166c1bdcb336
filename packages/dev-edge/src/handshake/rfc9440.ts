import type { X509Certificate } from 'node:crypto'

/**
 * Bytes of DER: 10 KiB for the leaf and 16 KiB for all intermediates together. Cloudflare omits larger certificates.
 */
const MAX_LEAF_BYTES = 10 * 1024
const MAX_CHAIN_BYTES = 16 * 1024

/** A value for `Client-Cert` or `Client-Cert-Chain`. It is `""` if the certificates are too large. */
export interface Rfc9440Value {
  readonly value: string
  readonly tooLarge: boolean
}

/** Formats the client's certificate as a Structured Fields byte sequence (RFC 9440, section 2.2). */
export function formatClientCert(leaf: X509Certificate): Rfc9440Value {
  return limited([leaf], MAX_LEAF_BYTES)
}

/** Formats its intermediates as a list of byte sequences, leaf side first, without the root (RFC 9440, section 2.3). */
export function formatClientCertChain(intermediates: readonly X509Certificate[]): Rfc9440Value {
  return limited(intermediates, MAX_CHAIN_BYTES)
}

function limited(certificates: readonly X509Certificate[], maxBytes: number): Rfc9440Value {
  const bytes = certificates.reduce((sum, certificate) => sum + certificate.raw.length, 0)
  if (bytes > maxBytes) return { value: '', tooLarge: true }
  return { value: certificates.map(({ raw }) => `:${raw.toString('base64')}:`).join(', '), tooLarge: false }
}
