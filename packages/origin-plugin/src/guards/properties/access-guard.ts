import { allGuards, type Guard, MATCH, mismatch, undecided } from '../guard.ts'
import { readProperties } from '../read-properties.ts'
import type { AccessMatch, TextMatch } from '../requirement.ts'
import { CLIENT_ID, EMAIL_ADDRESS, PLAIN, type TextComparison } from '../text-comparison.ts'
import { compileTextMatch, describeTextMatch } from '../text-match.ts'
import { claimsGuard } from './claims-guard.ts'

/** The one property of each kind of identity. An identity of another kind does not have it. */
const PROPERTY_OF: Readonly<Record<NonNullable<AccessMatch['kind']>, Exclude<keyof AccessMatch, 'kind' | 'claims'>>> = {
  user: 'email',
  service: 'clientId',
  certificate: 'commonName',
}

/** The claims are compared each in its own way. */
type TextProperty = Exclude<keyof AccessMatch, 'claims'>

const COMPARISONS: Readonly<Record<TextProperty, TextComparison>> = {
  kind: PLAIN,
  email: EMAIL_ADDRESS,
  clientId: CLIENT_ID,
  commonName: PLAIN,
}

/**
 * Compiles the requirement on the identity that Access admitted.
 *
 * @param match - as configured, not yet checked
 * @param where - its path, for error messages
 * @throws TypeError whose message states the correction
 */
export function accessGuard(match: AccessMatch, where: string): Guard {
  const properties = readProperties(match, [...Object.keys(COMPARISONS), 'claims'], where)
  const guards = properties.map(([property, value]) =>
    property === 'claims'
      ? claimsGuard(value, `${where}.claims`)
      : propertyGuard(property as TextProperty, value as TextMatch, where),
  )
  requireOneKind(match, where)
  return allGuards(guards)
}

/** A requirement that no identity can match admits everybody in its negation. */
function requireOneKind(match: AccessMatch, where: string): void {
  const { claims: _, ...identity } = match
  const { kind, ...rest } = identity
  const [property, another] = Object.keys(rest)
  if (another === undefined && (kind === undefined || property === undefined || PROPERTY_OF[kind] === property)) return
  const described = Object.entries(PROPERTY_OF).map(([kind, property]) => `${property} with kind "${kind}"`)
  throw new TypeError(
    `${where}: no identity has all of ${Object.keys(identity).join(', ')}; write one of ${described.join(', ')}, and combine several with anyOf()`,
  )
}

function propertyGuard(property: TextProperty, texts: TextMatch, where: string): Guard {
  if (property === 'kind' && !(typeof texts === 'string' && Object.hasOwn(PROPERTY_OF, texts))) {
    throw new TypeError(`${where}.kind must be "user", "service" or "certificate"`)
  }
  const test = compileTextMatch(texts, `${where}.${property}`, COMPARISONS[property])
  const expected = `${property}=${describeTextMatch(texts)}`
  const other = mismatch(`access does not match: ${expected}`)
  const unknown = undecided('the request has no Access identity')
  const alike = undecided(`access differs from ${expected} only in letter case, spaces or unseen characters`)
  return {
    description: `access ${expected}`,
    decide(_cert, request) {
      if (!request.access) return unknown
      const value = (request.access as unknown as Record<string, string | undefined>)[property]
      if (value === undefined) return other
      const outcome = test(value)
      return outcome === 'match' ? MATCH : outcome === 'undecided' ? alike : other
    },
  }
}
