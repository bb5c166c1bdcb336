import { X509Certificate } from 'node:crypto'
import { normalizeHex } from '@countersign/wire'
import type { ClientCert } from '../client-cert.ts'
import { refusalAt } from '../errors.ts'
import { checkKnown, checkObject, optionNames } from '../lib/check-option.ts'
import { checkRevocation, createRevocation, type Revocation, type RevocationOptions } from '../revocation/revocation.ts'
import { readCertificateNames } from '../x509/certificate-names.ts'
import { DistinguishedName } from '../x509/distinguished-name.ts'
import { requirePemText } from './require-pem-text.ts'

const refuse = refusalAt('trust')

/** A CA whose client certificates are accepted, by its certificate, its name or its key identifier. */
export interface TrustedIssuerOptions {
  /** The CA's certificate in PEM. */
  readonly ca?: string
  /** The CA's name in RFC 4514 text. */
  readonly dn?: string
  /** The CA's subject key identifier in hexadecimal. */
  readonly keyId?: string
  /** The CA's revocation list. It needs `ca`, whose key signs the list. */
  readonly revocation?: RevocationOptions
}

/**
 * A CA whose client certificates are accepted: its certificate in PEM, or its {@link TrustedIssuerOptions}. It must be
 * the CA that signs the client certificates, not a root above it.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 * import type { TrustedIssuer } from '@countersign/origin-plugin'
 *
 * const trustedIssuers: TrustedIssuer[] = [readFileSync('client-ca.pem', 'utf8'), { dn: 'CN=Acme CA,O=Acme' }]
 * ```
 */
export type TrustedIssuer = string | TrustedIssuerOptions

/** A trusted issuer, ready to compare with. */
export interface CompiledIssuer {
  readonly dn: DistinguishedName | undefined
  readonly keyId: string | undefined
  readonly ca: X509Certificate | undefined
  readonly revocation: Revocation | undefined
}

/**
 * Checks and compiles the option `trustedIssuers`.
 *
 * @param warn - gets the reason of every failed load of a revocation list
 * @throws TypeError whose message states the correction
 */
export function compileTrustedIssuers(issuers: unknown, warn: (reason: string) => void): CompiledIssuer[] | null {
  if (issuers === null) return null
  if (!Array.isArray(issuers) || issuers.length === 0) {
    throw new TypeError(
      'trustedIssuers must list at least one CA; write a PEM certificate, { dn } or { keyId }, or null to trust every CA that Cloudflare verifies against',
    )
  }
  return issuers.flatMap((issuer, at) => {
    try {
      requirePemText(issuer)
      return typeof issuer === 'string' ? compilePem(issuer) : [compileDescription(issuer, warn)]
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
      'the text does not contain a PEM certificate; read it with readFileSync(path, "utf8"), or write { dn: "CN=…" }',
    )
  if (blocks.length < pem.split('-----BEGIN CERTIFICATE-----').length - 1) {
    throw new TypeError('the text contains a PEM certificate that is cut off')
  }
  return blocks.map((block) => {
    const ca = new X509Certificate(block)
    if (!ca.ca)
      throw new TypeError(
        'the certificate is not that of a CA; write that of the CA that signs the client certificates',
      )
    const { subject, subjectKeyId } = readCertificateNames(ca.raw)
    return { dn: subject, keyId: subjectKeyId, ca, revocation: undefined }
  })
}

const OPTIONS = optionNames<keyof TrustedIssuerOptions>({ ca: true, dn: true, keyId: true, revocation: true })

function compileDescription(issuer: unknown, warn: (reason: string) => void): CompiledIssuer {
  const given = checkObject(issuer, 'a trusted issuer that is not PEM text')
  checkKnown(given, OPTIONS, 'a trusted issuer')
  const { ca: pem, dn, keyId, revocation } = given
  if (pem === undefined && dn === undefined && keyId === undefined) {
    throw new TypeError('ca, dn and keyId are missing; write { ca }, a PEM certificate, or { dn }, { keyId } or both')
  }
  const issued = pem === undefined ? undefined : compileOnePem(pem)
  const named = {
    dn: dn === undefined ? issued?.dn : parseDn(dn),
    keyId: keyId === undefined ? issued?.keyId : parseKeyId(keyId),
  }
  if (issued && !(issued.dn?.equals(named.dn ?? issued.dn) && issued.keyId === named.keyId)) {
    throw new TypeError('dn and keyId do not match ca; remove them')
  }
  if (revocation === undefined) return { ...named, ca: issued?.ca, revocation: undefined }
  if (!issued?.ca) throw new TypeError('ca is missing; write the PEM certificate whose key signs the revocation list')
  return { ...named, ca: issued.ca, revocation: createRevocation(issued.ca, checkRevocation(revocation), warn) }
}

function compileOnePem(pem: unknown): CompiledIssuer {
  requirePemText(pem)
  const [issuer, ...others] = typeof pem === 'string' ? compilePem(pem) : []
  if (!issuer || others.length > 0) throw new TypeError('ca must be one certificate in PEM')
  return issuer
}

function parseDn(dn: unknown): DistinguishedName {
  if (typeof dn === 'string' && dn !== '') return DistinguishedName.parse(dn)
  throw new TypeError('dn must be a name such as "CN=Acme CA,O=Acme"')
}

function parseKeyId(keyId: unknown): string {
  if (typeof keyId === 'string') return normalizeHex(keyId)
  throw new TypeError('keyId must be hexadecimal text')
}

/**
 * Requires that a trusted issuer signed the certificate. It compares the name and the key identifier. It also verifies
 * the signature, if the issuer's certificate is configured and the request has `Client-Cert`.
 *
 * @returns every trusted issuer that may have signed it. Without `Client-Cert` these are both of two CAs with one name
 * @throws CountersignError `CSN_CERT_UNTRUSTED_ISSUER`
 */
export function requireTrustedIssuer(cert: ClientCert, issuers: readonly CompiledIssuer[]): readonly CompiledIssuer[] {
  const named = issuers.filter((issuer) => isNamed(cert, issuer))
  if (named.length === 0) {
    throw refuse('CSN_CERT_UNTRUSTED_ISSUER', `the issuer ${cert.issuer} is not one of trustedIssuers`)
  }
  const signers = named.filter((issuer) => hasSigned(cert, issuer))
  if (signers.length === 0) {
    throw refuse(
      'CSN_CERT_UNTRUSTED_ISSUER',
      `the certificate is not signed by the issuer that it names: ${cert.issuer}`,
    )
  }
  return signers
}

function isNamed(cert: ClientCert, { dn, keyId, ca }: CompiledIssuer): boolean {
  if (dn && !dn.equals(cert.issuer)) return false
  if (!keyId) return true
  // Without the header, a PEM is not compared by its key identifier. A configured keyId requires the header.
  return cert.issuerKeyId === undefined ? ca !== undefined : cert.issuerKeyId === keyId
}

function hasSigned({ x509 }: ClientCert, { ca }: CompiledIssuer): boolean {
  if (!x509 || !ca) return true
  return x509.checkIssued(ca) && x509.verify(ca.publicKey)
}
