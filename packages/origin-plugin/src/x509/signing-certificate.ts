import type { CertificateParts } from './certificate-parts.ts'
import { readOrUndefined } from './der.ts'
import { readBasicConstraints } from './extensions/basic-constraints.ts'
import { KEY_USAGE_BITS, readKeyUsage } from './extensions/key-usage.ts'

type OwnParts = Pick<CertificateParts, 'extensions'>

const SIGNING_BITS = KEY_USAGE_BITS.KEY_CERT_SIGN | KEY_USAGE_BITS.CRL_SIGN

/**
 * Whether a certificate is a CA's, or its key may sign certificates or revocation lists. Such a certificate vouches for
 * clients, and must not be a client's. In doubt it counts as one: an extension that cannot be read may allow signing.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.9 RFC 5280, sections 4.2.1.3 and 4.2.1.9}
 */
export function isSigningCertificate(parts: OwnParts): boolean {
  return readOrUndefined(() => readBasicConstraints(parts).isCa || maySign(parts)) ?? true
}

function maySign(parts: OwnParts): boolean {
  // Without KeyUsage, RFC 5280 allows every use of the key, but only to a CA the use to sign certificates.
  const uses = readKeyUsage(parts) ?? 0
  return (uses & SIGNING_BITS) !== 0
}
