import { createCa, type IssuedCert } from '@countersign/test-support/certificates'
import { CF_CERT_HEADERS } from '@countersign/wire'
import { beforeAll, describe, expect, it } from 'vitest'
import { refusedWith } from '../../test/support/expect-refusal.ts'
import {
  certificateLines,
  cfCertLines,
  edgeFieldsOf,
  fieldsFrom,
  type HeaderChanges,
} from '../../test/support/header-lines.ts'
import { requirePrintable } from '../read-headers.ts'
import { parseClientCert } from './parse-client-cert.ts'
import { shareableCert } from './shareable-cert.ts'

let issued: IssuedCert
beforeAll(async () => {
  const ca = await createCa()
  issued = await ca.issue({ san: [{ type: 'dns', value: 'pay.acme.example' }] })
})

const parse = (changes: HeaderChanges = {}) =>
  shareableCert(parseClientCert(fieldsFrom('cf-cert', cfCertLines(issued, changes))), undefined)
const latin1 = (text: string) => Buffer.from(text).toString('latin1')

describe('parseClientCert of cf-cert', () => {
  it('has the same values as with the headers of the Worker without Client-Cert', () => {
    const { raw, ...cert } = parse()
    const text = edgeFieldsOf(certificateLines(issued, { 'client-cert': null }))
    const { raw: _, ...workers } = shareableCert(parseClientCert(text), undefined)
    expect(JSON.stringify(cert)).toBe(JSON.stringify(workers))
    expect(cert).toMatchObject({ verification: 'SUCCESS', x509: undefined, subjectAltNames: undefined })
    expect(raw).toEqual(Object.fromEntries(cfCertLines(issued)))
    expect(Object.keys(raw).sort()).toEqual(CF_CERT_HEADERS.map(({ name }) => name).sort())
  })

  it.each([
    ['cf-cert-subject-dn-rfc2253', 'CN=other', 'subject', 'CN=other'],
    ['cf-cert-issuer-dn-rfc2253', 'CN=other', 'issuer', 'CN=other'],
    ['cf-cert-serial', '0C', 'serialNumber', '0C'],
    ['cf-cert-sha1', 'ab'.repeat(20), 'fingerprint', Array(20).fill('AB').join(':')],
    ['cf-cert-sha256', 'ab'.repeat(32), 'fingerprint256', Array(32).fill('AB').join(':')],
    ['cf-cert-not-before', 'Jan  1 00:00:00 2021 GMT', 'validFrom', 'Jan  1 00:00:00 2021 GMT'],
    ['cf-cert-not-after', 'Jan  1 00:00:00 2049 GMT', 'validTo', 'Jan  1 00:00:00 2049 GMT'],
    ['cf-cert-ski', 'ab:cd', 'keyId', 'ABCD'],
    ['cf-cert-issuer-ski', 'ef01', 'issuerKeyId', 'EF01'],
  ] as const)('reads %s', (name, value, property, expected) => {
    expect(String(parse({ [name]: value })[property])).toBe(expected)
  })

  it('reads the plain form of a name if it is alone, in UTF-8', () => {
    const plain = { 'cf-cert-subject-dn-rfc2253': null, 'cf-cert-issuer-dn-rfc2253': null }
    const names = { 'cf-cert-subject-dn': latin1('CN=Zoë,O=株'), 'cf-cert-issuer-dn': latin1('CN=Größe') }
    const cert = parse({ ...plain, ...names })
    expect([cert.subject.CN, cert.subject.O, cert.issuer.CN]).toEqual(['Zoë', '株', 'Größe'])
  })

  it('refuses a name that is not UTF-8', () => {
    const plain = { 'cf-cert-subject-dn-rfc2253': null, 'cf-cert-subject-dn': 'CN=Zo\xeb' }
    expect(() => parse(plain)).toThrow(refusedWith('CSN_HEADERS_MALFORMED', 'cf-cert-subject-dn: not UTF-8'))
  })

  it.each(['cf-cert-serial', 'cf-cert-sha1', 'cf-cert-sha256', 'cf-cert-not-before', 'cf-cert-not-after'])(
    'refuses a certificate without %s, by this name',
    (name) => {
      expect(() => parse({ [name]: null })).toThrow(
        refusedWith('CSN_HEADERS_MALFORMED', `${name} is missing although a certificate was presented`),
      )
    },
  )

  it.each([
    ['cf-cert-serial', 'xyz'],
    ['cf-cert-sha1', 'ab'],
    ['cf-cert-sha256', 'ab'],
    ['cf-cert-not-before', 'today'],
    ['cf-cert-not-after', 'today'],
    ['cf-cert-ski', 'xyz'],
    ['cf-cert-issuer-ski', 'xyz'],
  ])('names %s if it cannot be read', (name, value) => {
    expect(() => parse({ [name]: value })).toThrow(refusedWith('CSN_HEADERS_MALFORMED', new RegExp(`^${name}: `)))
  })

  it('refuses a certificate without issuer, and a type that is ambiguous, by these names', () => {
    expect(() => parse({ 'cf-cert-issuer-dn': null, 'cf-cert-issuer-dn-rfc2253': null })).toThrow(
      refusedWith('CSN_HEADERS_MALFORMED', 'cf-cert-issuer-dn is missing although a certificate was presented'),
    )
    expect(() => parse({ 'cf-cert-subject-dn-rfc2253': 'uid=a' })).toThrow(
      refusedWith(
        'CSN_CERT_UNREADABLE',
        'cf-cert-subject-dn: the type uid is ambiguous; use the source "rfc9440", which sends the certificate',
      ),
    )
  })
})

describe('requirePrintable of cf-cert', () => {
  const check = (name: string, value: string) => requirePrintable(fieldsFrom('cf-cert', [[name, value]]))
  const names = CF_CERT_HEADERS.map(({ name }) => name).filter((name) => name.includes('-dn'))
  const others = CF_CERT_HEADERS.map(({ name }) => name).filter((name) => !name.includes('-dn'))

  it.each(names)('accepts the bytes of UTF-8 in %s, and no control character', (name) => {
    for (const value of ['CN=\x80', 'CN=\xff', latin1('CN=Zoë'), ' ', '~']) {
      expect(() => check(name, value)).not.toThrow()
    }
    for (const value of ['', 'CN=a\tb', 'CN=a\0', 'CN=a\x7f', '\x1f', 'CN=a\n']) {
      expect(() => check(name, value)).toThrow(
        refusedWith('CSN_HEADERS_MALFORMED', `${name} is empty or contains control characters`),
      )
    }
  })

  it.each([...others, 'cf-access-jwt-assertion'])('requires ASCII of %s', (name) => {
    expect(() => check(name, 'a\xeb')).toThrow(
      refusedWith('CSN_HEADERS_MALFORMED', `${name} is empty or not printable ASCII`),
    )
  })
})
