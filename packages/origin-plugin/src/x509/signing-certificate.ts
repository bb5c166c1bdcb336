import type { CertificateParts } from './certificate-parts.ts'
import { readDerChildren, readDerValues, readOrUndefined, TAG } from './der.ts'

const KEY_USAGE = '2.5.29.15'
const BASIC_CONSTRAINTS = '2.5.29.19'

/** The bits keyCertSign and cRLSign of KeyUsage, the sixth and the seventh of the first byte. */
const SIGNING_BITS = 0b0000_0110

/**
 * Whether a certificate is a CA's, or its key may sign certificates or revocation lists. Such a certificate vouches for
 * clients, and must not be a client's. In doubt it counts as one: an extension that cannot be read may allow signing.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.9 RFC 5280, sections 4.2.1.3 and 4.2.1.9}
 */
export function isSigningCertificate({ extensions }: CertificateParts): boolean {
  const constraints = extensions.get(BASIC_CONSTRAINTS)
  const usage = extensions.get(KEY_USAGE)
  return (
    (constraints !== undefined && readOrUndefined(() => readCa(constraints)) !== false) ||
    (usage !== undefined && readOrUndefined(() => readSigningBits(usage)) !== 0)
  )
}

function readCa(extension: Uint8Array): boolean {
  const [first] = readDerChildren(readDerValues(extension)[0], TAG.SEQUENCE)
  // FALSE is the default, and some CAs write it nevertheless.
  return first?.tag === TAG.BOOLEAN && first.contents.some((byte) => byte !== 0)
}

function readSigningBits(extension: Uint8Array): number {
  const [bits] = readDerValues(extension)
  // The first byte counts the unused bits at the end.
  const first = bits?.contents[1]
  if (bits?.tag !== TAG.BIT_STRING || first === undefined) throw new SyntaxError('KeyUsage is not a list of bits')
  return first & SIGNING_BITS
}
