import type { CertificateParts } from '../certificate-parts.ts'
import { TAG } from '../der.ts'
import { DerCursor } from '../der-cursor.ts'

const FULL_NAME = 0xa0

/**
 * Reads the names of a distribution point: DistributionPointName.
 *
 * A name relative to the issuer of the list needs an encoding of the issuer's name. It is returned as no name, so
 * nothing equals it.
 *
 * @param name - a cursor before the value
 * @returns the DER of each GeneralName in hexadecimal
 * @throws SyntaxError if the value has another form
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.13 RFC 5280, section 4.2.1.13}
 */
export function readDistributionPointName(name: DerCursor): readonly string[] {
  const names: string[] = []
  if (!name.next()) throw new SyntaxError('the name of a distribution point is missing')
  if (name.tag !== FULL_NAME) return names
  const generalNames = name.inside()
  while (generalNames.next()) {
    if (names.length === MAX_NAMES) throw new SyntaxError(`a distribution point has more than ${MAX_NAMES} names`)
    names.push(Buffer.from(generalNames.encoded()).toString('hex'))
  }
  return names
}

/** Certificates have one to three. */
export const MAX_NAMES = 100

const CRL_DISTRIBUTION_POINTS = '2.5.29.31'

/**
 * Reads the names of a certificate's distribution points, of those points whose list has all reasons of revocation and
 * is of the certificate's own CA.
 *
 * @returns the DER of each GeneralName in hexadecimal
 * @throws SyntaxError if the extension has another form
 */
export function readDistributionPoints({ extensions }: Pick<CertificateParts, 'extensions'>): readonly string[] {
  const extension = extensions.get(CRL_DISTRIBUTION_POINTS)
  if (!extension) return []
  const outer = new DerCursor(extension.value)
  outer.expect(TAG.SEQUENCE, 'the value of CRLDistributionPoints')
  const points = outer.inside()
  const names: string[] = []
  while (points.next()) {
    if (points.tag !== TAG.SEQUENCE) throw new SyntaxError('a distribution point is not a sequence')
    const parts = points.inside()
    // distributionPoint [0], reasons [1], cRLIssuer [2]. Either of the last two means another kind of list.
    if (!parts.next() || parts.tag !== FULL_NAME) continue
    const own = readDistributionPointName(parts.inside())
    if (!parts.next()) names.push(...own)
    if (names.length > MAX_NAMES) throw new SyntaxError(`a certificate has more than ${MAX_NAMES} distribution points`)
  }
  return names
}

const URI = 0x86

/** The DER of a GeneralName with a URL, in hexadecimal. */
export function generalNameOfUrl(url: string): string {
  const bytes = Buffer.from(url, 'latin1')
  const { length } = bytes
  const head =
    length < 0x80 ? [URI, length] : length < 0x100 ? [URI, 0x81, length] : [URI, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Uint8Array.from(head), bytes]).toString('hex')
}

/** The names for a log, without the names that are not URLs. */
export function describeGeneralNames(names: readonly string[]): string {
  const urls = names
    .filter((name) => name.startsWith(URI.toString(16)))
    .map((name) => {
      const cursor = new DerCursor(Buffer.from(name, 'hex'))
      cursor.next()
      return Buffer.from(cursor.contents())
        .toString('latin1')
        .replace(/[^!-~]/g, '?')
    })
  return urls.length > 0 ? urls.join(' or ') : 'with another name than a URL'
}
