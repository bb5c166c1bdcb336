import { beforeAll, describe, expect, it } from 'vitest'
import { createTestEdge, type TestEdge } from '../testing/index.ts'
import { requireUnredacted } from './require-unredacted.ts'

/** The headers of the edge that the origin reads. */
const DECIDES = /^(?:host|signature|client-cert|x-cert-|cf-access-jwt)/

let edge: TestEdge
let signed: readonly (readonly [name: string, value: string])[]
beforeAll(async () => {
  edge = await createTestEdge({ forwardCert: 'chain' })
  const headers = await edge.headers({ url: 'https://localhost/me', cert: { subject: 'CN=a', issuer: 'intermediate' } })
  signed = Object.entries({ ...headers, host: 'localhost' }).filter(([name]) => DECIDES.test(name))
})

const REMEDY =
  'log rawHeaders unchanged, or write the request as text (request line, header lines, an empty line) if the origin did receive it like this'
const faultOf = (pairs: readonly (readonly string[])[], { method = 'GET', target = '/me' } = {}) => {
  try {
    requireUnredacted({ method, target, rawHeaders: pairs.flat() }, 'it')
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError)
    return (error as Error).message.replace(/^it /, '').replace(`, so it may be redacted; ${REMEDY}`, '')
  }
}
const host = ['Host', 'a']

describe('requireUnredacted', () => {
  it.each([{ certificate: { subject: 'CN=a' } }, { certificate: null }])(
    'accepts the request of %j',
    async ({ certificate }) => {
      const sent = await edge.headers({ url: 'https://localhost/me', cert: certificate })
      expect(faultOf(Object.entries({ ...sent, host: 'localhost' }))).toBeUndefined()
    },
  )

  it('accepts a request without any header of the edge, and signatures of others', () => {
    expect(faultOf([host, ['X-Any', '[Redacted]']])).toBeUndefined()
    expect(faultOf([host], { target: 'http://a/', method: 'M-SEARCH' })).toBeUndefined()
    expect(faultOf([host], { target: '*' })).toBeUndefined()
    const others = [
      ['Signature-Input', 'sig1=("@method")'],
      ['Signature', 'sig1=:AA==:'],
      ['signature', 'b=:AA:'],
    ]
    expect(faultOf([host, ...others])).toBeUndefined()
    const later = [
      ['Signature-Input', 'countersign=("later")'],
      ['Signature', 'countersign=:AA==:'],
    ]
    expect(faultOf([host, ...later])).toBeUndefined()
  })

  it('refuses a signed request without any one of its headers', () => {
    expect(faultOf(signed)).toBeUndefined()
    expect(signed.length).toBeGreaterThan(15)
    for (const [name] of signed) {
      const rest = signed.filter(([each]) => each !== name)
      expect(faultOf(rest)).toBe(
        name === 'host' ? 'lacks Host, which every request has' : `lacks ${name}, which its signature needs`,
      )
    }
  })

  it.each(['[Redacted]', '***', '', 'GDPR', '<removed>', 'a.b.c', '-'])(
    'refuses the censor %j for any value',
    (censor) => {
      for (const [name] of signed) {
        if (name === 'host') continue
        const censored = signed.map(([each, value]) => [each, each === name ? censor : value])
        expect([name, faultOf(censored)]).toEqual([name, `has a value of ${name} that the edge never sends`])
      }
    },
  )

  it.each([
    ['host', '[Redacted]', '[::1]:3000'],
    ['host', 'a b', 'app-1.example.com:8443'],
    ['cf-cert-verified', 'maybe', 'true'],
    ['cf-cert-presented', 'yes', 'false'],
    ['cf-cert-sha256', 'x', 'ab12'],
    ['cf-cert-subject-dn', 'x', 'CN=a'],
    ['cf-cert-subject-dn-legacy', 'x', '/CN=a'],
    ['cf-cert-not-after', 'x', 'Dec 22 19:39:00 2018 GMT'],
    ['x-cert-verify', 'SUCCESSFUL', 'FAILED'],
    ['x-cert-verify', 'FAILED!', 'FAILED:self signed certificate'],
    ['x-cert-presented', '01', '1'],
    ['client-cert', ':AA==:x', ':AA==:'],
    ['client-cert', 'x:AA==:', ':AA:'],
    ['client-cert-chain', ':AA:;:AA:', ':AA:, :AA:,:AA:'],
    ['cf-access-jwt-assertion', `a.b.${'c'.repeat(341)}`, `a.b.${'c'.repeat(342)}`],
    ['cf-access-jwt-assertion', `a.*.${'c'.repeat(342)}`, `a.b.${'c'.repeat(683)}`],
    ['cf-access-jwt-assertion', `a.b.${'c'.repeat(342)}.d`, `a-_.b.${'c'.repeat(342)}`],
  ])('refuses %s: %s, and not %s', (name, wrong, right) => {
    expect(faultOf([host, [name.toUpperCase(), wrong]])).toBe(`has a value of ${name} that the edge never sends`)
    expect(faultOf([host, [name, right], [name, wrong]])).toBe(`has a value of ${name} that the edge never sends`)
    expect(faultOf([host, [name, right]])).toBeUndefined()
  })

  it('refuses a censored name, method or path', () => {
    expect(faultOf([host, ['[Redacted]', 'b']])).toBe('has a header without a name')
    expect(faultOf([['***', '***']])).toBe('lacks Host, which every request has')
    for (const line of [{ target: '[Redacted]' }, { target: '***' }, { method: '[Redacted]' }, { method: '' }])
      expect(faultOf([host], line)).toBe('has no method and path')
  })
})
