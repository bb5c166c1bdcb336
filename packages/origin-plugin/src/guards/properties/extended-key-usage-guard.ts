import type { KeyPurpose } from '../../x509/extensions/extended-key-usage.ts'
import { type Guard, MATCH, mismatch, undecided } from '../guard.ts'
import { KEY_PURPOSE } from '../text-comparison.ts'
import { compileTextMatch, describeTextMatch } from '../text-match.ts'
import { isForwarded, notForwarded } from './not-forwarded.ts'

/**
 * Compiles the requirement on the extended key usages: the certificate must list one of the purposes.
 *
 * RFC 5280 lets an application require a particular purpose, and refuse a certificate that has anyExtendedKeyUsage in
 * its place. The key of such a certificate may still be used for the purpose, and so may that of a certificate without
 * the extension. Therefore the negation does not admit either of them.
 *
 * @param match - as configured, not yet checked
 * @param where - its path, for error messages
 * @throws TypeError whose message states the correction
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.12 RFC 5280, section 4.2.1.12}
 */
export function extendedKeyUsageGuard(match: KeyPurpose | readonly KeyPurpose[], where: string): Guard {
  const test = compileTextMatch(match, where, KEY_PURPOSE)
  const expected = describeTextMatch(match)
  const other = mismatch(`extendedKeyUsage does not match: ${expected}`)
  const unknown = notForwarded('the extended key usages are')
  const unreadable = undecided('the extended key usages cannot be read')
  const unlimited = undecided('the certificate has no extended key usages, so its key may serve every purpose')
  const any = undecided(`the certificate has anyExtendedKeyUsage, and does not list ${expected}`)
  return {
    description: `extendedKeyUsage ${expected}`,
    decide(cert) {
      const purposes = cert.extendedKeyUsage
      if (!purposes) return isForwarded(cert) ? unreadable : unknown(cert)
      if (purposes.some((purpose) => test(purpose) === 'match')) return MATCH
      if (purposes.length === 0) return unlimited
      return purposes.includes('anyExtendedKeyUsage') ? any : other
    },
  }
}
