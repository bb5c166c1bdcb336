import { createHash, type X509Certificate } from 'node:crypto'
import { parseCertificateDate } from '@countersign/wire'
import type { ClientCert } from '../client-cert.ts'
import { refusalAt } from '../errors.ts'
import { deepFreeze } from '../lib/deep-freeze.ts'
import type { EdgeFields } from '../read-headers.ts'
import { type CertificateNames, readNames, type SubjectAltNames } from '../x509/certificate-names.ts'
import { type CertificateParts, readCertificateParts } from '../x509/certificate-parts.ts'
import { readOrUndefined } from '../x509/der.ts'
import { type KeyPurpose, readExtendedKeyUsage } from '../x509/extensions/extended-key-usage.ts'
import { fingerprintOf, readSerialNumber } from '../x509/hex-identifier.ts'
import { parseCertificate } from '../x509/parse-certificate.ts'
import { isSigningCertificate } from '../x509/signing-certificate.ts'
import { findSpiffeId } from '../x509/text/spiffe-id.ts'

const refuse = refusalAt('certificate')

/** The certificate in `Client-Cert`. */
export interface ForwardedCert {
  readonly x509: X509Certificate
  readonly parts: CertificateParts
  readonly names: CertificateNames
  readonly spiffeId: string | undefined
  /** SHA-256 of SubjectPublicKeyInfo in base64. */
  readonly spki256: string
  readonly extendedKeyUsage: readonly KeyPurpose[] | undefined
  readonly serialNumber: string
  /** Milliseconds since the epoch. `X509Certificate#validFromDate` needs Node 22.10. */
  readonly validFrom: number
  readonly validTo: number
}

const BYTE_SEQUENCE = /^:([A-Za-z0-9+/]+={0,2}):$/

/** The base64 of a certificate as RFC 9440 writes it; `undefined` for a text of another form. */
export function readByteSequence(text: string): string | undefined {
  return BYTE_SEQUENCE.exec(text)?.[1]
}

/**
 * Reads the certificate in `Client-Cert` (RFC 9440).
 *
 * Bytes that cannot be read have one of two causes. Either they are the certificate that Cloudflare verified, and our
 * reader is stricter, or something changed the header. Their hash tells the two apart. Without a fingerprint in the
 * headers, a certificate that Node can read counts as the verified one.
 *
 * @param fingerprint256 - the fingerprint in the headers, in Node's spelling; `undefined` if the source sends none
 * @returns `undefined` without the header
 * @throws CountersignError `CSN_HEADERS_MALFORMED`, or `CSN_CERT_UNREADABLE` for a certificate with this fingerprint
 */
export function readForwardedCert(fields: EdgeFields, fingerprint256: string | undefined): ForwardedCert | undefined {
  const text = fields.get('client-cert')
  if (text === undefined) return undefined
  const base64 = readByteSequence(text)
  if (!base64) throw refuse('CSN_HEADERS_MALFORMED', 'client-cert is not base64 between colons (RFC 9440)')
  const der = Buffer.from(base64, 'base64')
  try {
    return readCertificate(der)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw isVerified(der, fingerprint256)
      ? refuse('CSN_CERT_UNREADABLE', `the certificate that Cloudflare verified cannot be read: ${error.message}`)
      : refuse('CSN_HEADERS_MALFORMED', `client-cert: ${error.message}`)
  }
}

/**
 * The properties of a {@link ClientCert} that only the certificate itself has. Requests share them, so they are frozen.
 *
 * @param forwarded - `undefined` for a certificate that did not come along
 */
export function ownProperties(
  forwarded: ForwardedCert | undefined,
): Pick<
  ClientCert,
  'x509' | 'chain' | 'subjectAltName' | 'subjectAltNames' | 'spiffeId' | 'spki256' | 'extendedKeyUsage'
> {
  return {
    x509: forwarded?.x509,
    // Only readTrustedCert() verifies a path.
    chain: undefined,
    subjectAltName: forwarded?.x509.subjectAltName,
    subjectAltNames: deepFreeze(forwarded?.names.subjectAltNames),
    spiffeId: forwarded?.spiffeId,
    spki256: forwarded?.spki256,
    extendedKeyUsage: deepFreeze(forwarded?.extendedKeyUsage),
  }
}

function isVerified(der: Buffer, fingerprint256: string | undefined): boolean {
  if (fingerprint256 === undefined) return isCertificate(der)
  return fingerprintOf(createHash('sha256').update(der).digest('hex'), 32) === fingerprint256
}

function isCertificate(der: Buffer): boolean {
  try {
    parseCertificate(der)
    return true
  } catch {
    return false
  }
}

function readCertificate(der: Buffer): ForwardedCert {
  const x509 = parseCertificate(der)
  const parts = readCertificateParts(der)
  const names = readNames(parts)
  return {
    x509,
    parts,
    names,
    spiffeId: isSigningCertificate(parts) ? undefined : readSpiffeId(names.subjectAltNames),
    spki256: createHash('sha256').update(parts.publicKey).digest('base64'),
    extendedKeyUsage: readExtendedKeyUsage(parts),
    serialNumber: readSerialNumber(x509.serialNumber),
    validFrom: parseCertificateDate(x509.validFrom),
    validTo: parseCertificateDate(x509.validTo),
  }
}

/** A certificate without a valid SPIFFE ID may have other names, so this is not a fault of the whole certificate. */
function readSpiffeId(names: SubjectAltNames): string | undefined {
  const id = readOrUndefined(() => findSpiffeId(names))
  return id && `spiffe://${id.trustDomain}${id.path}`
}
