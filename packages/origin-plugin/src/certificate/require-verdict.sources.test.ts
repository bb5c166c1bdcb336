import { CF_CERT_HEADERS } from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../test/support/expect-refusal.ts'
import { fieldsFrom, type HeaderChanges } from '../../test/support/header-lines.ts'
import { requireVerdict } from './require-verdict.ts'

const MALFORMED = {
  code: 'CSN_HEADERS_MALFORMED',
  reason: 'cf-cert-presented, cf-cert-verified or cf-cert-revoked is missing, or is not true or false',
}
const CONTRADICTION = {
  code: 'CSN_HEADERS_MALFORMED',
  reason: 'the headers describe a certificate that was not presented',
}
const UNNAMED = '(serial number missing, SHA-256 missing, subject )'
const FLAGS = ['cf-cert-presented', 'cf-cert-verified', 'cf-cert-revoked']
const DESCRIPTIONS = CF_CERT_HEADERS.map(({ name }) => name).filter((name) => !FLAGS.includes(name))
const YES = ['true', '1']
const NO = ['false', '0']
const ODD = [
  '',
  'TRUE',
  'True',
  'yes',
  'SUCCESS',
  'NONE',
  'FAILED',
  '2',
  '01',
  ' true',
  'true ',
  'true, false',
  'undefined',
]

const check = (presented?: string, verified?: string, revoked?: string, others: HeaderChanges = {}) => {
  const values = Object.entries({
    'cf-cert-presented': presented,
    'cf-cert-verified': verified,
    'cf-cert-revoked': revoked,
    ...others,
  })
  const lines = values.filter((line): line is [string, string] => typeof line[1] === 'string')
  requireVerdict(fieldsFrom('cf-cert', lines))
}
const verdictOn = (...args: Parameters<typeof check>) => refusalOf(() => check(...args))

describe('requireVerdict of cf-cert', () => {
  it('admits a certificate that was presented, verified and is not revoked, in both spellings', () => {
    for (const yes of YES) for (const no of NO) expect(() => check(yes, yes, no)).not.toThrow()
  })

  it.each(NO)('does not admit a certificate that is not verified (%s)', (no) => {
    const named = { 'cf-cert-serial': '0A1B', 'cf-cert-sha256': 'ab', 'cf-cert-subject-dn-rfc2253': 'CN=a' }
    for (const revoked of [...YES, ...NO]) {
      expect(verdictOn('true', no, revoked, named)).toEqual({
        code: 'CSN_CERT_UNVERIFIED',
        reason: `Cloudflare's verdict is ${no} (serial number 0A1B, SHA-256 ab, subject CN=a)`,
      })
    }
  })

  it.each(YES)('does not admit a revoked certificate, which Cloudflare reports as verified (%s)', (revoked) => {
    expect(verdictOn('true', 'true', revoked)).toEqual({
      code: 'CSN_CERT_REVOKED',
      reason: `Cloudflare lists the certificate as revoked ${UNNAMED}`,
    })
  })

  it('requires a certificate without one', () => {
    for (const no of NO) {
      for (const revoked of [...YES, ...NO]) {
        expect(verdictOn(no, 'false', revoked)).toEqual({
          code: 'CSN_CERT_MISSING',
          reason: 'the client did not present a certificate',
        })
      }
    }
  })

  it('tells the operator to turn the managed transform on if no header is there', () => {
    const missing = {
      code: 'CSN_CERT_MISSING',
      reason: 'the cf-cert headers are missing; turn on the managed transform "Add TLS client auth headers"',
    }
    expect(verdictOn()).toEqual(missing)
    expect(refusalOf(() => requireVerdict(fieldsFrom('cf-cert', [['Cf-Access-Jwt-Assertion', 'a.b.c']])))).toEqual(
      missing,
    )
  })

  it.each(DESCRIPTIONS)('refuses %s of a certificate that was not presented', (name) => {
    expect(verdictOn('false', 'false', 'false', { [name]: 'x' })).toEqual(CONTRADICTION)
    expect(verdictOn(undefined, undefined, undefined, { [name]: 'x' })).toEqual(MALFORMED)
  })

  it('refuses a good verdict on a certificate that was not presented', () => {
    expect(verdictOn('false', 'true', 'false')).toEqual(CONTRADICTION)
  })

  it.each([...ODD, undefined])('refuses "%s" in place of true or false', (odd) => {
    expect(verdictOn('true', odd, 'false')).toEqual(MALFORMED)
    expect(verdictOn('true', 'true', odd)).toEqual(MALFORMED)
    expect(verdictOn('false', 'false', odd)).toEqual(MALFORMED)
    if (odd !== undefined) expect(verdictOn(odd, 'true', 'false')).toEqual(MALFORMED)
  })

  it('admits four combinations of all', () => {
    const texts = [undefined, ...YES, ...NO, ...ODD]
    const admitted: string[] = []
    for (const presented of texts) {
      for (const verified of texts) {
        for (const revoked of texts) {
          try {
            check(presented, verified, revoked)
            admitted.push(`${presented} ${verified} ${revoked}`)
          } catch {}
        }
      }
    }
    const all = YES.flatMap((a) => YES.flatMap((b) => NO.map((c) => `${a} ${b} ${c}`)))
    expect(admitted.sort()).toEqual(all.sort())
  })
})

describe('requireVerdict of rfc9440', () => {
  it('takes the presence of Client-Cert for the verdict', () => {
    expect(() => requireVerdict(fieldsFrom('rfc9440', [['Client-Cert', ':AA==:']]))).not.toThrow()
    const both = [['Client-Cert', ':AA==:'] as const, ['Client-Cert-Chain', ':AA==:'] as const]
    expect(() => requireVerdict(fieldsFrom('rfc9440', both))).not.toThrow()
  })

  it('requires a certificate without Client-Cert, and states why it may be missing', () => {
    expect(refusalOf(() => requireVerdict(fieldsFrom('rfc9440', [['Cf-Access-Jwt-Assertion', 'a.b.c']])))).toEqual({
      code: 'CSN_CERT_MISSING',
      reason:
        'client-cert is missing; the transform rules set it only for a certificate that is verified, not revoked and at most 10 KiB',
    })
    expect(refusalOf(() => requireVerdict(fieldsFrom('rfc9440', [['Client-Cert-Chain', ':AA==:']])))).toEqual({
      code: 'CSN_CERT_MISSING',
      reason: 'client-cert is missing next to client-cert-chain; the transform rules omit a certificate above 10 KiB',
    })
  })
})
