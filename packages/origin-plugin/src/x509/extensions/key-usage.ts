import type { CertificateParts } from '../certificate-parts.ts'
import { TAG } from '../der.ts'
import { DerCursor } from '../der-cursor.ts'

const KEY_USAGE = '2.5.29.15'

/** The bits of the uses in the first byte of KeyUsage. */
export const KEY_USAGE_BITS = {
  DIGITAL_SIGNATURE: 0x80,
  KEY_AGREEMENT: 0x08,
  KEY_CERT_SIGN: 0x04,
  CRL_SIGN: 0x02,
} as const

/**
 * Reads the uses of a certificate's key.
 *
 * @returns the first eight bits of KeyUsage; `undefined` without the extension, which allows every use
 * @throws SyntaxError if the extension is not a list of bits in DER, or is empty, which RFC 5280 forbids
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.3 RFC 5280, section 4.2.1.3}
 */
export function readKeyUsage({ extensions }: Pick<CertificateParts, 'extensions'>): number | undefined {
  const extension = extensions.get(KEY_USAGE)
  if (!extension) return undefined
  const cursor = new DerCursor(extension.value)
  cursor.expectLast(TAG.BIT_STRING, 'the value of KeyUsage')
  const [unused = 8, first, ...more] = cursor.contents()
  // DER: the unused bits at the end of the last byte are zero. OpenSSL ignores them, and they could read as a use.
  const isDer = first !== undefined && unused < 8 && ((more.at(-1) ?? first) & ~(0xff << unused)) === 0
  if (!isDer) throw new SyntaxError('the value of KeyUsage has another form')
  return first
}

/**
 * Whether a certificate allows a use of its key.
 *
 * @param use - one of {@link KEY_USAGE_BITS}
 * @throws SyntaxError if the extension cannot be read
 */
export function allowsKeyUsage(parts: Pick<CertificateParts, 'extensions'>, use: number): boolean {
  const uses = readKeyUsage(parts)
  return uses === undefined || (uses & use) !== 0
}
