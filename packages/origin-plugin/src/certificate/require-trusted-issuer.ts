import type { X509Certificate } from 'node:crypto'
import type { NoPath } from '../certification-path/describe-no-path.ts'
import { refusalAt } from '../errors.ts'
import { type Facts, factOf, NO_FACTS } from '../facts/facts.ts'
import { readCertificateParts } from '../x509/certificate-parts.ts'
import { readOrUndefined } from '../x509/der.ts'
import { type AuthorityKey, readAuthorityKey } from '../x509/extensions/authority-key.ts'
import { lookForPath, type VerifiedPath } from './look-for-path.ts'
import { describeParsed, type ParsedCert } from './shareable-cert.ts'
import type { CompiledIssuer } from './trusted-issuers.ts'

const refuse = refusalAt('trust')

/** The reasons to trust a certificate. There is at least one. */
export interface Trust {
  /** Every trusted issuer that may have signed it. */
  readonly issuers: readonly CompiledIssuer[]
  /** The certification path to a root, if an issuer has `chain` and a path was found. */
  readonly path: VerifiedPath | undefined
}

/**
 * Requires that a trusted issuer signed the certificate, or that a certification path leads to a root.
 *
 * For an issuer in PEM it compares the names and verifies the signature, which needs the certificate itself. Cloudflare
 * forwards none above 10 KiB, and the CA decides on the size. A missing certificate therefore never means less: it is
 * refused, unless the issuer is trusted by name explicitly.
 *
 * @param now - seconds since the epoch
 * @param facts - the signatures that are known to verify
 * @throws CountersignError `CSN_CERT_UNTRUSTED_ISSUER`, `CSN_HEADERS_MALFORMED` for a malformed `Client-Cert-Chain`, or
 *   `CSN_CERT_UNREADABLE` for a certificate that cannot be a part of a path
 */
export function requireTrustedIssuer(
  cert: ParsedCert,
  trusted: readonly CompiledIssuer[],
  now: number,
  facts: Facts = NO_FACTS,
): Trust {
  const named = trusted.filter((issuer) => !issuer.chain && isNamed(cert, issuer))
  const issuers = named.filter((issuer) => hasIssued(cert, issuer, facts))
  const anchors = trusted.flatMap(({ chain }) => (chain ? [chain.anchor] : []))
  const found =
    anchors.length > 0 && cert.whole ? lookForPath(cert, cert.whole(), anchors, now * 1000, facts) : undefined
  if (found && 'cas' in found) return { issuers, path: found }
  if (issuers.length > 0) return { issuers, path: undefined }
  if (found?.kind === 'unreadable') throw refuse('CSN_CERT_UNREADABLE', `${found.reason} (${describeParsed(cert)})`)
  if (found?.kind === 'signed') throw untrusted(cert, found.reason)
  throw named.length > 0 ? unissued(cert, named) : untrusted(cert, unnamedReason(cert, trusted, found))
}

function untrusted(cert: ParsedCert, reason: string) {
  return refuse('CSN_CERT_UNTRUSTED_ISSUER', `${reason} (${describeParsed(cert)})`)
}

/** With both certificates at hand the signature decides, and not the key identifiers, which a CA chooses. */
function isNamed(cert: ParsedCert, { dn, keyId, ca }: CompiledIssuer): boolean {
  if (dn && !dn.equals(cert.issuer)) return false
  return !keyId || (ca !== undefined && cert.whole !== undefined) || cert.issuerKeyId === keyId
}

function hasIssued({ whole, sha256 }: ParsedCert, { ca, byName }: CompiledIssuer, facts: Facts): boolean {
  if (!whole || !ca) return byName
  const fact = factOf('issued', ca.fingerprint256, sha256)
  if (facts.has(fact)) return true
  const { x509 } = whole()
  const isIssued = x509.checkIssued(ca) && x509.verify(ca.publicKey)
  if (isIssued) facts.note(fact)
  return isIssued
}

function unnamedReason(cert: ParsedCert, trusted: readonly CompiledIssuer[], noPath: NoPath | undefined): string {
  const { issuer, issuerKeyId = 'missing' } = cert
  const stranger = `the issuer ${issuer} is not one of trustedIssuers`
  if (noPath) return noPath.kind === 'missing' ? `${stranger}, and ${noPath.reason}` : noPath.reason
  if (trusted.some(({ chain }) => chain)) return unprovenReason(cert, true)
  const namesake = trusted.find(({ dn }) => dn?.equals(issuer))
  if (!namesake) return stranger
  return `the issuer ${issuer} has the name of a trusted issuer and another key: its key identifier is ${issuerKeyId}, not ${namesake.keyId}`
}

/** Only the issuer's own signature can be replaced by its name. A path needs every certificate. */
function unprovenReason({ headers }: ParsedCert, hasChain: boolean): string {
  const [forward, orName] = hasChain ? ['chain', ''] : ['leaf', ', or write { ca, byName: true }']
  return headers.get('x-cert-too-large') === '1'
    ? `the certificate is larger than 10 KiB, so Cloudflare does not forward it and its signature cannot be verified; issue a smaller one${orName}`
    : `the Worker does not forward the certificate, so its signature cannot be verified; set COUNTERSIGN_FORWARD_CERT to ${forward}${orName}`
}

/** The refusal of a certificate with the name of a trusted issuer that has not issued it. */
function unissued(cert: ParsedCert, named: readonly CompiledIssuer[]) {
  if (!cert.whole) return untrusted(cert, unprovenReason(cert, false))
  const { x509 } = cert.whole()
  const signer = named.find(({ ca }) => ca && x509.verify(ca.publicKey))
  if (signer?.ca) return unmatched(cert, x509, { serialNumber: signer.ca.serialNumber, keyId: signer.keyId })
  return untrusted(
    cert,
    `another CA of the same name signed the certificate, and not the trusted issuer ${cert.issuer}`,
  )
}

/** The refusal of a certificate that the issuer's key signed, and that OpenSSL does not take for the issuer's. */
function unmatched(cert: ParsedCert, x509: X509Certificate, ca: AuthorityKey) {
  const { issuer } = cert
  const authority = readOrUndefined(() => readAuthorityKey(readCertificateParts(x509.raw)))
  if (!authority) {
    return untrusted(
      cert,
      `the authority key identifier of the certificate cannot be read, so it may name another certificate of its issuer ${issuer}`,
    )
  }
  // A CA that renews its certificate keeps its key, and the certificates from before still name the old one.
  const difference = DIFFERENCES.find(([key]) => authority[key] !== undefined && authority[key] !== ca[key])
  if (difference === undefined) {
    return refuse(
      'CSN_CERT_UNREADABLE',
      `its issuer ${issuer} signed the certificate, and OpenSSL does not accept an extension of it: one is malformed, or its authority key identifier names the issuer by another name (${describeParsed(cert)})`,
    )
  }
  const [key, words] = difference
  return untrusted(
    cert,
    `the certificate names another certificate of its issuer ${issuer}, with the same key and the ${words} ${authority[key]}, and not ${ca[key]}; list that one in trustedIssuers too`,
  )
}

const DIFFERENCES = [
  ['serialNumber', 'serial number'],
  ['keyId', 'key identifier'],
] as const
