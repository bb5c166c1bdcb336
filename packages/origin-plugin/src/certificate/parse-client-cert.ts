import {
  type CertificateHeaderName,
  isAmbiguousType,
  normalizeHex,
  parseCertificateDate,
  parsePrintedName,
  type RelativeDistinguishedName,
} from '@countersign/wire'
import { type ClientCert, describeCert } from '../client-cert.ts'
import { refusalAt } from '../errors.ts'
import { deepFreeze } from '../lib/deep-freeze.ts'
import type { EdgeFields } from '../read-headers.ts'
import { DistinguishedName } from '../x509/distinguished-name.ts'
import { fingerprintOf, readSerialNumber, serialNumbersAgree } from '../x509/hex-identifier.ts'
import { namesAgree } from '../x509/names-agree.ts'
import { type ForwardedCert, readForwardedCert } from './forwarded-cert.ts'

const refuse = refusalAt('certificate')

/**
 * Parses the headers of a verified certificate. With `Client-Cert`, the names are those of the certificate itself, and
 * every header must agree with it.
 *
 * @param fields - the certificate headers, after {@link requireVerdict}
 * @throws CountersignError `CSN_HEADERS_MALFORMED`, `CSN_CERT_UNREADABLE`, or `CSN_CERT_MISMATCH` if `Client-Cert` and
 *   the headers differ
 */
export function parseClientCert(fields: EdgeFields): ClientCert {
  const { subject, issuer, ...text } = parseFields(fields)
  const forwarded = readForwardedCert(fields, text.fingerprint256)
  if (forwarded) requireAgreement({ subject, issuer, ...text }, forwarded)
  return {
    subject: forwarded?.names.subject ?? new DistinguishedName(unambiguous('x-cert-subject-dn', subject)),
    issuer: forwarded?.names.issuer ?? new DistinguishedName(unambiguous('x-cert-issuer-dn', issuer)),
    ...text,
    serialNumber: forwarded?.serialNumber ?? text.serialNumber,
    keyId: text.keyId ?? forwarded?.names.subjectKeyId,
    verified: true,
    verification: fields.get('x-cert-verify') ?? '',
    revoked: false,
    x509: forwarded?.x509,
    subjectAltName: forwarded?.x509.subjectAltName,
    subjectAltNames: deepFreeze(forwarded?.names.subjectAltNames),
    extendedKeyUsage: deepFreeze(forwarded?.extendedKeyUsage),
    // Without the Access token, because applications log and display certificates.
    raw: Object.freeze(Object.fromEntries(fields.certificateHeaders())),
  }
}

type PrintedName = readonly RelativeDistinguishedName[]

interface CertFields
  extends Pick<
    ClientCert,
    | 'serialNumber'
    | 'fingerprint'
    | 'fingerprint256'
    | 'validFrom'
    | 'validFromDate'
    | 'validTo'
    | 'validToDate'
    | 'keyId'
    | 'issuerKeyId'
  > {
  readonly subject: PrintedName
  readonly issuer: PrintedName
}

function parseFields(fields: EdgeFields): CertFields {
  const validFrom = required(fields, 'x-cert-notbe')
  const validTo = required(fields, 'x-cert-notaf')
  return {
    // RFC 5280, section 4.1.2.6: a subject may be empty, and the edge then sends no header. An issuer must not be
    // empty.
    subject: parse('x-cert-subject-dn', () => parsePrintedName(dnText(fields, 'x-cert-subject-dn') ?? '')),
    issuer: parse('x-cert-issuer-dn', () =>
      parsePrintedName(dnText(fields, 'x-cert-issuer-dn') ?? missing('x-cert-issuer-dn')),
    ),
    serialNumber: parse('x-cert-serial', () => readSerialNumber(required(fields, 'x-cert-serial'))),
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

/** Without the certificate itself, a type that can be one of two leaves the name in doubt. */
function unambiguous(name: CertificateHeaderName, rdns: PrintedName): PrintedName {
  const ambiguous = rdns.flat().find(({ type }) => isAmbiguousType(type))
  if (!ambiguous) return rdns
  throw refuse(
    'CSN_CERT_UNREADABLE',
    `${name}: the type ${ambiguous.type} is ambiguous; let the Worker forward the certificate`,
  )
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

/** Cloudflare fills both from one certificate, so a difference arose after Cloudflare. */
function requireAgreement(text: CertFields, { x509, names, ...own }: ForwardedCert): void {
  const agreements: Partial<Record<CertificateHeaderName, boolean>> = {
    'x-cert-finger-256': text.fingerprint256 === x509.fingerprint256,
    'x-cert-finger': text.fingerprint === x509.fingerprint,
    'x-cert-serial': serialNumbersAgree(text.serialNumber, own.serialNumber),
    'x-cert-subject-dn': namesAgree(text.subject, names.subject),
    'x-cert-issuer-dn': namesAgree(text.issuer, names.issuer),
    'x-cert-notbe': text.validFromDate.getTime() === own.validFrom,
    'x-cert-notaf': text.validToDate.getTime() === own.validTo,
    // Compared only if both have one: not every certificate does, and Cloudflare may omit or derive it.
    'x-cert-ski': !text.keyId || !names.subjectKeyId || text.keyId === names.subjectKeyId,
  }
  const contradicted = Object.entries(agreements).find(([, agrees]) => !agrees)?.[0]
  if (!contradicted) return
  const { serialNumber } = own
  const forwarded = describeCert({ serialNumber, fingerprint256: x509.fingerprint256, subject: names.subject })
  throw refuse('CSN_CERT_MISMATCH', `Client-Cert does not match ${contradicted} (${forwarded})`)
}
