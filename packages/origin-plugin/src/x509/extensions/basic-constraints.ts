import type { CertificateParts } from '../certificate-parts.ts'
import { TAG } from '../der.ts'
import { DerCursor } from '../der-cursor.ts'

/** Whether a certificate is that of a CA, and how far the CA's rights extend. */
export interface BasicConstraints {
  /** `cA`. */
  readonly isCa: boolean
  /** `pathLenConstraint`; `Infinity` without one. */
  readonly pathLength: number
}

const BASIC_CONSTRAINTS = '2.5.29.19'
const NO_CA: BasicConstraints = { isCa: false, pathLength: Number.POSITIVE_INFINITY }

/**
 * Reads the basic constraints of a certificate. One without the extension is not that of a CA.
 *
 * It reads DER alone. In another form, such as a flag without a byte, OpenSSL finds no CA, and with a lax reading a
 * client could issue certificates.
 *
 * @throws SyntaxError if the extension has another form
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.9 RFC 5280, section 4.2.1.9}
 */
export function readBasicConstraints({ extensions }: Pick<CertificateParts, 'extensions'>): BasicConstraints {
  const extension = extensions.get(BASIC_CONSTRAINTS)
  if (!extension) return NO_CA
  const outer = new DerCursor(extension.value)
  outer.expectLast(TAG.SEQUENCE, 'the value of BasicConstraints')
  const parts = outer.inside()
  let { isCa, pathLength } = NO_CA
  parts.next()
  if (parts.tag === TAG.BOOLEAN) {
    isCa = readFlag(parts.contents())
    parts.next()
  }
  if (parts.tag === TAG.INTEGER) {
    pathLength = readLength(parts.contents())
    parts.next()
  }
  if (parts.tag !== 0) throw otherForm()
  return { isCa, pathLength }
}

/** FALSE is the default, and some CAs write it nevertheless. */
function readFlag({ length, [0]: byte }: Uint8Array): boolean {
  if (length !== 1 || (byte !== 0 && byte !== 0xff)) throw otherForm()
  return byte === 0xff
}

/** Reads a number that is not negative, in its shortest form. */
function readLength(contents: Uint8Array): number {
  const [first = 0x80, second = 0x80] = contents
  if (first >= 0x80 || (first === 0 && second < 0x80)) throw otherForm()
  return contents.reduce((length, byte) => length * 256 + byte, 0)
}

const otherForm = () => new SyntaxError('the basic constraints have another form')
