import type { Anchor } from '../certification-path/find-path.ts'
import { createIssuedBy } from '../certification-path/issued-by.ts'
import { isValidAt, type PathCertificate, readPathCertificate } from '../certification-path/path-certificate.ts'
import type { Report } from '../lib/background-task.ts'
import { checkKnown, checkObject, checkSet, optionNames } from '../lib/check-option.ts'
import type { Revocation } from '../revocation/revocation.ts'
import { checkRevocation, type RevocationOptions } from '../revocation/revocation-options.ts'
import type { MakeList } from './list-tasks.ts'
import { type ConfiguredCa, parseOneCa } from './parse-ca.ts'

/**
 * The revocation list of an intermediate CA.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 *
 * const branch: IntermediateRevocationOptions = {
 *   ca: readFileSync('branch-ca.pem', 'utf8'),
 *   crl: 'http://ca.acme.example/branch.crl',
 * }
 * ```
 */
export interface IntermediateRevocationOptions extends RevocationOptions {
  /** The certificate of the intermediate CA in PEM. Its key signs the list, and the list names certificates that it issued. */
  readonly ca: string
}

/**
 * Options of trust by chain: `ca` is a root, and client certificates of CAs below it are accepted too.
 *
 * The Worker must forward the intermediates that the client sends (`COUNTERSIGN_FORWARD_CERT=chain`). The plugin builds
 * the certification path from them at the time of the request.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-6 RFC 5280, section 6}
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 * import type { TrustedIssuer } from '@countersign/origin-plugin'
 *
 * const root: TrustedIssuer = { ca: readFileSync('root-ca.pem', 'utf8'), chain: { maxDepth: 1 } }
 * ```
 */
export interface CertificateChainOptions {
  /** How many intermediates may stand between the root and a client certificate. From 1 to 9. */
  readonly maxDepth: number
  /**
   * The revocation lists of intermediate CAs. The list of the root itself is the option `revocation` next to `ca`. A CA
   * without a list is not asked.
   */
  readonly revocation?: readonly IntermediateRevocationOptions[]
}

/** A CA with its revocation list. */
export interface ListedCa {
  readonly ca: ConfiguredCa
  readonly revocation: Revocation
}

/** The option `chain`, ready to use. */
export interface CompiledChain {
  readonly anchor: Anchor
  readonly lists: readonly ListedCa[]
}

const OPTIONS = optionNames<keyof CertificateChainOptions>({ maxDepth: true, revocation: true })
/** Ten certificates are read, and the last of them need not be the root. */
const MAX_DEPTH = 9

/**
 * Checks and compiles the option `chain` of a trusted issuer.
 *
 * @param root - the option `ca` next to it
 * @param report - gets a root that is not valid now
 * @param makeList - makes the list of an intermediate CA. Its last argument is the position in `chain.revocation`
 * @throws TypeError whose message states the correction
 */
export function compileChain(chain: unknown, root: ConfiguredCa, report: Report, makeList: MakeList): CompiledChain {
  const { maxDepth, revocation } = checkChain(chain)
  const anchor = { root: readRoot(root, report), maxDepth }
  return { anchor, lists: revocation === undefined ? [] : compileLists(revocation, anchor, makeList) }
}

/**
 * Checks the form of the option `chain`. The lists in it can be checked with the root alone.
 *
 * @throws TypeError whose message states the correction
 */
export function checkChain(chain: unknown): { readonly maxDepth: number; readonly revocation: unknown } {
  const given = checkObject(chain, 'chain', '{ maxDepth: 1 } for one intermediate below the root')
  checkSet(given, ['maxDepth'], 'chain')
  checkKnown(given, OPTIONS, 'chain')
  const { maxDepth, revocation } = given
  if (!isDepth(maxDepth)) {
    throw new TypeError(
      `chain.maxDepth ${maxDepth === undefined ? 'is missing' : `must be a whole number from 1 to ${MAX_DEPTH}`}; write the number of intermediates between the root and a client certificate, such as 1`,
    )
  }
  return { maxDepth, revocation }
}

function isDepth(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_DEPTH
}

function readRoot({ ca }: ConfiguredCa, report: Report): PathCertificate {
  const root = readPathCertificate(ca)
  if (root.caFault !== undefined) {
    throw new TypeError(`ca cannot be the root of a chain: it ${root.caFault}; write a root without this fault`)
  }
  if (!isValidAt(root, Date.now())) {
    report(
      `trustedIssuers: the root ${root.subject} is valid from ${ca.validFrom} to ${ca.validTo}, so its chains are refused now`,
    )
  }
  return root
}

function compileLists(revocation: unknown, anchor: Anchor, makeList: MakeList): ListedCa[] {
  if (!Array.isArray(revocation) || revocation.length === 0) {
    throw new TypeError(
      'chain.revocation must be a list of { ca, crl }; write one for each intermediate CA, or remove it',
    )
  }
  const seen = new Set<string>()
  return revocation.map((each, at) => {
    try {
      const { ca: pem, ...options } = checkObject(each, 'it')
      const ca = parseOneCa(pem)
      requireBelow(ca, anchor)
      if (seen.has(ca.ca.fingerprint256)) throw new TypeError('ca is listed twice; remove one of the two')
      seen.add(ca.ca.fingerprint256)
      // With one intermediate, it issues clients alone.
      const resolved = { ...checkRevocation(options, ca.ca), acceptsCaList: anchor.maxDepth > 1 }
      return { ca, revocation: makeList(ca.ca, resolved, String(at)) }
    } catch (error) {
      throw new TypeError(`chain.revocation[${at}]: ${(error as Error).message}`)
    }
  })
}

/** A list of a CA that can have no place in a path would never be asked. */
function requireBelow(given: ConfiguredCa, { root, maxDepth }: Anchor): void {
  const ca = readPathCertificate(given.ca)
  if (ca.subject.equals(root.subject) && ca.key.equals(root.key)) {
    throw new TypeError('ca is the root; write its list as the option revocation next to ca')
  }
  const fault = ca.caFault ?? ca.signatureFault
  if (fault !== undefined) {
    throw new TypeError(`ca cannot be part of a chain: it ${fault}; write an intermediate without this fault`)
  }
  const mustBeDirect = maxDepth === 1 || ca.issuer.equals(root.subject)
  if (mustBeDirect && !createIssuedBy()(ca, root)) {
    throw new TypeError(`ca is not below the root ${root.subject}; write an intermediate that this root issued`)
  }
}
