import { type DerValue, readOrUndefined, TAG } from './der.ts'
import { DerCursor } from './der-cursor.ts'
import { readDerTime } from './der-time.ts'
import { readExtensions } from './extensions/read-extensions.ts'
import { formatSerialNumber } from './hex-identifier.ts'

/** An extension of a certificate. */
export interface Extension {
  readonly critical: boolean
  /** The contents of its OCTET STRING. */
  readonly value: Uint8Array
}

/** The time in which a certificate is valid, in milliseconds since the epoch. Both ends belong to it. */
export interface Validity {
  readonly notBefore: number
  readonly notAfter: number
}

/** The first parts of a certificate, which say whose it is, and for how long. */
export interface CertificateHead {
  /** The contents of the INTEGER. */
  readonly serial: Uint8Array
  readonly issuer: DerValue
  /**
   * The same times as in `X509Certificate`; `undefined` if they have another form than that of RFC 5280. Node prints
   * further forms, so the caller must ask it, or refuse the certificate.
   */
  readonly validity: Validity | undefined
  readonly subject: DerValue
}

/** The parts of a certificate from which the plugin reads its names, its uses and its place in a path. */
export interface CertificateParts extends Omit<CertificateHead, 'serial'> {
  /** As Node prints it: upper-case hexadecimal in whole bytes, with a minus sign for a negative number. */
  readonly serialNumber: string
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array
  /** Each extension, by its OID. */
  readonly extensions: ReadonlyMap<string, Extension>
  /** The AlgorithmIdentifier of the issuer's signature in DER. */
  readonly algorithm: Uint8Array
}

/** The context tags in the signed part. */
const FIELD = { VERSION: 0xa0, ISSUER_ID: 0x81, SUBJECT_ID: 0x82, EXTENSIONS: 0xa3 } as const

/**
 * Splits a certificate into its parts. It is the only reader of a certificate's structure in the plugin, so no two checks
 * of a certificate can disagree on it.
 *
 * Nothing may follow a part. The algorithm of the signature must be the same in the signed part and beside the signature,
 * because only the former is signed.
 *
 * @param der - a certificate that `node:crypto` parsed before
 * @throws SyntaxError if it has another form, or an extension is repeated
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.1 RFC 5280, section 4.1}
 */
export function readCertificateParts(der: Uint8Array): CertificateParts {
  const parts = enterCertificate(der)
  const signed = readSignedPart(parts.inside())
  parts.expect(TAG.SEQUENCE, 'the signature algorithm of the certificate')
  if (Buffer.compare(parts.encoded(), signed.algorithm) !== 0) {
    throw new SyntaxError('the certificate names two signature algorithms')
  }
  parts.expectLast(TAG.BIT_STRING, 'the signature of the certificate')
  return signed
}

/**
 * Reads the first parts alone. Nothing behind them is looked at, so the certificate must be one that
 * {@link readCertificateParts} has read before.
 *
 * @throws SyntaxError as {@link readCertificateParts}
 */
export function readCertificateHead(der: Uint8Array): CertificateHead {
  return readHead(enterCertificate(der).inside())
}

/** The parts of a certificate, at the first of them, which is signed. */
function enterCertificate(der: Uint8Array): DerCursor {
  const outer = new DerCursor(der)
  outer.expectLast(TAG.SEQUENCE, 'the certificate')
  const parts = outer.inside()
  parts.expect(TAG.SEQUENCE, 'the signed part of the certificate')
  return parts
}

function readSignedPart(fields: DerCursor): CertificateParts {
  const { serial, ...head } = readHead(fields)
  const serialNumber = formatSerialNumber(serial)
  fields.expect(TAG.SEQUENCE, 'the public key of the certificate')
  const publicKey = fields.encoded()
  const extensions = readLastFields(fields)
  return { ...head, serialNumber, publicKey, extensions }
}

function readHead(fields: DerCursor): CertificateHead & Pick<CertificateParts, 'algorithm'> {
  fields.next()
  // A certificate of version 1 omits the version.
  skip(fields, FIELD.VERSION)
  if (fields.tag !== TAG.INTEGER) throw new SyntaxError('the serial number of the certificate is missing')
  const serial = fields.contents()
  fields.expect(TAG.SEQUENCE, 'the signature algorithm in the signed part')
  const algorithm = fields.encoded()
  fields.expect(TAG.SEQUENCE, 'the issuer of the certificate')
  const issuer = fields.value()
  fields.expect(TAG.SEQUENCE, 'the validity of the certificate')
  const validity = readValidity(fields.inside())
  fields.expect(TAG.SEQUENCE, 'the subject of the certificate')
  const subject = fields.value()
  return { serial, algorithm, issuer, validity, subject }
}

function readValidity(times: DerCursor): Validity | undefined {
  return readOrUndefined(() => {
    times.next()
    const notBefore = readDerTime(times)
    times.next()
    const notAfter = readDerTime(times)
    if (times.next()) throw new SyntaxError('a value follows the validity')
    return { notBefore, notAfter }
  })
}

/** Reads the extensions, behind the unique identifiers of the names. All of them are optional. */
function readLastFields(fields: DerCursor): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>()
  fields.next()
  skip(fields, FIELD.ISSUER_ID)
  skip(fields, FIELD.SUBJECT_ID)
  if (fields.tag === FIELD.EXTENSIONS) {
    const list = fields.inside()
    list.expectLast(TAG.SEQUENCE, 'the sequence of the extensions of the certificate')
    readExtensions(list, 'the certificate', (oid, value, critical) => extensions.set(oid, { critical, value }))
    fields.next()
  }
  if (fields.tag !== 0) throw new SyntaxError('the signed part of the certificate ends with an unknown value')
  return extensions
}

/** Moves past an optional value. */
function skip(fields: DerCursor, tag: number): void {
  if (fields.tag === tag) fields.next()
}
