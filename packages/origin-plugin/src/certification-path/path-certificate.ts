import type { X509Certificate } from 'node:crypto'
import { parseCertificateDate } from '@countersign/wire'
import { readNames } from '../x509/certificate-names.ts'
import { type CertificateParts, readCertificateParts } from '../x509/certificate-parts.ts'
import type { DistinguishedName } from '../x509/distinguished-name.ts'
import { KEY_USAGE_BITS } from '../x509/extensions/key-usage.ts'
import { parseCertificate } from '../x509/parse-certificate.ts'
import { readX509Algorithm } from '../x509/signatures/x509-algorithm.ts'
import { keyFault } from './key-fault.ts'
import { type Constraints, readConstraints } from './read-constraints.ts'

/** A certificate that can have a place in a certification path. */
export interface PathCertificate {
  readonly x509: X509Certificate
  readonly subject: DistinguishedName
  readonly issuer: DistinguishedName
  /** Subject key identifier in upper-case hexadecimal, if the certificate has one. */
  readonly keyId: string | undefined
  readonly key: X509Certificate['publicKey']
  /** Milliseconds since the epoch. */
  readonly validFrom: number
  readonly validTo: number
  /** Whether it is issued to its own issuer. Such a certificate does not count for a path length constraint. */
  readonly isSelfIssued: boolean
  readonly pathLength: number
  /** The reason why it must not issue client certificates, at any time; a sentence without its subject. */
  readonly caFault: string | undefined
  /** The reason why it must not be a client's certificate, at any time. */
  readonly clientFault: string | undefined
  /** The weakness of the algorithm with which its issuer signed it. */
  readonly signatureFault: string | undefined
}

/**
 * Reads a certificate for a certification path.
 *
 * @throws SyntaxError if it cannot be read
 */
export function readPathCertificate(x509: X509Certificate): PathCertificate {
  const parts = readCertificateParts(x509.raw)
  const { subject, issuer, subjectKeyId } = readNames(parts)
  const constraints = readConstraints(parts)
  const key = readKey(x509)
  const weakness = keyFault(key, parts.publicKey)
  return {
    x509,
    subject,
    issuer,
    keyId: subjectKeyId,
    key,
    validFrom: parseCertificateDate(x509.validFrom),
    validTo: parseCertificateDate(x509.validTo),
    isSelfIssued: subject.equals(issuer),
    pathLength: constraints.pathLength,
    caFault: caFaultOf(constraints) ?? extensionFaultOf(constraints) ?? weakness,
    clientFault: clientFaultOf(constraints) ?? extensionFaultOf(constraints) ?? weakness,
    signatureFault: signatureFaultOf(parts),
  }
}

/**
 * Reads the bytes of one certificate.
 *
 * @throws SyntaxError if they are not exactly one certificate that can be read
 */
export function parsePathCertificate(der: Uint8Array): PathCertificate {
  return readPathCertificate(parseCertificate(der))
}

/** Whether a time is within the validity of a certificate, whose last moment belongs to it (RFC 5280, section 4.1.2.5). */
export function isValidAt({ validFrom, validTo }: PathCertificate, time: number): boolean {
  return validFrom <= time && time <= validTo
}

function readKey(x509: X509Certificate): X509Certificate['publicKey'] {
  try {
    return x509.publicKey
  } catch {
    throw new SyntaxError('its public key is of a kind that Node does not support')
  }
}

function caFaultOf({ isCa, keyUsage, allowsClients }: Constraints): string | undefined {
  if (!isCa) return 'is not that of a CA: its basic constraints do not contain cA'
  if ((keyUsage & KEY_USAGE_BITS.KEY_CERT_SIGN) === 0) {
    return 'must not sign certificates: its key usage does not contain keyCertSign'
  }
  return allowsClients ? undefined : CLIENT_AUTH_FAULT
}

function clientFaultOf({ keyUsage, allowsClients }: Constraints): string | undefined {
  if (!allowsClients) return CLIENT_AUTH_FAULT
  // A client signs the handshake of TLS, or agrees on its key with a fixed one.
  return (keyUsage & (KEY_USAGE_BITS.DIGITAL_SIGNATURE | KEY_USAGE_BITS.KEY_AGREEMENT)) === 0
    ? 'must not sign a TLS handshake: its key usage does not contain digitalSignature'
    : undefined
}

const CLIENT_AUTH_FAULT = 'is not for TLS clients: its extended key usage does not contain clientAuth'

function extensionFaultOf({ unenforced, unknown }: Constraints): string | undefined {
  if (unenforced.length > 0) return `has ${unenforced.join(' and ')}, which the plugin does not enforce`
  return unknown.length > 0
    ? `has a critical extension that the plugin does not know: ${unknown.join(', ')}`
    : undefined
}

function signatureFaultOf({ algorithm }: CertificateParts): string | undefined {
  try {
    readX509Algorithm(algorithm, 'it')
    return undefined
  } catch (error) {
    if (error instanceof SyntaxError) return error.message.replace(/^it /, '')
    throw error
  }
}
