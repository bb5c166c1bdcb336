import { CERTIFICATE_HEADERS } from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../test/support/expect-refusal.ts'
import { edgeFieldsOf, type HeaderChanges } from '../../test/support/header-lines.ts'
import type { EdgeFields } from '../read-headers.ts'
import { requireVerdict } from './require-verdict.ts'

const DESCRIPTIONS = CERTIFICATE_HEADERS.filter(({ when }) => when !== 'always').map(({ name }) => name)

const OUT_OF_TABLE = 'x-cert-presented, x-cert-verify or x-cert-revoked is missing, or a flag is not 0 or 1'

type Verdict = readonly [presented: string | undefined, verify: string | undefined, revoked: string | undefined]

function fieldsOf([presented, verify, revoked]: Verdict, description?: string): EdgeFields {
  const entries: [string, string][] = []
  if (presented !== undefined) entries.push(['x-cert-presented', presented])
  if (verify !== undefined) entries.push(['x-cert-verify', verify])
  if (revoked !== undefined) entries.push(['x-cert-revoked', revoked])
  if (description !== undefined) entries.push([description, 'something'])
  return edgeFieldsOf(entries)
}

const UNNAMED = '(serial number missing, SHA-256 missing, subject )'

const verdictOn = (verdict: Verdict, description?: string) =>
  refusalOf(() => requireVerdict(fieldsOf(verdict, description)))

const FAILURES = [
  'NONE',
  'FAILED',
  'FAILED:',
  'FAILED:self signed certificate',
  'FAILED:unable to verify the first certificate',
  'FAILED:unable to get local issuer certificate',
  'FAILED:certificate revoked',
  'FAILED:certificate has expired ',
  'FAILED: certificate has expired',
  'success',
  'SUCCESS ',
  ' SUCCESS',
  'SUCCESS:',
  'SUCCESS, FAILED',
  'undefined',
  'a verdict of tomorrow',
]

describe('requireVerdict', () => {
  it('admits a certificate that was presented, verified and is not revoked', () => {
    expect(() => requireVerdict(fieldsOf(['1', 'SUCCESS', '0'], 'x-cert-serial'))).not.toThrow()
  })

  it.each(FAILURES)('does not admit the verdict "%s"', (verify) => {
    for (const revoked of ['0', '1']) {
      expect(verdictOn(['1', verify, revoked], 'x-cert-serial')).toEqual({
        code: 'CSN_CERT_UNVERIFIED',
        reason: `Cloudflare's verdict is ${verify} (serial number something, SHA-256 missing, subject )`,
      })
    }
  })

  it.each(['FAILED:certificate has expired', 'FAILED:certificate is not yet valid'])('calls %s expired', (verify) => {
    expect(verdictOn(['1', verify, '0'])).toEqual({
      code: 'CSN_CERT_EXPIRED',
      reason: `Cloudflare's verdict is ${verify} ${UNNAMED}`,
    })
  })

  it('does not admit a revoked certificate, whose verdict is still SUCCESS', () => {
    expect(verdictOn(['1', 'SUCCESS', '1'])).toEqual({
      code: 'CSN_CERT_REVOKED',
      reason: `Cloudflare lists the certificate as revoked ${UNNAMED}`,
    })
  })

  it('names the certificate in the reason, with the subject in its best form, and cuts long numbers', () => {
    const named = (changes: HeaderChanges) =>
      refusalOf(() =>
        requireVerdict(
          edgeFieldsOf(
            Object.entries({
              'x-cert-presented': '1',
              'x-cert-verify': 'FAILED',
              'x-cert-revoked': '0',
              'x-cert-serial': '0A1B',
              'x-cert-finger-256': 'ab'.repeat(32),
              'x-cert-subject-dn': 'CN=plain',
              'x-cert-subject-dn-2253': 'CN=rfc',
              ...changes,
            }).filter((line): line is [string, string] => line[1] !== null),
          ),
        ),
      ).reason
    const expected = (serial: string, subject: string) =>
      `Cloudflare's verdict is FAILED (serial number ${serial}, SHA-256 ${'ab'.repeat(32)}, subject ${subject})`
    expect(named({})).toBe(expected('0A1B', 'CN=rfc'))
    expect(named({ 'x-cert-subject-dn-2253': null })).toBe(expected('0A1B', 'CN=plain'))
    expect(named({ 'x-cert-serial': '1'.repeat(65) })).toBe(expected('1'.repeat(64), 'CN=rfc'))
    expect(named({ 'x-cert-finger-256': 'ab'.repeat(33) })).toBe(expected('0A1B', 'CN=rfc'))
  })

  it.each(['NONE', 'FAILED', 'FAILED:certificate has expired'])('requires a certificate without one (%s)', (verify) => {
    for (const revoked of ['0', '1']) {
      expect(verdictOn(['0', verify, revoked])).toEqual({
        code: 'CSN_CERT_MISSING',
        reason: 'the client did not present a certificate',
      })
    }
  })

  it('requires a certificate without any certificate header', () => {
    const missing = { code: 'CSN_CERT_MISSING', reason: 'the certificate headers are missing' }
    expect(refusalOf(() => requireVerdict(edgeFieldsOf([])))).toEqual(missing)
    expect(refusalOf(() => requireVerdict(edgeFieldsOf([['cf-access-jwt-assertion', 'a.b.c']])))).toEqual(missing)
  })

  it.each(DESCRIPTIONS)('refuses %s of a certificate that was not presented', (name) => {
    const contradiction = {
      code: 'CSN_HEADERS_MALFORMED',
      reason: 'the headers describe a certificate that was not presented',
    }
    expect(verdictOn(['0', 'NONE', '0'], name)).toEqual(contradiction)
    expect(verdictOn(['0', 'SUCCESS', '0'], name)).toEqual(contradiction)
    expect(verdictOn([undefined, undefined, undefined], name)).toEqual({
      code: 'CSN_HEADERS_MALFORMED',
      reason: OUT_OF_TABLE,
    })
  })

  it('refuses a good verdict on a certificate that was not presented', () => {
    expect(verdictOn(['0', 'SUCCESS', '0'])).toEqual({
      code: 'CSN_HEADERS_MALFORMED',
      reason: 'the headers describe a certificate that was not presented',
    })
  })

  const ODD_FLAGS = ['', '2', '01', '1 ', 'true', 'false', 'TRUE', 'undefined', '-1']

  it.each(ODD_FLAGS)('refuses the flag "%s"', (flag) => {
    const malformed = { code: 'CSN_HEADERS_MALFORMED', reason: OUT_OF_TABLE }
    expect(verdictOn([flag, 'SUCCESS', '0'])).toEqual(malformed)
    expect(verdictOn(['1', 'SUCCESS', flag])).toEqual(malformed)
    expect(verdictOn(['0', 'NONE', flag])).toEqual(malformed)
  })

  it('admits one combination of all', () => {
    const flags = [undefined, '0', '1', ...ODD_FLAGS]
    const verdicts = [undefined, 'SUCCESS', 'FAILED:certificate has expired', ...FAILURES]
    const admitted: Verdict[] = []
    const outcomes = new Map<string, number>()
    for (const presented of flags) {
      for (const verify of verdicts) {
        for (const revoked of flags) {
          for (const description of [undefined, ...DESCRIPTIONS]) {
            const verdict: Verdict = [presented, verify, revoked]
            try {
              requireVerdict(fieldsOf(verdict, description))
              admitted.push(verdict)
            } catch (error) {
              const { code } = error as { code: string }
              outcomes.set(code, (outcomes.get(code) ?? 0) + 1)
              const whole = ['0', '1'].includes(presented ?? '') && ['0', '1'].includes(revoked ?? '') && verify
              // Values outside of the table are malformed. Only a request without any of the headers has no certificate.
              if (!whole) {
                expect(code).toBe(
                  presented === undefined && !description ? 'CSN_CERT_MISSING' : 'CSN_HEADERS_MALFORMED',
                )
              }
            }
          }
        }
      }
    }
    expect(new Set(admitted.map(String))).toEqual(new Set(['1,SUCCESS,0']))
    expect([...outcomes.keys()].sort()).toEqual([
      'CSN_CERT_EXPIRED',
      'CSN_CERT_MISSING',
      'CSN_CERT_REVOKED',
      'CSN_CERT_UNVERIFIED',
      'CSN_HEADERS_MALFORMED',
    ])
  })
})
