import { TAG } from '../x509/der.ts'
import { DerCursor } from '../x509/der-cursor.ts'
import { readDerTime } from '../x509/der-time.ts'
import { checkEntryExtensions, readListExtensions } from './crl-extensions.ts'
import { CERTIFICATE_VERSION, type VerifiedCrl } from './crl-signature.ts'
import { type CrlScope, UncoveredCrlError } from './issuing-distribution-point.ts'
import { buildSerialTable, type Scratch, type SerialTable } from './serial-set.ts'

/** The contents of a certificate revocation list. It consists of plain values, so a thread can send it. */
export interface CrlContents {
  /** The DER of the issuer's name. The caller compares it with the CA's. */
  readonly issuer: Uint8Array
  /** The time of issue, in milliseconds since the epoch. */
  readonly thisUpdate: number
  /** The time at which the next list is due, in milliseconds since the epoch. */
  readonly nextUpdate: number
  /** The CRL number, which grows with each list; 0 without one (RFC 5280, section 5.2.3). */
  readonly number: bigint
  readonly scope: CrlScope
  readonly serials: SerialTable
}

/** In bytes. The longest names in use have some hundred. */
export const MAX_ISSUER_BYTES: number = 16 * 1024
/** RFC 5280 allows 20 bytes. The table of serial numbers has one byte for the length. */
export const MAX_SERIAL_BYTES = 127

/**
 * Parses a list whose signature was verified.
 *
 * It checks in this order:
 * 1. The list is of version 2, and names the algorithm of its signature.
 * 2. It states the time at which the next list is due.
 * 3. It covers certificates of this CA that are asked about ({@link readListExtensions}).
 * 4. Every entry has a serial number that a certificate can have.
 *
 * @param acceptsCaList - whether a list of CA certificates alone is of use, because other CAs stand below this one
 * @param scratch - as in {@link buildSerialTable}
 * @throws UncoveredCrlError if the list is for other certificates; SyntaxError with another fault of the list
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-5 RFC 5280, section 5}
 */
export function parseCrl({ signed, algorithm }: VerifiedCrl, acceptsCaList = false, scratch?: Scratch): CrlContents {
  const outer = new DerCursor(signed)
  outer.next()
  const parts = outer.inside()

  requireVersion2(parts)
  parts.expect(TAG.SEQUENCE, 'the signature algorithm in the signed part')
  if (Buffer.compare(parts.encoded(), algorithm) !== 0) throw new SyntaxError('the list names two signature algorithms')
  const issuer = readIssuer(parts)
  if (!parts.next()) throw new SyntaxError('thisUpdate of the list is missing')
  const thisUpdate = readTime(parts, 'thisUpdate')
  if (!parts.next() || !isTime(parts.tag)) {
    throw new SyntaxError(
      'the list has no nextUpdate, so an old list would pass as current; let the CA write it (default_crl_days of OpenSSL)',
    )
  }
  const nextUpdate = readTime(parts, 'nextUpdate')
  if (nextUpdate < thisUpdate) throw new SyntaxError('nextUpdate of the list is before its thisUpdate')
  parts.next()

  // A list without entries may omit their sequence.
  const entries = parts.tag === TAG.SEQUENCE ? { start: parts.start, end: parts.end } : { start: 0, end: 0 }
  if (parts.tag === TAG.SEQUENCE) parts.next()
  const extensions = parts.tag === EXTENSIONS ? parts.inside() : undefined
  if (extensions) parts.next()
  if (parts.tag !== 0) throw new SyntaxError('the signed part of the list ends with an unknown value')
  // Before the entries: a list for other certificates is skipped without reading them.
  const properties = readListExtensions(extensions)
  if (properties.scope.certificates === 'cas' && !acceptsCaList) {
    throw new UncoveredCrlError('the list contains only CA certificates; write the list of the client certificates')
  }
  return {
    issuer,
    thisUpdate,
    nextUpdate,
    ...properties,
    serials: buildSerialTable(signed, entries.start, entries.end, checkEntry, scratch),
  }
}

const EXTENSIONS = 0xa0

/** Version 2 is the INTEGER 1. A list of version 1 begins with its algorithm. */
function requireVersion2(parts: DerCursor): void {
  if (parts.next() && parts.tag === TAG.INTEGER) {
    const version = parts.contents()
    if (version.length === 1 && version[0] === 1) return
  }
  if (parts.tag === CERTIFICATE_VERSION) throw new SyntaxError('it is a certificate, and not a list')
  throw new SyntaxError(
    'the list is not of version 2, and an earlier one cannot state its scope; let the CA write version 2 (crl_extensions of OpenSSL)',
  )
}

/** A copy, because a thread would send the whole list with a view of it. */
function readIssuer(parts: DerCursor): Uint8Array {
  parts.expect(TAG.SEQUENCE, 'the issuer of the list')
  const issuer = parts.encoded()
  if (issuer.length > MAX_ISSUER_BYTES) throw new SyntaxError('the issuer of the list is too long')
  return new Uint8Array(issuer)
}

const isTime = (tag: number): boolean => tag === TAG.UTC_TIME || tag === TAG.GENERALIZED_TIME

function readTime(parts: DerCursor, name: string): number {
  try {
    return readDerTime(parts)
  } catch (error) {
    throw new SyntaxError(`${name} of the list is ${(error as Error).message}`)
  }
}

/**
 * Checks the values of an entry.
 *
 * A serial number that no certificate can have would revoke nothing, and its certificate would pass. A negative one or
 * one with extra zero bytes is of this kind, and some CAs write them: they write the same number into the certificate
 * in another form.
 */
function checkEntry(entry: DerCursor): void {
  entry.expect(TAG.INTEGER, 'the serial number of an entry')
  const { bytes, start, end } = entry
  const length = end - start
  const first = bytes[start] as number
  if (length === 0) throw new SyntaxError('the serial number of an entry is empty')
  if (length > MAX_SERIAL_BYTES) throw new SyntaxError('the serial number of an entry is too long')
  if (first >= 0x80)
    throw new SyntaxError('the serial number of an entry is negative; let the CA reissue the certificate')
  if (first === 0 && length > 1 && (bytes[start + 1] as number) < 0x80) {
    throw new SyntaxError('the serial number of an entry begins with extra zero bytes; let the CA write DER')
  }
  if (!entry.next() || !isTime(entry.tag)) throw new SyntaxError('the date of an entry is missing')
  if (!entry.next()) return
  checkEntryExtensions(entry)
  if (entry.next()) throw new SyntaxError('an entry ends with an unknown value')
}
