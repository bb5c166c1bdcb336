import { X509Certificate } from 'node:crypto'
import type { PathCertificate } from '../certification-path/path-certificate.ts'
import type { ChainCert, ClientCert } from '../client-cert.ts'
import { readSerialNumber } from '../x509/hex-identifier.ts'

/**
 * Makes a certificate that requests can share: frozen, and without a part that a handler could change for the others.
 *
 * Dates, bytes and Node's certificates cannot be frozen, so each read returns a new one.
 *
 * @param path - the CAs of its certification path, if there is one
 */
export function shareableCert(cert: ClientCert, path: readonly PathCertificate[] | undefined): ClientCert {
  const [validFrom, validTo] = [cert.validFromDate.getTime(), cert.validToDate.getTime()]
  const der = cert.x509?.raw
  return Object.freeze({
    ...cert,
    chain: path && Object.freeze(path.map(shareableCa)),
    get x509() {
      return der && new X509Certificate(der)
    },
    get validFromDate() {
      return new Date(validFrom)
    },
    get validToDate() {
      return new Date(validTo)
    },
  })
}

function shareableCa({ x509, subject, issuer, keyId, validFrom, validTo }: PathCertificate): ChainCert {
  const der = x509.raw
  return Object.freeze({
    subject,
    issuer,
    serialNumber: readSerialNumber(x509.serialNumber),
    fingerprint256: x509.fingerprint256,
    validFrom: x509.validFrom,
    validTo: x509.validTo,
    keyId,
    get validFromDate() {
      return new Date(validFrom)
    },
    get validToDate() {
      return new Date(validTo)
    },
    get x509() {
      return new X509Certificate(der)
    },
  })
}
