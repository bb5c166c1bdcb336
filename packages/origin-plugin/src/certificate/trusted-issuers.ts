import type { KeyObject, X509Certificate } from 'node:crypto'
import type { HeaderSourceName } from '../header-source.ts'
import type { Report } from '../lib/background-task.ts'
import { checkKnown, checkObject, checkSet, optionNames } from '../lib/check-option.ts'
import { type FileSource, isTextSource } from '../lib/text-source.ts'
import { createRevocation, type Revocation } from '../revocation/revocation.ts'
import { checkRevocation, checkRevocationOptions, type RevocationOptions } from '../revocation/revocation-options.ts'
import { parseConfiguredName } from '../x509/configured-name.ts'
import type { DistinguishedName } from '../x509/distinguished-name.ts'
import { parseKeyId } from '../x509/hex-identifier.ts'
import {
  type CertificateChainOptions,
  type CompiledChain,
  checkChain,
  compileChain,
  type ListedCa,
} from './chain-options.ts'
import type { MakeList } from './list-tasks.ts'
import { type ConfiguredCa, parseCas, parseOneCa } from './parse-ca.ts'
import { requirePemText } from './require-pem-text.ts'

/**
 * The place of CA certificates that change while the server runs: a PEM file, or a function that returns PEM text. The
 * function gets a signal, which aborts after 5 seconds. Pass it on: while 8 calls have not ended after that, the function
 * is not called again.
 *
 * @example
 * ```ts
 * import type { CaSource, TrustedIssuer } from '@countersign/origin-plugin'
 *
 * const inFile: CaSource = { file: '/etc/countersign/client-ca.pem' }
 * export const trustedIssuers: TrustedIssuer[] = [{ ca: inFile, refresh: 300 }]
 * ```
 */
export type CaSource = FileSource | ((signal: AbortSignal) => string | Promise<string>)

/**
 * A CA whose client certificates are accepted, by its certificate, its name or its key identifier.
 *
 * @example
 * ```ts
 * const issuer: TrustedIssuerOptions = { ca: { file: '/etc/acme/client-ca.pem' }, refresh: 300 }
 * ```
 */
export interface TrustedIssuerOptions {
  /**
   * The CA's certificate in PEM. It admits only certificates whose signature the plugin verifies, so the Worker must
   * forward them (`forwardCert: 'leaf'`). The source `cf-cert` forwards none, so it needs `byName: true`.
   *
   * CAs that change while the server runs come from `{ file: '/path/ca.pem' }`, or from a function. The text can have
   * several certificates, such as the old CA and the new one. The server does not start without the first answer. A
   * later one takes effect as a whole, and a bad one is logged and changes nothing.
   */
  readonly ca?: string | CaSource
  /** Seconds between two reads of a file or a function in `ca`. From 1 to 604,800 (a week), default 60. */
  readonly refresh?: number
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
  /** Makes `ca` a root: client certificates of CAs below it are accepted too, by their certification path. */
  readonly chain?: CertificateChainOptions
}

/**
 * A CA whose client certificates are accepted: its certificate in PEM, or its {@link TrustedIssuerOptions}. It must be
 * the CA that signs the client certificates, unless `chain` makes it a root above them. Names are equal if their RDNs have the same order and
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
  /** With it, the path to `ca` decides, and not its signature on the client certificate alone. */
  readonly chain: CompiledChain | undefined
}

/** The parts of a compilation that change while the server runs. */
export interface Compilation {
  /** The PEM text of each `ca` from a file or a function, by the position of its entry. An entry without it has no CA. */
  readonly texts: ReadonlyMap<number, string>
  readonly makeList: MakeList
}

/**
 * Checks and compiles the option `trustedIssuers`.
 *
 * @param report - gets the reason of every failed load of a revocation list
 * @param source - decides whether each request contains the certificate, none does, or the Worker chooses
 * @param compilation - the texts of `ca` that come from files and functions, and the maker of revocation lists
 * @throws TypeError whose message states the correction
 */
export function compileTrustedIssuers(
  issuers: unknown,
  report: Report,
  source: HeaderSourceName = 'worker',
  { texts, makeList }: Compilation = { texts: new Map(), makeList: (ca, list) => createRevocation(ca, list, report) },
): CompiledIssuer[] | null {
  if (issuers === null) return null
  if (typeof issuers === 'string' || (typeof issuers === 'object' && !Array.isArray(issuers))) {
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
      if (typeof issuer === 'string') return parseCas(issuer).map(compilePem)
      const make: MakeList = (ca, list, place) => makeList(ca, list, `${at} ${place}`)
      return compileDescription(issuer, texts.get(at), report, make)
    } catch (error) {
      throw new TypeError(`trustedIssuers[${at}]: ${(error as Error).message}`)
    }
  })
  for (const [at, entries] of compiled.entries()) for (const entry of entries) requireFit(entry, at, source)
  const all = compiled.flat()
  const listedInChains = all.flatMap(({ chain }) => chain?.lists ?? []).map(({ ca }) => ({ ...ca, byName: false }))
  for (const [at, entries] of compiled.entries()) {
    for (const entry of entries) {
      requireOneRule(entry, at, [...all, ...listedInChains])
      requireOneRoot(entry, at, all)
    }
  }
  return all
}

/** A CA that could admit no client of this source, and an option that would have no effect with it. */
function requireFit({ ca, byName, chain }: CompiledIssuer, at: number, source: HeaderSourceName): void {
  if (source === 'cf-cert' && chain) {
    throw new TypeError(
      `trustedIssuers[${at}].chain needs every certificate of a path, and source: "cf-cert" sends none; write { ca, byName: true } for each CA that issues client certificates, or use source: "rfc9440"`,
    )
  }
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
  // Attack: without a Worker nothing proves the header, so a client sends a certificate of a CA that it made with this name.
  if (source === 'rfc9440' && !ca) {
    throw new TypeError(
      `trustedIssuers[${at}] trusts a name, and with source: "rfc9440" every request contains the certificate, whose signature only a CA in PEM can verify; write the PEM of the CA`,
    )
  }
}

/** A second entry for a root would admit the certificates that it issued itself by other checks than its chain. */
function requireOneRoot(entry: CompiledIssuer, at: number, all: readonly CompiledIssuer[]): void {
  if (!entry.chain) return
  const same = all.some(
    (other) => other !== entry && isSameCa(entry, other) && !(other.chain && !isSameCert(entry, other)),
  )
  if (same) {
    throw new TypeError(
      `trustedIssuers[${at}] is a root with chain that is also listed elsewhere; remove the other entry`,
    )
  }
}

const isSameCert = ({ ca }: CompiledIssuer, other: CompiledIssuer) => ca?.fingerprint256 === other.ca?.fingerprint256

/** Whether two certificates are of one CA: it renews its certificate, and keeps its name and key. */
function isSameCa({ dn, ca }: CompiledIssuer, other: CompiledIssuer): boolean {
  if (!dn || !ca || !other.dn || !other.ca) return false
  return dn.equals(other.dn) && ca.publicKey.equals(other.ca.publicKey)
}

type NamedCa = Pick<CompiledIssuer, 'dn' | 'keyId' | 'byName'>

/** A second entry that trusts the same CA by name would admit certificates that its PEM, or its list, refuses. */
function requireOneRule({ dn, keyId, byName }: NamedCa, at: number, all: readonly NamedCa[]): void {
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

function compilePem(ca: ConfiguredCa): CompiledIssuer {
  return { ...ca, byName: false, revocation: undefined, chain: undefined }
}

/** Every revocation list in the option, with its CA. */
function listedCas(issuers: readonly CompiledIssuer[]): readonly ListedCa[] {
  return issuers.flatMap(({ dn, keyId, ca, revocation, chain }) => [
    ...(dn && ca && revocation ? [{ ca: { dn, keyId, ca }, revocation }] : []),
    ...(chain?.lists ?? []),
  ])
}

/** Every revocation list in the option. */
export function revocationsOf(issuers: readonly CompiledIssuer[]): Revocation[] {
  return listedCas(issuers).map(({ revocation }) => revocation)
}

/** The revocation lists of a CA. Its name and key identify it, because it can have several certificates. */
export function listsOf(issuers: readonly CompiledIssuer[], name: DistinguishedName, key: KeyObject): Revocation[] {
  return listedCas(issuers)
    .filter(({ ca }) => ca.dn.equals(name) && ca.ca.publicKey.equals(key))
    .map(({ revocation }) => revocation)
}

const OPTIONS = optionNames<keyof TrustedIssuerOptions>({
  ca: true,
  refresh: true,
  byName: true,
  dn: true,
  keyId: true,
  revocation: true,
  chain: true,
})

/** @param text - the text of a `ca` from a file or a function; `undefined` before the first answer */
function compileDescription(
  description: unknown,
  text: string | undefined,
  report: Report,
  makeList: MakeList,
): CompiledIssuer[] {
  if (description === undefined) {
    throw new TypeError('the CA is undefined; set the environment variable that it comes from, or write its PEM')
  }
  if (isTextSource(description)) {
    throw new TypeError('a file or a function of CAs must be in ca; write { ca: { file: "/path/ca.pem" } }')
  }
  const given = checkObject(description, 'a trusted issuer that is not PEM text')
  checkSet(given, ['ca', 'dn', 'keyId'])
  checkKnown(given, OPTIONS, 'a trusted issuer')
  const { ca: pem, byName, chain } = given
  if (pem === undefined && given.dn === undefined && given.keyId === undefined) {
    throw new TypeError('ca, dn and keyId are missing; write { ca }, a PEM certificate, or { dn }, { keyId } or both')
  }
  if (chain !== undefined && pem !== undefined && compileByName(byName, true)) {
    throw new TypeError('byName: true excludes chain, which needs every certificate of a path; remove one of the two')
  }
  if (isTextSource(pem)) return compileReloaded(given, text, report, makeList)
  if (given.refresh !== undefined) {
    throw new TypeError(
      'refresh has no effect, because ca does not change; write ca: { file: "/path/ca.pem" } or a function, or remove refresh',
    )
  }
  return [compileOne(given, pem === undefined ? undefined : parseOneCa(pem), report, makeList)]
}

/** A text with several CAs has the same options for each. */
function compileReloaded(
  given: Record<string, unknown>,
  text: string | undefined,
  report: Report,
  makeList: MakeList,
): CompiledIssuer[] {
  if (given.dn !== undefined || given.keyId !== undefined) {
    throw new TypeError('dn and keyId are those of one certificate, and ca is loaded again and again; remove them')
  }
  compileByName(given.byName, true)
  if (given.revocation !== undefined) checkRevocationOptions(given.revocation)
  const chain = given.chain === undefined ? undefined : checkChain(given.chain)
  if (text === undefined) return []
  const place = typeof given.ca === 'function' ? 'the answer' : 'the file'
  requirePemText(text, place)
  const cas = parseCas(text, place)
  if (cas.length > 1 && chain?.revocation !== undefined) {
    throw new TypeError(
      'ca has several roots, and chain.revocation has the lists below one; write an entry with a file of its own for each root',
    )
  }
  return cas.map((ca) => compileOne(given, ca, report, makeList))
}

function compileOne(
  { byName, dn, keyId, revocation, chain }: Record<string, unknown>,
  issued: ConfiguredCa | undefined,
  report: Report,
  makeList: MakeList,
): CompiledIssuer {
  const named = {
    dn: dn === undefined ? issued?.dn : parseDn(dn),
    keyId: keyId === undefined ? issued?.keyId : checkKeyId(keyId),
  }
  if (issued && !(issued.dn?.equals(named.dn ?? issued.dn) && issued.keyId === named.keyId)) {
    throw new TypeError('dn and keyId do not match ca; remove them')
  }
  const issuer = { ...named, ca: issued?.ca, byName: compileByName(byName, issued !== undefined) }
  if (!issued) {
    if (chain !== undefined) throw new TypeError('ca is missing; write the PEM certificate of the root of the chain')
    if (revocation === undefined) return { ...issuer, revocation: undefined, chain: undefined }
    throw new TypeError('ca is missing; write the PEM certificate whose key signs the revocation list')
  }
  const list = revocation === undefined ? undefined : checkRevocation(revocation, issued.ca)
  return {
    ...issuer,
    revocation: list && makeList(issued.ca, { ...list, acceptsCaList: chain !== undefined }, ''),
    chain: chain === undefined ? undefined : compileChain(chain, issued, report, makeList),
  }
}

function compileByName(byName: unknown, hasCa: boolean): boolean {
  if (byName !== undefined && typeof byName !== 'boolean') throw new TypeError('byName must be true or false')
  if (byName !== undefined && !hasCa) {
    throw new TypeError('byName belongs to ca; remove it, because dn and keyId alone always trust by name')
  }
  return byName ?? !hasCa
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
