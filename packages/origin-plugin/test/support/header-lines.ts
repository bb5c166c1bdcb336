import type { IssuedCert } from '@countersign/test-support/certificates'
import type { HeaderLine } from '@countersign/test-support/wire-request'
import {
  ACCESS_TOKEN_HEADER,
  CERTIFICATE_HEADERS,
  CF_CERT_HEADERS,
  COVERED_FIELDS,
  type CoveredField,
  isLaterHeader,
} from '@countersign/wire'
import { slotOf } from '../../src/header-index.ts'
import { HEADER_SOURCES, type HeaderSource, type HeaderSourceName } from '../../src/header-source.ts'
import { EdgeFields, readHeaders } from '../../src/read-headers.ts'
import { readCertificateNames } from '../../src/x509/certificate-names.ts'

/** Other values by header name. `null` omits the header. */
export type HeaderChanges = Readonly<Record<string, string | null>>

/** The certificate headers that the Worker sends, in Cloudflare's formats and the table's order. */
export function certificateLines({ cert, issuer }: IssuedCert, changes: HeaderChanges = {}): HeaderLine[] {
  const names = readCertificateNames(cert.raw)
  const subject = ascii(String(names.subject))
  const issuerName = ascii(String(names.issuer))
  return lines({
    'x-cert-presented': '1',
    'x-cert-verify': 'SUCCESS',
    'x-cert-revoked': '0',
    'x-cert-subject-dn': subject,
    'x-cert-issuer-dn': issuerName,
    'x-cert-subject-dn-2253': subject,
    'x-cert-issuer-dn-2253': issuerName,
    'x-cert-subject-dn-l': `/C=US/CN=legacy`,
    'x-cert-issuer-dn-l': `/C=US/O=Acme/CN=legacy issuer`,
    'x-cert-serial': cert.serialNumber,
    'x-cert-issuer-serial': issuer.serialNumber,
    'x-cert-ski': names.subjectKeyId ?? '',
    'x-cert-issuer-ski': readCertificateNames(issuer.raw).subjectKeyId ?? '',
    'x-cert-finger': hex(cert.fingerprint),
    'x-cert-finger-256': hex(cert.fingerprint256),
    'x-cert-notbe': cert.validFrom,
    'x-cert-notaf': cert.validTo,
    'client-cert': `:${cert.raw.toString('base64')}:`,
    ...changes,
  })
}

/**
 * The headers of Cloudflare's managed transform, with the names of the certificate as the Worker would send them.
 *
 * @param changes - by the names of the managed transform
 */
export function cfCertLines(issued: IssuedCert, changes: HeaderChanges = {}): HeaderLine[] {
  const sent = new Map(certificateLines(issued))
  const flags = { 'cf-cert-presented': 'true', 'cf-cert-verified': 'true', 'cf-cert-revoked': 'false' }
  const values = CF_CERT_HEADERS.map(({ name, field }) => {
    const ours = CERTIFICATE_HEADERS.find((header) => header.field === field)?.name
    return [name, sent.get(ours ?? '') ?? null] as const
  })
  return Object.entries({ ...Object.fromEntries(values), ...flags, ...changes }).flatMap(([name, value]) =>
    value ? [[name, value] as const] : [],
  )
}

/** The headers that the transform rules of RFC 9440 write for a certificate that is verified. */
export function rfc9440Lines({ cert }: IssuedCert, changes: HeaderChanges = {}): HeaderLine[] {
  const values = { 'client-cert': `:${cert.raw.toString('base64')}:`, ...changes }
  return Object.entries(values).flatMap(([name, value]) => (value ? [[name, value] as const] : []))
}

/** Fields as `readHeaders` reads them from the lines of a source. */
export function fieldsFrom(source: HeaderSourceName, lines: Iterable<HeaderLine>): EdgeFields {
  return readHeaders([...lines].flat(), HEADER_SOURCES[source])
}

/** The certificate headers of a client without a certificate. */
export function noCertificateLines(changes: HeaderChanges = {}): HeaderLine[] {
  return lines({ 'x-cert-presented': '0', 'x-cert-verify': 'NONE', 'x-cert-revoked': '0', ...changes })
}

/** The line of an Access token. */
export function tokenLine(token: string): HeaderLine {
  return [ACCESS_TOKEN_HEADER, token]
}

/** Fields as `readHeaders` would read them, by the names of the Worker's headers. */
export function edgeFieldsOf(entries: Iterable<HeaderLine>, source: HeaderSource = HEADER_SOURCES.worker): EdgeFields {
  const fields = new EdgeFields(source)
  for (const [name, value] of entries) {
    if (isLaterHeader(name)) {
      fields.later = [...fields.later, [name, value]]
      continue
    }
    if (!COVERED_FIELDS.some((field) => field === name)) throw new TypeError(`${name} is not a field of the edge`)
    fields.values[slotOf(name as CoveredField)] = value
  }
  return fields
}

function lines(values: HeaderChanges): HeaderLine[] {
  const names: string[] = CERTIFICATE_HEADERS.map(({ name }) => name)
  const others = Object.keys(values).filter((name) => !names.includes(name))
  return [...names, ...others].flatMap((name) => (values[name] ? [[name, values[name]] as const] : []))
}

const hex = (text: string) => text.replaceAll(':', '').toLowerCase()

/** Escapes characters outside printable ASCII as `\XX` pairs, as the Worker does. */
function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]+/gu, (run) =>
    Array.from(Buffer.from(run), (byte) => `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}
