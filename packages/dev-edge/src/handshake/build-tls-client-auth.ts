import type { X509Certificate } from 'node:crypto'
import type { TlsClientAuth } from '@countersign/wire'
import { readCertificateFields } from './certificate-fields.ts'
import type { ClientHandshake } from './client-handshake.ts'
import { formatName, formatNameLegacy, formatNameRfc2253 } from './format-name.ts'
import { isSelfIssued } from './peer-certificates.ts'
import { formatClientCert, formatClientCertChain } from './rfc9440.ts'

/** Every field that Cloudflare fills. */
export type FullTlsClientAuth = Required<TlsClientAuth>

/** Cloudflare's value for a client without a certificate. */
const PLACEHOLDER: FullTlsClientAuth = {
  certPresented: '0',
  certVerified: 'NONE',
  certRevoked: '0',
  certIssuerDN: '',
  certSubjectDN: '',
  certIssuerDNRFC2253: '',
  certSubjectDNRFC2253: '',
  certIssuerDNLegacy: '',
  certSubjectDNLegacy: '',
  certSerial: '',
  certIssuerSerial: '',
  certSKI: '',
  certIssuerSKI: '',
  certFingerprintSHA1: '',
  certFingerprintSHA256: '',
  certNotBefore: '',
  certNotAfter: '',
  certRFC9440: '',
  certRFC9440TooLarge: false,
  certChainRFC9440: '',
  certChainRFC9440TooLarge: false,
}

/** Facts about certificates that the handshake does not contain. */
export interface EdgeKnowledge {
  /** The CAs whose clients the edge verifies. */
  readonly authorities: readonly X509Certificate[]
  /** Whether a certificate is revoked at the edge. */
  isRevoked(leaf: X509Certificate): boolean
}

/**
 * Builds `request.cf.tlsClientAuth` in the formats of Cloudflare.
 *
 * @param handshake - `undefined` if the client sent no certificate
 * @see
 * {@link https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties Cloudflare: request.cf}
 */
export function buildTlsClientAuth(handshake: ClientHandshake | undefined, edge: EdgeKnowledge): FullTlsClientAuth {
  if (!handshake) return PLACEHOLDER
  const { leaf, chain, verdict } = handshake
  const fields = readCertificateFields(leaf.raw)
  const issuer = findIssuer(leaf, [...chain, ...edge.authorities])
  const issuerFields = issuer && readCertificateFields(issuer.raw)
  const clientCert = formatClientCert(leaf)
  const clientCertChain = formatClientCertChain(chain.filter((certificate) => !isSelfIssued(certificate)))
  return {
    certPresented: '1',
    certVerified: verdict,
    // As at Cloudflare, the verdict of a revoked certificate stays SUCCESS.
    certRevoked: edge.isRevoked(leaf) ? '1' : '0',
    certIssuerDN: formatName(fields.issuer),
    certSubjectDN: formatName(fields.subject),
    certIssuerDNRFC2253: formatNameRfc2253(fields.issuer),
    certSubjectDNRFC2253: formatNameRfc2253(fields.subject),
    certIssuerDNLegacy: formatNameLegacy(fields.issuer),
    certSubjectDNLegacy: formatNameLegacy(fields.subject),
    certSerial: upperHex(fields.serialNumber),
    certIssuerSerial: upperHex(issuerFields?.serialNumber),
    certSKI: upperHex(fields.subjectKeyId),
    certIssuerSKI: upperHex(issuerFields?.subjectKeyId),
    certFingerprintSHA1: lowerHex(leaf.fingerprint),
    certFingerprintSHA256: lowerHex(leaf.fingerprint256),
    // Node prints OpenSSL's text.
    certNotBefore: leaf.validFrom,
    certNotAfter: leaf.validTo,
    certRFC9440: clientCert.value,
    certRFC9440TooLarge: clientCert.tooLarge,
    certChainRFC9440: clientCertChain.value,
    certChainRFC9440TooLarge: clientCertChain.tooLarge,
  }
}

/** Finds the issuer by name, key identifier and signature, because two CAs may have the same name. */
function findIssuer(leaf: X509Certificate, candidates: readonly X509Certificate[]): X509Certificate | undefined {
  const isIssuer = (ca: X509Certificate) => leaf.checkIssued(ca) && leaf.verify(ca.publicKey)
  return isIssuer(leaf) ? leaf : candidates.find(isIssuer)
}

function upperHex(bytes: Uint8Array = new Uint8Array()): string {
  return Buffer.from(bytes).toString('hex').toUpperCase()
}

/** Converts Node's form, `AB:CD:…`. */
function lowerHex(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase()
}
