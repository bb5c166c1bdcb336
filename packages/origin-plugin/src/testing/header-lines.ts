import type { X509Certificate } from 'node:crypto'
import { CERTIFICATE_HEADERS } from '@countersign/wire'
import { readCertificateNames } from '../x509/certificate-names.ts'

/** A certificate of the tests with the one that signed it. */
export interface IssuedCert {
  readonly cert: X509Certificate
  readonly issuer: X509Certificate
  readonly pem: string
}

/** A header line as it goes over the wire. */
export type HeaderLine = readonly [name: string, value: string]

/** Other values by header name; `null` leaves the header out. */
export type HeaderChanges = Readonly<Record<string, string | null>>

const hex = (text: string) => text.replaceAll(':', '')

/** The certificate headers that the Worker sends, in Cloudflare's formats and the table's order. */
export function certificateLines({ cert, issuer }: IssuedCert, changes: HeaderChanges = {}): HeaderLine[] {
  const names = readCertificateNames(cert.raw)
  const subject = String(names.subject)
  const issuerName = String(names.issuer)
  return lines({
    'x-cert-presented': '1',
    'x-cert-verify': 'SUCCESS',
    'x-cert-revoked': '0',
    'x-cert-subject-dn': ascii(subject),
    'x-cert-issuer-dn': ascii(issuerName),
    'x-cert-subject-dn-2253': ascii(subject),
    'x-cert-issuer-dn-2253': ascii(issuerName),
    'x-cert-subject-dn-l': `/C=US/CN=legacy`,
    'x-cert-issuer-dn-l': `/C=US/O=Acme/CN=legacy issuer`,
    'x-cert-serial': cert.serialNumber,
    'x-cert-issuer-serial': issuer.serialNumber,
    'x-cert-ski': names.subjectKeyId ?? '',
    'x-cert-issuer-ski': readCertificateNames(issuer.raw).subjectKeyId ?? '',
    'x-cert-finger': hex(cert.fingerprint).toLowerCase(),
    'x-cert-finger-256': hex(cert.fingerprint256).toLowerCase(),
    'x-cert-notbe': cert.validFrom,
    'x-cert-notaf': cert.validTo,
    'client-cert': `:${cert.raw.toString('base64')}:`,
    ...changes,
  })
}

/** The certificate headers of a client without a certificate. */
export function noCertificateLines(changes: HeaderChanges = {}): HeaderLine[] {
  return lines({ 'x-cert-presented': '0', 'x-cert-verify': 'NONE', 'x-cert-revoked': '0', ...changes })
}

function lines(values: HeaderChanges): HeaderLine[] {
  const names: string[] = CERTIFICATE_HEADERS.map(({ name }) => name)
  const others = Object.keys(values).filter((name) => !names.includes(name))
  return [...names, ...others].flatMap((name) => (values[name] ? [[name, values[name]] as const] : []))
}

/** `\XX` pairs for what is not printable ASCII, as the Worker does. */
function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]+/gu, (run) =>
    Array.from(Buffer.from(run), (byte) => `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}
