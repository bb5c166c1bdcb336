import { TAG } from '../x509/der.ts'
import { DerCursor } from '../x509/der-cursor.ts'
import { readDistributionPointName } from '../x509/extensions/distribution-points.ts'

/** The certificates of its CA that a list covers. */
export interface CrlScope {
  /** Those that name one of these distribution points. A name is the DER of a GeneralName in hexadecimal. */
  readonly points: 'all' | readonly string[]
  /** Whether the list leaves out the certificates of CAs (`users`), or all others (`cas`). */
  readonly certificates: 'all' | 'users' | 'cas'
}

/** The scope of a list without the extension. */
export const FULL_SCOPE: CrlScope = { points: 'all', certificates: 'all' }

/** The list is for other certificates than the client certificates of this CA. */
export class UncoveredCrlError extends SyntaxError {
  override readonly name = 'UncoveredCrlError'
}

/** The context tags of IssuingDistributionPoint. */
const POINT = { NAME: 0xa0, USERS: 0x81, CAS: 0x82, REASONS: 0x83, INDIRECT: 0x84, ATTRIBUTES: 0x85 } as const

/**
 * Reads the extension IssuingDistributionPoint, which states the certificates of a list.
 *
 * `onlyContainsUserCerts` is accepted: nearly every client certificate is such a certificate. So is
 * `onlyContainsCACerts`, for the caller to decide. A list of attribute certificates, of some reasons, or with entries of
 * other CAs, does not cover all certificates of either kind.
 *
 * @param extension - the contents of its OCTET STRING
 * @throws UncoveredCrlError if the list is for other certificates; SyntaxError if the extension cannot be read
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-5.2.5 RFC 5280, section 5.2.5}
 */
export function readIssuingDistributionPoint(extension: Uint8Array): CrlScope {
  const outer = new DerCursor(extension)
  outer.expect(TAG.SEQUENCE, 'the value of IssuingDistributionPoint')
  const parts = outer.inside()
  if (outer.next()) throw new SyntaxError('IssuingDistributionPoint is followed by another value')
  let { points, certificates } = FULL_SCOPE
  let last = 0
  while (parts.next()) {
    // In DER each field stands once, in the order of its tag: `[0] [1] [2] …`.
    const field = parts.tag & 0x1f
    if (field < last) throw new SyntaxError('IssuingDistributionPoint has a repeated or misplaced field')
    last = field + 1
    switch (parts.tag) {
      case POINT.NAME:
        points = readDistributionPointName(parts.inside())
        if (points.length === 0) throw new SyntaxError('IssuingDistributionPoint has no name that can be compared')
        break
      case POINT.USERS:
        if (readFlag(parts)) certificates = 'users'
        break
      case POINT.CAS:
        if (!readFlag(parts)) break
        // RFC 5280: a CA sets one of the two at most. OpenSSL refuses such a list too.
        if (certificates === 'users') throw new UncoveredCrlError('the list contains neither users nor CAs')
        certificates = 'cas'
        break
      case POINT.REASONS:
        throw new UncoveredCrlError('the list contains only some reasons of revocation; write the list of all reasons')
      case POINT.INDIRECT:
        if (readFlag(parts))
          throw new UncoveredCrlError(
            'the list also contains certificates of other CAs (indirectCRL); write a list of this CA alone',
          )
        break
      case POINT.ATTRIBUTES:
        if (readFlag(parts))
          throw new UncoveredCrlError(
            'the list contains only attribute certificates; write the list of the client certificates',
          )
        break
      default:
        throw new SyntaxError('IssuingDistributionPoint has an unknown field')
    }
  }
  return { points, certificates }
}

function readFlag(parts: DerCursor): boolean {
  const contents = parts.contents()
  if (contents.length !== 1) throw new SyntaxError('IssuingDistributionPoint has a flag that is not a boolean')
  return contents[0] !== 0
}
