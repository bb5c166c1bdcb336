import { type ClientCert, describeCert } from '../client-cert.ts'
import { refusalAt } from '../errors.ts'
import { readAuthorityKey } from '../x509/authority-key.ts'
import type { CompiledIssuer } from './trusted-issuers.ts'

const refuse = refusalAt('trust')

/**
 * Requires that a trusted issuer signed the certificate.
 *
 * For an issuer in PEM it compares the names and verifies the signature, which needs the certificate itself. Cloudflare
 * forwards none above 10 KiB, and the CA decides on the size. A missing certificate therefore never means less: it is
 * refused, unless the issuer is trusted by name explicitly.
 *
 * @returns every trusted issuer that may have signed it
 * @throws CountersignError `CSN_CERT_UNTRUSTED_ISSUER`
 */
export function requireTrustedIssuer(cert: ClientCert, issuers: readonly CompiledIssuer[]): readonly CompiledIssuer[] {
  const named = issuers.filter((issuer) => isNamed(cert, issuer))
  if (named.length === 0) throw untrusted(cert, unnamedReason(cert, issuers))
  const signers = named.filter((issuer) => hasSigned(cert, issuer))
  if (signers.length === 0) throw untrusted(cert, cert.x509 ? unsignedReason(cert, named) : unprovenReason(cert))
  return signers
}

function untrusted(cert: ClientCert, reason: string) {
  return refuse('CSN_CERT_UNTRUSTED_ISSUER', `${reason} (${describeCert(cert)})`)
}

/** With both certificates at hand the signature decides, and not the key identifiers, which a CA chooses. */
function isNamed(cert: ClientCert, { dn, keyId, ca }: CompiledIssuer): boolean {
  if (dn && !dn.equals(cert.issuer)) return false
  return !keyId || (ca !== undefined && cert.x509 !== undefined) || cert.issuerKeyId === keyId
}

function hasSigned({ x509 }: ClientCert, { ca, byName }: CompiledIssuer): boolean {
  return x509 && ca ? x509.checkIssued(ca) && x509.verify(ca.publicKey) : byName
}

function unnamedReason({ issuer, issuerKeyId = 'missing' }: ClientCert, issuers: readonly CompiledIssuer[]): string {
  const namesake = issuers.find(({ dn }) => dn?.equals(issuer))
  if (!namesake) return `the issuer ${issuer} is not one of trustedIssuers`
  return `the issuer ${issuer} has the name of a trusted issuer and another key: its key identifier is ${issuerKeyId}, not ${namesake.keyId}`
}

function unprovenReason({ raw }: ClientCert): string {
  return raw['x-cert-too-large'] === '1'
    ? 'the certificate is larger than 10 KiB, so Cloudflare does not forward it and its signature cannot be verified; issue a smaller one, or write { ca, byName: true }'
    : 'the Worker does not forward the certificate, so its signature cannot be verified; set COUNTERSIGN_FORWARD_CERT to leaf, or write { ca, byName: true }'
}

function unsignedReason({ issuer, x509 }: ClientCert, named: readonly CompiledIssuer[]): string {
  const sameKey = named.find(({ ca }) => ca && x509?.verify(ca.publicKey))
  if (!x509 || !sameKey?.ca)
    return `another CA of the same name signed the certificate, and not the trusted issuer ${issuer}`
  const { serialNumber, keyId } = readAuthorityKey(x509.raw)
  // A CA that renews its certificate keeps its key, and the certificates from before still name the old one.
  const other =
    serialNumber !== undefined && serialNumber !== sameKey.ca.serialNumber
      ? `serial number ${serialNumber}, and not ${sameKey.ca.serialNumber}`
      : `key identifier ${keyId}, and not ${sameKey.keyId}`
  return `the certificate names another certificate of its issuer ${issuer}, with the same key and the ${other}; list that one in trustedIssuers too`
}
