import { X509Certificate } from 'node:crypto'
import { type CertificateHeaderName, normalizeHex, parseCertificateDate } from '@countersign/wire'
import type { ClientCert } from '../client-cert.ts'
import { refusalAt } from '../errors.ts'
import { deepFreeze } from '../lib/deep-freeze.ts'
import type { EdgeFields } from '../read-headers.ts'
import { type CertificateNames, readCertificateNames } from '../x509/certificate-names.ts'
import { DistinguishedName } from '../x509/distinguished-name.ts'
import { fingerprintOf, normalizeSerialNumber } from '../x509/hex-identifier.ts'

const refuse = refusalAt('certificate')

/**
 * Parses the headers of a verified certificate. With `Client-Cert` it also compares them with the certificate itself.
 *
 * @param fields - the certificate headers, after {@link requireVerdict}
 * @throws CountersignError `CSN_HEADERS_MALFORMED`, or `CSN_CERT_MISMATCH` if `Client-Cert` and the headers differ
 */
export function parseClientCert(fields: EdgeFields): ClientCert {
  const text = parseFields(fields)
  const forwarded = parseForwarded(fields)
  if (forwarded) requireAgreement(text, forwarded)
  return {
    ...text,
    verified: true,
    verification: fields.get('x-cert-verify') ?? '',
    revoked: false,
    x509: forwarded?.x509,
    subjectAltName: forwarded?.x509.subjectAltName,
    subjectAltNames: deepFreeze(forwarded?.names.subjectAltNames),
    // Without the Access token, because applications log and display certificates.
    raw: Object.freeze(Object.fromEntries(fields.certificateHeaders())),
  }
}

type CertFields = Omit<
  ClientCert,
  'verified' | 'verification' | 'revoked' | 'x509' | 'subjectAltName' | 'subjectAltNames' | 'raw'
>

function parseFields(fields: EdgeFields): CertFields {
  const validFrom = required(fields, 'x-cert-notbe')
  const validTo = required(fields, 'x-cert-notaf')
  return {
    // RFC 5280, section 4.1.2.6: a subject may be empty, and the edge then sends no header. An issuer must not be
    // empty.
    subject: parse('x-cert-subject-dn', () => DistinguishedName.parse(dnText(fields, 'x-cert-subject-dn') ?? '')),
    issuer: parse('x-cert-issuer-dn', () =>
      DistinguishedName.parse(dnText(fields, 'x-cert-issuer-dn') ?? missing('x-cert-issuer-dn')),
    ),
    serialNumber: parse('x-cert-serial', () => normalizeSerialNumber(required(fields, 'x-cert-serial'))),
    fingerprint: parse('x-cert-finger', () => fingerprintOf(required(fields, 'x-cert-finger'), 20)),
    fingerprint256: parse('x-cert-finger-256', () => fingerprintOf(required(fields, 'x-cert-finger-256'), 32)),
    validFrom,
    validFromDate: parse('x-cert-notbe', () => new Date(parseCertificateDate(validFrom))),
    validTo,
    validToDate: parse('x-cert-notaf', () => new Date(parseCertificateDate(validTo))),
    keyId: parse('x-cert-ski', () => optionalHex(fields.get('x-cert-ski'))),
    issuerKeyId: parse('x-cert-issuer-ski', () => optionalHex(fields.get('x-cert-issuer-ski'))),
  }
}

/** Prefers the RFC 2253 form: only there is every character unambiguous. */
function dnText(fields: EdgeFields, name: 'x-cert-subject-dn' | 'x-cert-issuer-dn'): string | undefined {
  return fields.get(`${name}-2253`) ?? fields.get(name)
}

function required(fields: EdgeFields, name: CertificateHeaderName): string {
  return fields.get(name) ?? missing(name)
}

function missing(name: CertificateHeaderName): never {
  throw refuse('CSN_HEADERS_MALFORMED', `${name} is missing although a certificate was presented`)
}

function parse<T>(name: CertificateHeaderName, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw refuse('CSN_HEADERS_MALFORMED', `${name}: ${error.message}`)
  }
}

function optionalHex(text: string | undefined): string | undefined {
  return text === undefined ? undefined : normalizeHex(text)
}

interface ForwardedCert {
  readonly x509: X509Certificate
  readonly names: CertificateNames
  readonly serialNumber: string
  /** Milliseconds since the epoch. `X509Certificate#validFromDate` needs Node 22.10. */
  readonly validFrom: number
  readonly validTo: number
}

const BYTE_SEQUENCE = /^:([A-Za-z0-9+/]+={0,2}):$/

function parseForwarded(fields: EdgeFields): ForwardedCert | undefined {
  const text = fields.get('client-cert')
  if (text === undefined) return undefined
  const base64 = BYTE_SEQUENCE.exec(text)?.[1]
  if (!base64) throw refuse('CSN_HEADERS_MALFORMED', 'client-cert is not base64 between colons (RFC 9440)')
  const der = Buffer.from(base64, 'base64')
  const x509 = parse('client-cert', () => readCertificate(der))
  return parse('client-cert', () => ({
    x509,
    names: readCertificateNames(der),
    // Node prints a negative serial number as `-05`. Normalised here, it is refused as a fault of the header.
    serialNumber: normalizeSerialNumber(x509.serialNumber),
    validFrom: parseCertificateDate(x509.validFrom),
    validTo: parseCertificateDate(x509.validTo),
  }))
}

function readCertificate(der: Buffer): X509Certificate {
  let x509: X509Certificate
  try {
    x509 = new X509Certificate(der)
  } catch {
    throw new SyntaxError('not a certificate in DER')
  }
  // OpenSSL also reads PEM, and the first of two certificates. Another reader of the header could read another one.
  if (!x509.raw.equals(der)) throw new SyntaxError('not exactly one certificate in DER')
  return x509
}

/** Cloudflare fills both from one certificate, so a difference arose after Cloudflare. */
function requireAgreement(text: CertFields, { x509, names, ...own }: ForwardedCert): void {
  const agreements: Partial<Record<CertificateHeaderName, boolean>> = {
    'x-cert-finger-256': text.fingerprint256 === x509.fingerprint256,
    'x-cert-finger': text.fingerprint === x509.fingerprint,
    'x-cert-serial': text.serialNumber === own.serialNumber,
    'x-cert-subject-dn': text.subject.equals(names.subject),
    'x-cert-issuer-dn': text.issuer.equals(names.issuer),
    'x-cert-notbe': text.validFromDate.getTime() === own.validFrom,
    'x-cert-notaf': text.validToDate.getTime() === own.validTo,
    // Compared only if both have one: not every certificate does, and Cloudflare may omit or derive it.
    'x-cert-ski': !text.keyId || !names.subjectKeyId || text.keyId === names.subjectKeyId,
  }
  const contradicted = Object.entries(agreements).find(([, agrees]) => !agrees)?.[0]
  if (contradicted) throw refuse('CSN_CERT_MISMATCH', `Client-Cert does not match ${contradicted}`)
}
