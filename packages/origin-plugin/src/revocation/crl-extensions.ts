import { TAG } from '../x509/der.ts'
import { DerCursor } from '../x509/der-cursor.ts'
import { readExtensions } from '../x509/extensions/read-extensions.ts'
import {
  type CrlScope,
  FULL_SCOPE,
  readIssuingDistributionPoint,
  UncoveredCrlError,
} from './issuing-distribution-point.ts'

/** RFC 5280, section 5.2.3: 20 bytes. A zero byte comes before a number whose first bit is set. */
export const MAX_CRL_NUMBER_BYTES = 21

const CRL_NUMBER = '2.5.29.20'
const DELTA_CRL = '2.5.29.27'
const ISSUING_DISTRIBUTION_POINT = '2.5.29.28'
/**
 * Extensions that do not change the meaning of a list: key identifier, alternative names of the issuer, freshest list,
 * authority information.
 */
const HARMLESS: ReadonlySet<string> = new Set(['2.5.29.35', '2.5.29.18', '2.5.29.46', '1.3.6.1.5.5.7.1.1'])

/** The properties of a list that its extensions state. */
export interface CrlProperties {
  /** 0 without one. */
  readonly number: bigint
  readonly scope: CrlScope
}

/**
 * Reads the extensions of a list.
 *
 * A delta list is refused, because it contains only the changes since another list. A list with an unknown critical
 * extension is refused, because it may mean something else than it seems to.
 *
 * @param extensions - a cursor before the sequence of extensions
 * @throws UncoveredCrlError if the list is for other certificates; SyntaxError with another fault
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-5.2 RFC 5280, section 5.2}
 */
export function readListExtensions(extensions: DerCursor | undefined): CrlProperties {
  let number = 0n
  let scope = FULL_SCOPE
  if (!extensions) return { number, scope }
  extensions.expect(TAG.SEQUENCE, 'the sequence of the extensions of the list')
  readExtensions(extensions, 'the list', (oid, value, isCritical) => {
    if (oid === DELTA_CRL) {
      throw new UncoveredCrlError('the list is a delta list, which contains only changes; write the complete list')
    }
    if (oid === CRL_NUMBER) number = readCrlNumber(value)
    else if (oid === ISSUING_DISTRIBUTION_POINT) scope = readIssuingDistributionPoint(value)
    else if (isCritical && !HARMLESS.has(oid)) {
      throw new SyntaxError(`the list has the unknown critical extension ${oid}, which may change its meaning`)
    }
  })
  if (extensions.next()) throw new SyntaxError('the extensions of the list are followed by another value')
  return { number, scope }
}

const CERTIFICATE_ISSUER = '2.5.29.29'
/** The reason, the time since which the key may be compromised, and an instruction for the hold of a certificate. */
const HARMLESS_OF_ENTRIES: ReadonlySet<string> = new Set(['2.5.29.21', '2.5.29.24', '2.5.29.23'])

/**
 * Checks the extensions of an entry.
 *
 * @param entry - a cursor at the sequence of extensions
 * @throws UncoveredCrlError if the entry belongs to another CA; SyntaxError with another fault
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-5.3 RFC 5280, section 5.3}
 */
export function checkEntryExtensions(entry: DerCursor): void {
  if (entry.tag !== TAG.SEQUENCE) throw new SyntaxError('the extensions of an entry are not a sequence')
  readExtensions(entry, 'an entry', (oid, _value, isCritical) => {
    if (oid === CERTIFICATE_ISSUER) {
      throw new UncoveredCrlError('the list has an entry of another CA; write a list of this CA alone')
    }
    if (isCritical && !HARMLESS_OF_ENTRIES.has(oid)) {
      throw new SyntaxError(`an entry has the unknown critical extension ${oid}, which may change its meaning`)
    }
  })
}

function readCrlNumber(value: Uint8Array): bigint {
  const cursor = new DerCursor(value)
  cursor.expect(TAG.INTEGER, 'the CRL number')
  const contents = cursor.contents()
  const isNumber = contents.length > 0 && contents.length <= MAX_CRL_NUMBER_BYTES && (contents[0] as number) < 0x80
  if (!isNumber || cursor.next()) throw new SyntaxError('the CRL number is not a number of 20 bytes at most')
  return BigInt(`0x${Buffer.from(contents).toString('hex')}`)
}
