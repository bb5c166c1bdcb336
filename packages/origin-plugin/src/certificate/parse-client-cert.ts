import {
  type CertificateHeaderName,
  isAmbiguousType,
  normalizeHex,
  parseCertificateDate,
  parsePrintedName,
  type RelativeDistinguishedName,
} from '@countersign/wire'
import { describeCert } from '../client-cert.ts'
import { refusalAt } from '../errors.ts'
import { type Facts, NO_FACTS } from '../facts/facts.ts'
import type { EdgeFields } from '../read-headers.ts'
import { DistinguishedName } from '../x509/distinguished-name.ts'
import { fingerprintOf, readSerialNumber, serialNumbersAgree } from '../x509/hex-identifier.ts'
import { namesAgree } from '../x509/names-agree.ts'
import {
  type ForwardedCert,
  type KnownHead,
  type OwnProperties,
  ownPropertiesOf,
  readForwardedCert,
  readKnownCert,
  readKnownHead,
} from './forwarded-cert.ts'
import { parseWholeCert } from './parse-whole-cert.ts'
import type { ParsedCert } from './shareable-cert.ts'

const refuse = refusalAt('certificate')

/**
 * Parses the headers of a verified certificate. With `Client-Cert`, the names are those of the certificate itself, and
 * every header must agree with it. The source `rfc9440` sends no other header.
 *
 * @param fields - the certificate headers, after {@link requireVerdict}
 * @param facts - the lines of headers that are known to agree
 * @throws CountersignError `CSN_HEADERS_MALFORMED`, `CSN_CERT_UNREADABLE`, or `CSN_CERT_MISMATCH` if `Client-Cert` and
 *   the headers differ
 */
export function parseClientCert(fields: EdgeFields, facts: Facts = NO_FACTS): ParsedCert {
  if (fields.source.name === 'rfc9440') return parseWholeCert(fields, facts)
  if (!fields.has('client-cert')) return fromText(fields, parseFields(fields))
  if (facts.has(fields.linesFact)) return fromKnown(fields)
  const text = parseFields(fields)
  const forwarded = readForwardedCert(fields, text.sha256)
  requireAgreement(text, forwarded)
  facts.note(fields.linesFact)
  return fromCertificate(fields, forwarded, ownPropertiesOf(fields, forwarded), () => forwarded)
}

function fromText(fields: EdgeFields, { subject, issuer, serialNumber, keyId, ...text }: CertFields): ParsedCert {
  const name = new DistinguishedName(unambiguous(fields, 'x-cert-subject-dn', subject))
  return {
    ...text,
    own: { subject: name, serialNumber, keyId },
    issuer: new DistinguishedName(unambiguous(fields, 'x-cert-issuer-dn', issuer)),
    headers: fields,
    whole: undefined,
  }
}

/** A known certificate is read as far as its validity, and the rest of it when somebody asks. */
function fromKnown(fields: EdgeFields): ParsedCert {
  let forwarded: ForwardedCert | undefined
  return fromCertificate(fields, readKnownHead(fields), undefined, () => {
    forwarded ??= readKnownCert(fields)
    return forwarded
  })
}

/** The headers agree with the certificate, so that only values that it does not have are read from them. */
function fromCertificate(
  fields: EdgeFields,
  { issuer, notBefore, notAfter }: KnownHead,
  own: OwnProperties | undefined,
  whole: () => ForwardedCert,
): ParsedCert {
  return {
    own,
    issuer,
    sha1: fields.get('x-cert-finger'),
    sha256: fields.get('x-cert-finger-256') as string,
    validFrom: fields.get('x-cert-notbe') as string,
    validTo: fields.get('x-cert-notaf') as string,
    notBefore,
    notAfter,
    issuerKeyId: optionalHex(fields.get('x-cert-issuer-ski')),
    headers: fields,
    whole,
  }
}

type PrintedName = readonly RelativeDistinguishedName[]

interface CertFields
  extends Omit<ParsedCert, 'own' | 'issuer' | 'headers' | 'whole'>,
    Pick<OwnProperties, 'serialNumber' | 'keyId'> {
  readonly subject: PrintedName
  readonly issuer: PrintedName
}

function parseFields(fields: EdgeFields): CertFields {
  /** Names the header of a value that cannot be read. */
  const parse = <T>(name: CertificateHeaderName, read: () => T) => asRefusal(fields.headerOf(name), read)
  const validFrom = required(fields, 'x-cert-notbe')
  const validTo = required(fields, 'x-cert-notaf')
  return {
    // RFC 5280, section 4.1.2.6: a subject may be empty, and the edge then sends no header. An issuer must not be
    // empty.
    subject: parse('x-cert-subject-dn', () => parsePrintedName(dnText(fields, 'x-cert-subject-dn') ?? '')),
    issuer: parse('x-cert-issuer-dn', () =>
      parsePrintedName(dnText(fields, 'x-cert-issuer-dn') ?? missing(fields, 'x-cert-issuer-dn')),
    ),
    serialNumber: parse('x-cert-serial', () => readSerialNumber(required(fields, 'x-cert-serial'))),
    sha1: parse('x-cert-finger', () => fingerprintOf(required(fields, 'x-cert-finger'), 20)),
    sha256: parse('x-cert-finger-256', () => fingerprintOf(required(fields, 'x-cert-finger-256'), 32)),
    validFrom,
    notBefore: parse('x-cert-notbe', () => parseCertificateDate(validFrom)),
    validTo,
    notAfter: parse('x-cert-notaf', () => parseCertificateDate(validTo)),
    keyId: parse('x-cert-ski', () => optionalHex(fields.get('x-cert-ski'))),
    issuerKeyId: parse('x-cert-issuer-ski', () => optionalHex(fields.get('x-cert-issuer-ski'))),
  }
}

/** Prefers the RFC 2253 form: only there is every character unambiguous. */
function dnText(fields: EdgeFields, name: 'x-cert-subject-dn' | 'x-cert-issuer-dn'): string | undefined {
  const text = fields.get(`${name}-2253`) ?? fields.get(name)
  return text && decodeUtf8(text)
}

const NOT_ASCII = /[\x80-\xff]/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Cloudflare's managed transform sends UTF-8, and Node hands it over as Latin-1. The Worker sends ASCII. */
function decodeUtf8(text: string): string {
  if (!NOT_ASCII.test(text)) return text
  try {
    return utf8.decode(Buffer.from(text, 'latin1'))
  } catch {
    throw new SyntaxError('not UTF-8')
  }
}

/** Without the certificate itself, a type that can be one of two leaves the name in doubt. */
function unambiguous(fields: EdgeFields, name: CertificateHeaderName, rdns: PrintedName): PrintedName {
  const ambiguous = rdns.flat().find(({ type }) => isAmbiguousType(type))
  if (!ambiguous) return rdns
  const remedy =
    fields.source.name === 'cf-cert'
      ? 'use the source "rfc9440", which sends the certificate'
      : 'let the Worker forward the certificate'
  throw refuse('CSN_CERT_UNREADABLE', `${fields.headerOf(name)}: the type ${ambiguous.type} is ambiguous; ${remedy}`)
}

function required(fields: EdgeFields, name: CertificateHeaderName): string {
  return fields.get(name) ?? missing(fields, name)
}

function missing(fields: EdgeFields, name: CertificateHeaderName): never {
  throw refuse('CSN_HEADERS_MALFORMED', `${fields.headerOf(name)} is missing although a certificate was presented`)
}

function asRefusal<T>(name: string, read: () => T): T {
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
function requireAgreement(text: CertFields, { x509, names, parts, notBefore, notAfter }: ForwardedCert): void {
  const agreements: Partial<Record<CertificateHeaderName, boolean>> = {
    'x-cert-finger-256': text.sha256 === x509.fingerprint256,
    'x-cert-finger': text.sha1 === x509.fingerprint,
    'x-cert-serial': serialNumbersAgree(text.serialNumber, parts.serialNumber),
    'x-cert-subject-dn': namesAgree(text.subject, names.subject),
    'x-cert-issuer-dn': namesAgree(text.issuer, names.issuer),
    'x-cert-notbe': text.notBefore === notBefore,
    'x-cert-notaf': text.notAfter === notAfter,
    // Compared only if both have one: not every certificate does, and Cloudflare may omit or derive it.
    'x-cert-ski': !text.keyId || !names.subjectKeyId || text.keyId === names.subjectKeyId,
  }
  const contradicted = Object.entries(agreements).find(([, agrees]) => !agrees)?.[0]
  if (!contradicted) return
  const { serialNumber } = parts
  const forwarded = describeCert({ serialNumber, fingerprint256: x509.fingerprint256, subject: names.subject })
  throw refuse('CSN_CERT_MISMATCH', `Client-Cert does not match ${contradicted} (${forwarded})`)
}
