import { headerLines, withLines } from '@countersign/test-support/wire-request'
import { type Case, type Kit, type MakeCase, pick, SUBJECTS, signed } from './case.ts'

/** A signed request with one more header line, before or after the others. */
function withExtraLine(kit: Kit, name: string, value: string): Case {
  const request = signed(kit, pick(Object.keys(SUBJECTS)))
  const [host, ...lines] = headerLines(request)
  const line = [name, value] as const
  const all = [
    host as typeof line,
    ...pick([
      [line, ...lines],
      [...lines, line],
    ]),
  ]
  return { request: withLines(request, all), sent: { refused: 'CSN_HEADERS_MALFORMED' } }
}

/** Requests with header lines that the edge never sends. */
export const HEADER_CASES: Readonly<Record<string, MakeCase>> = {
  'a repeated line': (kit) => withExtraLine(kit, 'X-CERT-SUBJECT-DN', 'CN=alice'),
  'a repeated token': (kit) => withExtraLine(kit, 'Cf-Access-Jwt-Assertion', 'a.b.c'),
  'a name with underscores': (kit) => withExtraLine(kit, 'X_CERT_SUBJECT_DN', 'CN=alice'),
  'a name of the family that is not in the table': (kit) => withExtraLine(kit, 'X-Cert-Admin', '1'),
  'an empty value': (kit) => withExtraLine(kit, 'Client-Cert-Chain', ''),
  'a value that is not ASCII': (kit) => withExtraLine(kit, 'Client-Cert-Chain', 'caf\u00e9'),
}
