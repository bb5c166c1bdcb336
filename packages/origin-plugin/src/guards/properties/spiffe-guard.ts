import type { SubjectAltNames } from '../../x509/certificate-names.ts'
import { findSpiffeId, splitSpiffeId } from '../../x509/text/spiffe-id.ts'
import { type Decision, type Guard, MATCH, mismatch, undecided } from '../guard.ts'
import { readProperties } from '../read-properties.ts'
import type { SpiffeMatch } from '../requirement.ts'
import { SPIFFE_PATH, TRUST_DOMAIN } from '../text-comparison.ts'
import { compileTextMatch, describeTextMatch } from '../text-match.ts'
import { notForwarded } from './not-forwarded.ts'

/**
 * Compiles the requirement on the SPIFFE ID: it must be in one of the trust domains, and at or below one of the paths.
 *
 * Its cost does not grow with the number of paths.
 *
 * @param match - as configured, not yet checked
 * @param where - its path, for error messages
 * @throws TypeError whose message states the correction
 * @see {@link https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md#52-leaf-validation X509-SVID, section 5.2}
 */
export function spiffeGuard(match: SpiffeMatch, where: string): Guard {
  if (typeof match === 'string') {
    throw new TypeError(
      `${where} is a text; write its parts, such as { trustDomain: "acme.example", path: "/ns/prod" }`,
    )
  }
  const given = new Map(readProperties(match, ['trustDomain', 'path'], where))
  if (!given.has('trustDomain')) {
    throw new TypeError(`${where}.trustDomain is missing; write it next to path, such as trustDomain: "acme.example"`)
  }
  const testDomain = compileTextMatch(match.trustDomain, `${where}.trustDomain`, TRUST_DOMAIN)
  const inPath = given.has('path') ? compilePath(match.path, `${where}.path`) : () => true
  const expected = `spiffe://${describeTextMatch(match.trustDomain)}${match.path ? describeTextMatch(match.path) : ''}`
  const other = mismatch(`spiffe does not match: ${expected}`)
  const alike = undecided(
    `the trust domain differs from ${describeTextMatch(match.trustDomain)} only in a dot at its end`,
  )
  const unknown = notForwarded('the SPIFFE ID is')

  return {
    description: `spiffe ${expected}`,
    decide(cert) {
      if (cert.spiffeId === undefined) return cert.subjectAltNames ? withoutId(cert.subjectAltNames) : unknown(cert)
      const { trustDomain, path } = splitSpiffeId(cert.spiffeId)
      if (!inPath(path)) return other
      const outcome = testDomain(trustDomain)
      return outcome === 'match' ? MATCH : outcome === 'undecided' ? alike : other
    },
  }
}

/** Tests whether a path is one of the given ones, or below one. Two paths of one length are looked up at once. */
function compilePath(match: unknown, where: string): (path: string) => boolean {
  const test = compileTextMatch(match, where, SPIFFE_PATH)
  const lengths = [...new Set([match].flat().map((path) => String(path).length))]
  return (path) =>
    lengths.some((length) => {
      // A slash, or nothing, must follow: `/ns/prod` is no part of `/ns/production`.
      const isWhole = path.length === length || path[length] === '/'
      return isWhole && test(path.slice(0, length)) === 'match'
    })
}

const NONE = mismatch('the certificate has no SPIFFE ID')
const SIGNING = undecided('the certificate has a SPIFFE ID, but it is the certificate of a CA')

/** A certificate with a URI that another reader could take for a SPIFFE ID is in doubt. */
function withoutId(names: SubjectAltNames): Decision {
  try {
    return findSpiffeId(names) ? SIGNING : NONE
  } catch (error) {
    return undecided(`the certificate has no valid SPIFFE ID: ${(error as Error).message}`)
  }
}
