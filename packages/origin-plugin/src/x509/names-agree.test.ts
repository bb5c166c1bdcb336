import { parsePrintedName } from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import { DistinguishedName } from './distinguished-name.ts'
import { namesAgree } from './names-agree.ts'

const agree = (printed: string, own: string) => namesAgree(parsePrintedName(printed), DistinguishedName.parse(own))

describe('namesAgree', () => {
  it.each([
    ['', ''],
    ['CN=a,O=b', 'CN=a,O=b'],
    ['cn=a,2.5.4.10=b', 'CN=a,O=b'],
    ['CN=a+UID=7', 'UID=7+CN=a'],
    ['CN=a+CN=a', 'CN=a+CN=a'],
    ['1.2.3=#040161', '1.2.3=#040161'],
  ])('accepts %j for %j, which is equal', (printed, own) => {
    expect(agree(printed, own)).toBe(true)
  })

  it.each([
    ['', 'CN=a'],
    ['CN=a', ''],
    ['CN=a', 'CN=b'],
    ['CN=a', 'CN=A'],
    ['CN=a', 'OU=a'],
    ['CN=a,O=b', 'O=b,CN=a'],
    ['CN=a,O=b', 'CN=a+O=b'],
    ['CN=a', 'CN=a+UID=7'],
    ['CN=a+CN=a', 'CN=a+CN=b'],
    ['CN=a+CN=b', 'CN=a+CN=a'],
    ['1.2.3=a', '1.2.4=a'],
    ['1.2.3=#040161', '1.2.3=#040162'],
    ['1.2.3=#040161', '1.2.3=a'],
    ['1.2.3=a', '1.2.3=#040161'],
    ['CN=#030161', 'CN=a'],
  ])('tells %j from %j', (printed, own) => {
    expect(agree(printed, own)).toBe(false)
  })

  describe('with a type that has no OID here, or two', () => {
    it.each([
      ['fooBar=a', '1.2.3=a'],
      ['fooBar=a', 'fooBar=a'],
      ['fooBar=a', 'barFoo=a'],
      ['uid=a', '0.9.2342.19200300.100.1.44=a'],
      ['uid=a', 'UID=a'],
      ['Mail=a', '1.3.6.1.7=a'],
      ['Mail=a', 'mail=a'],
      ['uid=a+Mail=a', '1.3.6.1.7=a+uniqueIdentifier=a'],
      ['CN=a+fooBar=b', '1.2.3=b+CN=a'],
      ['fooBar=a+1.2.3=a', '1.2.3=a+1.2.4=a'],
      ['fooBar=a+CN=a', 'CN=a+1.2.3=a'],
    ])('accepts %j for %j', (printed, own) => {
      expect(agree(printed, own)).toBe(true)
    })

    it.each([
      ['fooBar=a', '1.2.3=b'],
      ['uid=a', 'UID=b'],
      ['uid=a', 'mail=a'],
      ['Mail=a', 'UID=a'],
      ['uid=a', '1.2.3=a'],
      ['fooBar=a', 'CN=a'],
      ['CN=a', 'fooBar=a'],
      ['1.2.3=a', 'fooBar=a'],
      ['fooBar=a', ''],
      ['fooBar=a+CN=a', 'CN=a'],
      ['fooBar=a+CN=a', 'OU=a+1.2.3=a'],
      ['fooBar=a+fooBar=a', '1.2.3=a+1.2.3=b'],
    ])('tells %j from %j', (printed, own) => {
      expect(agree(printed, own)).toBe(false)
    })
  })

  describe('with a value that we cannot read and OpenSSL can', () => {
    it.each(['#1602E962', '#0C01C3'])('accepts any text for %s', (own) => {
      expect(agree('CN=a', `CN=${own}`)).toBe(true)
      expect(agree('OU=a', `CN=${own}`)).toBe(false)
    })

    it('accepts the same bytes, and no other', () => {
      expect(agree('CN=#1602E962', 'CN=#1602E962')).toBe(true)
      expect(agree('CN=#1602E963', 'CN=#1602E962')).toBe(false)
    })

    it.each(['#040161', '#020105', '#1B0161', '#170D3236303130313030303030305A'])(
      'accepts no text for %s, which is not a character string',
      (own) => {
        expect(agree('CN=a', `CN=${own}`)).toBe(false)
      },
    )
  })
})
