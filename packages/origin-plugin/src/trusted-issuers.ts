import { X509Certificate } from 'node:crypto'
import { normalizeHex } from '@countersign/wire'
import { readCertificateNames } from './certificate-names.ts'
import type { ClientCert } from './client-cert.ts'
import { DistinguishedName } from './distinguished-name.ts'
import { refusal } from './errors.ts'

/**
 * A CA whose client certificates are accepted: its certificate in PEM, or its name, its key identifier, or both. It is
 * the CA that signed the client certificates, not a root above it.
 */
export type TrustedIssuer = string | { readonly dn?: string; readonly keyId?: string }

/** A trusted issuer, ready to compare with. */
export interface CompiledIssuer {
  readonly dn: DistinguishedName | undefined
  readonly keyId: string | undefined
  readonly ca: X509Certificate | undefined
}

/**
 * Checks and compiles the option `trustedIssuers`.
 *
 * @throws TypeError with a sentence that says what to write
 */
export function compileTrustedIssuers(issuers: unknown): CompiledIssuer[] | null {
  if (issuers === null) return null
  if (!Array.isArray(issuers) || issuers.length === 0) {
    throw new TypeError(
      'trustedIssuers must list at least one CA: a PEM certificate, { dn } or { keyId }. Write null to trust every CA that Cloudflare verifies against',
    )
  }
  return issuers.flatMap((issuer, at) => {
    try {
      return typeof issuer === 'string' ? compilePem(issuer) : [compileDescription(issuer)]
    } catch (error) {
      throw new TypeError(`trustedIssuers[${at}]: ${(error as Error).message}`)
    }
  })
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

function compilePem(pem: string): CompiledIssuer[] {
  const blocks = pem.match(CERTIFICATE)
  if (!blocks)
    throw new TypeError(
      'the text holds no PEM certificate: read it with readFileSync(path, "utf8"), or write { dn: "CN=…" }',
    )
  return blocks.map((block) => {
    const ca = new X509Certificate(block)
    if (!ca.ca)
      throw new TypeError('the certificate is not that of a CA: give the one that signs the client certificates')
    const { subject, subjectKeyId } = readCertificateNames(ca.raw)
    return { dn: subject, keyId: subjectKeyId, ca }
  })
}

function compileDescription(issuer: unknown): CompiledIssuer {
  if (typeof issuer !== 'object' || issuer === null) throw new TypeError('write a PEM certificate, { dn } or { keyId }')
  const { dn, keyId, ...others } = issuer as { dn?: unknown; keyId?: unknown }
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new TypeError(`"${unknown}" is not known: write { dn }, { keyId } or both`)
  if (Object.keys(issuer).length === 0) throw new TypeError('write { dn }, { keyId } or both')
  // Also when it is there but undefined: the other must not be left to decide alone.
  if ('dn' in issuer && (typeof dn !== 'string' || dn === ''))
    throw new TypeError('dn must be a name such as "CN=Acme CA,O=Acme"')
  if ('keyId' in issuer && typeof keyId !== 'string') throw new TypeError('keyId must be hexadecimal text')
  return {
    dn: typeof dn === 'string' ? DistinguishedName.parse(dn) : undefined,
    keyId: typeof keyId === 'string' ? normalizeHex(keyId) : undefined,
    ca: undefined,
  }
}

/**
 * Requires that a trusted issuer signed the certificate. By name and key identifier; by the signature itself where the
 * issuer's certificate is configured and the client's came along.
 *
 * @throws CountersignError `CSN_CERT_UNTRUSTED_ISSUER`
 */
export function requireTrustedIssuer(cert: ClientCert, issuers: readonly CompiledIssuer[]): void {
  const named = issuers.filter((issuer) => isNamed(cert, issuer))
  if (named.length === 0)
    throw refusal('CSN_CERT_UNTRUSTED_ISSUER', `the issuer ${cert.issuer} is not one of trustedIssuers`)
  if (!named.some((issuer) => hasSigned(cert, issuer))) {
    throw refusal(
      'CSN_CERT_UNTRUSTED_ISSUER',
      `the certificate has the issuer's name but not its signature: ${cert.issuer}`,
    )
  }
}

function isNamed(cert: ClientCert, { dn, keyId, ca }: CompiledIssuer): boolean {
  if (dn && !dn.equals(cert.issuer)) return false
  if (!keyId) return true
  // A PEM's key identifier is held against the header where there is one; a configured keyId has to be there.
  return cert.issuerKeyId === undefined ? ca !== undefined : cert.issuerKeyId === keyId
}

function hasSigned({ x509 }: ClientCert, { ca }: CompiledIssuer): boolean {
  if (!x509 || !ca) return true
  return x509.checkIssued(ca) && x509.verify(ca.publicKey)
}
