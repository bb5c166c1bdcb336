/** OpenSSL's texts in Cloudflare's `certVerified`, by the code of Node. */
const FAILURES: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self signed certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'self signed certificate in certificate chain',
  UNABLE_TO_GET_ISSUER_CERT: 'unable to get issuer certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unable to get local issuer certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unable to verify the first certificate',
  CERT_HAS_EXPIRED: 'certificate has expired',
  CERT_NOT_YET_VALID: 'certificate is not yet valid',
  CERT_SIGNATURE_FAILURE: 'certificate signature failure',
  INVALID_CA: 'invalid CA certificate',
  INVALID_PURPOSE: 'unsupported certificate purpose',
  PATH_LENGTH_EXCEEDED: 'path length constraint exceeded',
  CERT_CHAIN_TOO_LONG: 'certificate chain too long',
}

/**
 * Formats the result of a handshake's verification as Cloudflare does.
 *
 * @param authorizationError - `tlsSocket.authorizationError`. Empty when the certificate is good.
 * @returns `SUCCESS`, `FAILED:<OpenSSL's text>`, or `FAILED` for an unlisted code
 */
export function formatVerdict(authorizationError: string | undefined): string {
  if (!authorizationError) return 'SUCCESS'
  const text = FAILURES[authorizationError]
  return text ? `FAILED:${text}` : 'FAILED'
}
