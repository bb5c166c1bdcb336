import { X509Certificate } from 'node:crypto'
import type { HeaderSourceName } from '../header-source.ts'
import type { Report } from '../lib/background-task.ts'
import { checkKnown, checkObject, checkSet, optionNames } from '../lib/check-option.ts'
import { createRevocation, type Revocation } from '../revocation/revocation.ts'
import { checkRevocation, type RevocationOptions } from '../revocation/revocation-options.ts'
import { readCertificateNames } from '../x509/certificate-names.ts'
import { parseConfiguredName } from '../x509/configured-name.ts'
import type { DistinguishedName } from '../x509/distinguished-name.ts'
import { parseKeyId } from '../x509/hex-identifier.ts'
import { requirePemText } from './require-pem-text.ts'

/** A CA whose client certificates are accepted, by its certificate, its name or its key identifier. */
export interface TrustedIssuerOptions {
  /**
   * The CA's certificate in PEM. It admits only certificates whose signature the plugin verifies, so the Worker must
   * forward them (`forwardCert: 'leaf'`). The source `cf-cert` forwards none, so it needs `byName: true`.
   */
  readonly ca?: string
  /**
   * Whether `ca` also admits a certificate that the Worker did not forward, by the CA's name and key identifier. Another
   * CA that Cloudflare verifies against can have both. The default is `false`.
   */
  readonly byName?: boolean
  /** The CA's name in RFC 4514 text. Without `ca` it is the CA's own claim: another CA can have the same name. */
  readonly dn?: string
  /** The CA's subject key identifier in hexadecimal. Without `ca` it is the CA's own claim, as the name is. */
  readonly keyId?: string
  /** The CA's revocation list. It needs `ca`, whose key signs the list. */
  readonly revocation?: RevocationOptions
}

/**
 * A CA whose client certificates are accepted: its certificate in PEM, or its {@link TrustedIssuerOptions}. It must be
 * the CA that signs the client certificates, not a root above it. Names are equal if their RDNs have the same order and
 * exactly the same text: RFC 5280, section 7.1, also ignores case and repeated spaces.
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
  /** Whether the name suffices if the certificate itself is not at hand to verify its signature. */
  readonly byName: boolean
  readonly revocation: Revocation | undefined
}

/**
 * Checks and compiles the option `trustedIssuers`.
 *
 * @param report - gets the reason of every failed load of a revocation list
 * @param source - decides whether each request contains the certificate, none does, or the Worker chooses
 * @throws TypeError whose message states the correction
 */
export function compileTrustedIssuers(
  issuers: unknown,
  report: Report,
  source: HeaderSourceName = 'worker',
): CompiledIssuer[] | null {
  if (issuers === null) return null
  if (typeof issuers === 'string') {
    throw new TypeError('trustedIssuers must be a list; write it in brackets: [readFileSync("client-ca.pem", "utf8")]')
  }
  if (!Array.isArray(issuers) || issuers.length === 0) {
    throw new TypeError(
      'trustedIssuers must list at least one CA; write a PEM certificate, { dn } or { keyId }, or null to trust every CA that Cloudflare verifies against',
    )
  }
  const compiled = issuers.map((issuer, at) => {
    try {
      requirePemText(issuer)
      return typeof issuer === 'string' ? compilePem(issuer) : [compileDescription(issuer, report)]
    } catch (error) {
      throw new TypeError(`trustedIssuers[${at}]: ${(error as Error).message}`)
    }
  })
  for (const [at, entries] of compiled.entries()) for (const entry of entries) requireFit(entry, at, source)
  const all = compiled.flat()
  for (const [at, entries] of compiled.entries()) for (const entry of entries) requireOneRule(entry, at, all)
  return all
}

/** A CA that could admit no client of this source, and an option that would have no effect with it. */
function requireFit({ ca, byName }: CompiledIssuer, at: number, source: HeaderSourceName): void {
  if (source === 'cf-cert' && ca && !byName) {
    throw new TypeError(
      `trustedIssuers[${at}] is a CA in PEM, and source: "cf-cert" sends no certificate whose signature could be verified; write { ca, byName: true }, or use source: "rfc9440"`,
    )
  }
  if (source === 'rfc9440' && ca && byName) {
    throw new TypeError(
      `trustedIssuers[${at}].byName has no effect with source: "rfc9440", because every request contains the certificate; remove it`,
    )
  }
}

/** A second entry that trusts the same CA by name would admit certificates that its PEM refuses. */
function requireOneRule({ dn, keyId, byName }: CompiledIssuer, at: number, all: readonly CompiledIssuer[]): void {
  if (!byName) return
  const same = all.some((other) => {
    const isNamed = !dn || !other.dn || dn.equals(other.dn)
    return !other.byName && isNamed && (!keyId || !other.keyId || keyId === other.keyId)
  })
  if (same) {
    throw new TypeError(
      `trustedIssuers[${at}] trusts a CA by name that is also listed in PEM; remove it, or write { ca, byName: true } alone`,
    )
  }
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
    const ca = parseBlock(block)
    if (!ca.ca)
      throw new TypeError(
        'the certificate is not that of a CA; write that of the CA that signs the client certificates',
      )
    requireReadableKey(ca)
    const { subject, subjectKeyId } = readCertificateNames(ca.raw)
    return { dn: subject, keyId: subjectKeyId, ca, byName: false, revocation: undefined }
  })
}

/** OpenSSL reports a missing line break as `no start line`, which does not tell the operator what to change. */
function parseBlock(block: string): X509Certificate {
  try {
    return new X509Certificate(block)
  } catch {
    throw new TypeError(
      'the PEM certificate cannot be read; check that it is whole and that its lines are separate and not indented, or read it from a file',
    )
  }
}

/** Without the key no signature can be verified, so the CA would refuse every client. */
function requireReadableKey(ca: X509Certificate): void {
  try {
    ca.publicKey
  } catch {
    throw new TypeError('the public key of the CA cannot be read; use a CA with a key of a type that Node supports')
  }
}

const OPTIONS = optionNames<keyof TrustedIssuerOptions>({
  ca: true,
  byName: true,
  dn: true,
  keyId: true,
  revocation: true,
})

function compileDescription(description: unknown, report: Report): CompiledIssuer {
  if (description === undefined) {
    throw new TypeError('the CA is undefined; set the environment variable that it comes from, or write its PEM')
  }
  const given = checkObject(description, 'a trusted issuer that is not PEM text')
  checkSet(given, ['ca', 'dn', 'keyId'])
  checkKnown(given, OPTIONS, 'a trusted issuer')
  const { ca: pem, byName, dn, keyId, revocation } = given
  if (pem === undefined && dn === undefined && keyId === undefined) {
    throw new TypeError('ca, dn and keyId are missing; write { ca }, a PEM certificate, or { dn }, { keyId } or both')
  }
  const issued = pem === undefined ? undefined : compileOnePem(pem)
  const named = {
    dn: dn === undefined ? issued?.dn : parseDn(dn),
    keyId: keyId === undefined ? issued?.keyId : checkKeyId(keyId),
  }
  if (issued && !(issued.dn?.equals(named.dn ?? issued.dn) && issued.keyId === named.keyId)) {
    throw new TypeError('dn and keyId do not match ca; remove them')
  }
  const issuer = { ...named, ca: issued?.ca, byName: compileByName(byName, issued !== undefined) }
  if (revocation === undefined) return { ...issuer, revocation: undefined }
  if (!issued?.ca) throw new TypeError('ca is missing; write the PEM certificate whose key signs the revocation list')
  return { ...issuer, revocation: createRevocation(issued.ca, checkRevocation(revocation, issued.ca), report) }
}

function compileByName(byName: unknown, hasCa: boolean): boolean {
  if (byName !== undefined && typeof byName !== 'boolean') throw new TypeError('byName must be true or false')
  if (byName !== undefined && !hasCa) {
    throw new TypeError('byName belongs to ca; remove it, because dn and keyId alone always trust by name')
  }
  return byName ?? !hasCa
}

function compileOnePem(pem: unknown): CompiledIssuer {
  requirePemText(pem)
  const [issuer, ...others] = typeof pem === 'string' ? compilePem(pem) : []
  if (!issuer || others.length > 0) throw new TypeError('ca must be one certificate in PEM')
  return issuer
}

function parseDn(dn: unknown): DistinguishedName {
  if (typeof dn === 'string' && dn !== '') return parseConfiguredName(dn)
  throw new TypeError('dn must be a name such as "CN=Acme CA,O=Acme"')
}

function checkKeyId(keyId: unknown): string {
  try {
    if (typeof keyId === 'string') return parseKeyId(keyId)
  } catch {}
  throw new TypeError('keyId must be hexadecimal text, such as "3A:5C:91"')
}
