import { ACCESS_TOKEN_HEADER, COVERED_FIELDS } from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import { refusalOf } from '../test/support/expect-refusal.ts'
import { readHeaders, requirePrintable } from './read-headers.ts'

/** The fields that were read, as a Map. */
const read = (rawHeaders: readonly string[]) => {
  const fields = readHeaders(rawHeaders)
  return new Map(fields.names().map((name) => [name, fields.get(name)]))
}
const refused = (reason: string) => ({ code: 'CSN_HEADERS_MALFORMED', reason })

describe('readHeaders', () => {
  it('reads nothing from no headers', () => {
    expect(read([])).toEqual(new Map())
  })

  it('reads every field that the edge speaks for', () => {
    const lines = COVERED_FIELDS.flatMap((name, at) => [name, `value ${at}`])
    expect(read(lines)).toEqual(new Map(COVERED_FIELDS.map((name, at) => [name, `value ${at}`])))
  })

  it('leaves every other header alone, repeats and strange bytes included', () => {
    const lines = ['Host', 'a', 'accept', '', 'Accept', '\xff', 'x-certificate', 'a', 'x-certificate', 'b']
    expect(read([...lines, 'Signature', 'a', 'Signature', 'b', 'cf-ray', '1', 'clientcert', 'c'])).toEqual(new Map())
  })

  it.each(['X-CERT-VERIFY', 'x-cert-verify', 'X-Cert-Verify', 'x-cErT-vErIfY'])('reads %s under one name', (name) => {
    expect(read([name, 'SUCCESS'])).toEqual(new Map([['x-cert-verify', 'SUCCESS']]))
  })

  it.each(['Cf-Access-Jwt-Assertion', 'CF-ACCESS-JWT-ASSERTION', 'cf-access-jwt-assertion'])(
    'reads the Access token from %s',
    (name) => {
      expect(readHeaders([name, 'a.b.c']).get(ACCESS_TOKEN_HEADER)).toBe('a.b.c')
    },
  )

  it.each(COVERED_FIELDS)('refuses a repeated %s, in any case and with any values', (name) => {
    const reason = `${name} is repeated`
    for (const again of [name, name.toUpperCase()]) {
      expect(refusalOf(() => readHeaders([name, 'a', 'accept', 'b', again, 'c']))).toEqual(refused(reason))
      expect(refusalOf(() => readHeaders([again, 'a', name, 'a']))).toEqual(refused(reason))
    }
  })

  it.each([
    'x_cert_subject_dn',
    'X_CERT_VERIFY',
    'x-cert_verify',
    'x.cert.subject.dn',
    'x-cert-',
    'x-cert-verify-',
    'x-cert-other',
    'x-cert-subject-dn-2253-',
    'client_cert',
    'client-cert-',
    'client-certificate',
    'cf-cert-serial',
    'CF_CERT_VERIFIED',
    'cf-client-cert-der-base64',
  ])('refuses the name %s, which a server behind the origin may fold into one of the table', (name) => {
    const reason = `${name.toLowerCase()} is not sent by the edge`
    expect(refusalOf(() => readHeaders([name, 'a']))).toEqual(refused(reason))
    expect(refusalOf(() => readHeaders(['x-cert-verify', 'SUCCESS', name, '']))).toEqual(refused(reason))
  })

  it('repeats no more of a strange name than its beginning', () => {
    const { reason } = refusalOf(() => readHeaders([`x-cert-${'a'.repeat(8000)}`, 'a']))
    expect(reason).toBe(`x-cert-${'a'.repeat(57)} is not sent by the edge`)
  })
})

describe('requirePrintable', () => {
  it.each([
    ['an empty value', ''],
    ['a tab', 'a\tb'],
    ['a NUL', 'a\0b'],
    ['a line break at its end', 'CN=a\n'],
    ['a carriage return', 'a\rb'],
    ['a delete character', 'a\x7f'],
    ['a latin1 letter', 'CN=Zo\xeb'],
    ['UTF-8 bytes as Node hands them over', 'CN=Zo\xc3\xab'],
    ['a no-break space', 'CN=a\xa0'],
  ])('refuses %s', (_what, value) => {
    for (const name of ['x-cert-subject-dn', 'client-cert', ACCESS_TOKEN_HEADER]) {
      expect(refusalOf(() => requirePrintable(readHeaders([name, value])))).toEqual(
        refused(`${name} is empty or not printable ASCII`),
      )
    }
  })

  it('accepts every printable ASCII character, and a value of one space', () => {
    const printable = Array.from({ length: 95 }, (_, at) => String.fromCharCode(0x20 + at)).join('')
    for (const value of [printable, ' ']) {
      expect(() => requirePrintable(readHeaders(['x-cert-subject-dn', value]))).not.toThrow()
    }
  })

  it('never repeats a value in its reason', () => {
    const { reason } = refusalOf(() => requirePrintable(readHeaders([ACCESS_TOKEN_HEADER, 'secret\xff'])))
    expect(reason).not.toContain('secret')
  })
})
