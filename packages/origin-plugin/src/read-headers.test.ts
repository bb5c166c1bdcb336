import { CERTIFICATE_HEADERS } from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import { readHeaders } from './read-headers.ts'
import { refusedWith } from './testing/refused-with.ts'

const malformed = (reason: string) => refusedWith('CSN_HEADERS_MALFORMED', reason)

describe('readHeaders', () => {
  it('reads every header of the table and the Access token, whatever their case', () => {
    const names = ['cf-access-jwt-assertion', ...CERTIFICATE_HEADERS.map(({ name }) => name)]
    const raw = names.flatMap((name, at) => [at % 2 ? name.toUpperCase() : name, `value ${at}`])
    expect([...readHeaders(raw)]).toEqual(names.map((name, at) => [name, `value ${at}`]))
  })

  it('leaves every other header alone, repeated or not', () => {
    const others = [
      'Host',
      'a',
      'x-certainly',
      '1',
      'x-certainly',
      '2',
      'cf-access-jwt',
      'b',
      'X-Cer',
      'ü',
      'cf-ray',
      '',
    ]
    expect(readHeaders(others).size).toBe(0)
    expect(readHeaders([]).size).toBe(0)
  })

  it.each(['x-cert-subject-dn', 'client-cert', 'cf-access-jwt-assertion', 'x-cert-verify'])(
    'refuses a repeated %s, even with the same value or another case',
    (name) => {
      expect(() => readHeaders([name, 'a', name, 'a'])).toThrow(malformed(`the header ${name} is repeated`))
      expect(() => readHeaders([name, 'a', 'host', 'h', name.toUpperCase(), 'b'])).toThrow(
        malformed(`the header ${name} is repeated`),
      )
    },
  )

  it.each([
    'x_cert_subject_dn',
    'X-Cert_Subject-DN',
    'x.cert.subject.dn',
    'x-cert-unknown',
    'x-cert-',
    'client_cert',
    'client-certificate',
    'cf-cert-serial',
    'cf-client-cert-sha256',
  ])('refuses %s, which something behind the origin may fold into one of the family', (name) => {
    expect(() => readHeaders([name, 'a'])).toThrow(
      malformed(`the header ${name.toLowerCase()} is not one that the edge sends`),
    )
  })

  it.each([
    ['an empty value', ''],
    ['a tab', 'CN=a\tb'],
    ['a byte above ASCII', 'CN=Zo\u00c3\u00ab'],
    ['DEL', 'CN=\u007f'],
    ['NUL', 'CN=\0'],
  ])('refuses %s', (_, value) => {
    expect(() => readHeaders(['X-CERT-SUBJECT-DN', value])).toThrow(
      malformed('the header x-cert-subject-dn is empty or not printable ASCII'),
    )
  })

  it('does not write a header name of any length into the log', () => {
    const name = `x-cert-${'a'.repeat(5000)}`
    expect(() => readHeaders([name, 'a'])).toThrow(
      malformed(`the header ${name.slice(0, 64)} is not one that the edge sends`),
    )
  })
})
