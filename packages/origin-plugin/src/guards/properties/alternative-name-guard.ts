import { allGuards, type Guard, MATCH, mismatch, undecided } from '../guard.ts'
import { readProperties } from '../read-properties.ts'
import type { SubjectAltNameMatch, TextMatch } from '../requirement.ts'
import { EMAIL_ADDRESS, HOST_NAME, IP_ADDRESS, type TextComparison, URI } from '../text-comparison.ts'
import { compileTextMatch, describeTextMatch } from '../text-match.ts'
import { notForwarded } from './not-forwarded.ts'

/** A user principal name has the form of an e-mail address, and Active Directory ignores its case. */
const COMPARISONS: Readonly<Record<keyof SubjectAltNameMatch, TextComparison>> = {
  dns: HOST_NAME,
  email: EMAIL_ADDRESS,
  uri: URI,
  ip: IP_ADDRESS,
  upn: EMAIL_ADDRESS,
}

/**
 * Compiles the requirement on the alternative names: one name of each given kind must match.
 *
 * @param match - as configured, not yet checked
 * @param where - its path, for error messages
 * @throws TypeError whose message states the correction
 */
export function alternativeNameGuard(match: SubjectAltNameMatch, where: string): Guard {
  const kinds = readProperties(match, Object.keys(COMPARISONS), where) as [keyof SubjectAltNameMatch, TextMatch][]
  return allGuards(kinds.map(([kind, texts]) => kindGuard(kind, texts, `${where}.${kind}`)))
}

function kindGuard(kind: keyof SubjectAltNameMatch, texts: TextMatch, where: string): Guard {
  const test = compileTextMatch(texts, where, COMPARISONS[kind])
  const expected = `${kind}=${describeTextMatch(texts)}`
  const other = mismatch(`san does not match: ${expected}`)
  const unknown = notForwarded('the alternative names are')
  const unreadable = undecided(`a san of the kind ${kind} cannot be read`)
  const alike = undecided(`san differs from ${expected} only in its spelling`)
  return {
    description: `san ${expected}`,
    decide(cert) {
      const { subjectAltNames } = cert
      if (!subjectAltNames) return unknown(cert)
      const outcomes = subjectAltNames[kind].map(test)
      if (outcomes.includes('match')) return MATCH
      if (outcomes.includes('undecided')) return alike
      return subjectAltNames.unread.includes(kind) ? unreadable : other
    },
  }
}
