import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { buildSignatureBase } from './signature-base.ts'
import { formatSignatureInput } from './signature-input.ts'

const FIELDS = [
  'cf-access-jwt-assertion',
  'x-cert-presented',
  'x-cert-verify',
  'x-cert-revoked',
  'x-cert-subject-dn-2253',
]
const VALUES = new Map([
  ['cf-access-jwt-assertion', 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln'],
  ['x-cert-presented', '1'],
  ['x-cert-verify', 'SUCCESS'],
  ['x-cert-revoked', '0'],
  ['x-cert-subject-dn-2253', 'CN=Zo\\C3\\AB,O=Acme\\, Inc.'],
])
/** The request of RFC 9421, appendix B.2. */
const TARGET = { authority: 'example.com', method: 'POST', path: '/foo', query: '?param=Value&Pet=dog' }
const INPUT = formatSignatureInput(FIELDS, {
  created: 1618884473,
  expires: 1618884533,
  nonce: 'b3k2pp5k7z-50gnwp_yems',
  keyid: 'test-shared-secret',
  alg: 'hmac-sha256',
})

/** Written by hand from RFC 9421, section 2.5. */
const BASE = `"cf-access-jwt-assertion": eyJhbGciOiJSUzI1NiJ9.e30.c2ln
"x-cert-presented": 1
"x-cert-verify": SUCCESS
"x-cert-revoked": 0
"x-cert-subject-dn-2253": CN=Zo\\C3\\AB,O=Acme\\, Inc.
"@authority": example.com
"@method": POST
"@path": /foo
"@query": ?param=Value&Pet=dog
"@signature-params": ("cf-access-jwt-assertion" "x-cert-presented" "x-cert-verify" "x-cert-revoked" "x-cert-subject-dn-2253" "@authority" "@method" "@path" "@query");created=1618884473;expires=1618884533;nonce="b3k2pp5k7z-50gnwp_yems";keyid="test-shared-secret";alg="hmac-sha256";tag="countersign"`

const value = (field: string) => VALUES.get(field)

describe('buildSignatureBase', () => {
  it('writes one line per component and ends without a newline', () => {
    expect(buildSignatureBase(FIELDS, value, TARGET, INPUT)).toBe(BASE)
  })

  it('gives the signature that OpenSSL computes over the same text with the shared secret of RFC 9421', () => {
    const secret = 'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=='
    const base = buildSignatureBase(FIELDS, value, TARGET, INPUT)
    const signature = createHmac('sha256', Buffer.from(secret, 'base64')).update(base, 'latin1').digest('base64')
    expect(signature).toBe('Rfv5UmU1VsI36M8cScUAJxSPwSWjbjsHk1YBeZBsbcs=')
  })

  it('covers the derived components even when it covers no field', () => {
    expect(buildSignatureBase([], value, { authority: 'a', method: 'GET', path: '/', query: '?' }, '()')).toBe(
      '"@authority": a\n"@method": GET\n"@path": /\n"@query": ?\n"@signature-params": ()',
    )
  })

  it('asks for each field once, in the order given', () => {
    const asked: string[] = []
    buildSignatureBase(['b', 'a'], (field) => `${asked.push(field)}`, TARGET, INPUT)
    expect(asked).toEqual(['b', 'a'])
  })

  it('keeps the order of the fields in its lines', () => {
    const [first, second] = buildSignatureBase(['b', 'a'], (field) => field, TARGET, INPUT).split('\n')
    expect([first, second]).toEqual(['"b": b', '"a": a'])
  })

  it('signs an empty value as an empty value', () => {
    expect(buildSignatureBase(['a'], () => '', TARGET, INPUT)).toMatch(/^"a": \n"@authority"/)
  })

  it.each([undefined, null])('throws when a covered field is %s, never signs it as if it were empty', (absent) => {
    const holed = (field: string) => (field === 'x-cert-verify' ? absent : value(field))
    expect(() => buildSignatureBase(FIELDS, holed, TARGET, INPUT)).toThrow(
      new TypeError('the covered field x-cert-verify is absent'),
    )
  })
})
