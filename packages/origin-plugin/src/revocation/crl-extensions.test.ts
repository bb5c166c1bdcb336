import { der } from '@countersign/test-support/write-der'
import { describe, expect, it } from 'vitest'
import { extension } from '../../test/support/write-crl.ts'
import { TAG } from '../x509/der.ts'
import { DerCursor } from '../x509/der-cursor.ts'
import { MAX_EXTENSIONS } from '../x509/extensions/read-extensions.ts'
import { checkEntryExtensions, MAX_CRL_NUMBER_BYTES, readListExtensions } from './crl-extensions.ts'
import { FULL_SCOPE } from './issuing-distribution-point.ts'

const NOTHING = der(0x05)
const oid = (hex: string) => der(TAG.OID, Buffer.from(hex, 'hex'))
const VALUE = der(TAG.OCTET_STRING, NOTHING)
const UNKNOWN = '2a0304'
const failure = (message: string, name = 'SyntaxError') => expect.objectContaining({ name, message })

const readList = (...extensions: Buffer[]) => readListExtensions(new DerCursor(der(TAG.SEQUENCE, ...extensions)))
const checkEntry = (...extensions: Buffer[]) => {
  const cursor = new DerCursor(der(TAG.SEQUENCE, ...extensions))
  cursor.next()
  checkEntryExtensions(cursor)
}
const numberOf = (hex: string) => readList(extension('551d14', der(TAG.INTEGER, Buffer.from(hex, 'hex')))).number

describe('readListExtensions', () => {
  it('has a number and a scope without extensions', () => {
    expect(readListExtensions(undefined)).toEqual({ number: 0n, scope: FULL_SCOPE })
    expect(readList()).toEqual({ number: 0n, scope: FULL_SCOPE })
  })

  it.each([
    ['00', 0n],
    ['07', 7n],
    ['0080', 128n],
    [`00${'ff'.repeat(20)}`, 2n ** 160n - 1n],
  ])('reads the number %s', (hex, number) => {
    expect(numberOf(hex)).toBe(number)
  })

  it('limits the length of the number', () => {
    expect(numberOf('11'.repeat(MAX_CRL_NUMBER_BYTES))).toBeGreaterThan(0n)
    for (const hex of ['11'.repeat(22), '', '80']) {
      expect(() => numberOf(hex)).toThrow(failure('the CRL number is not a number of 20 bytes at most'))
    }
  })

  it('refuses a number that is not an integer, or is followed by another value', () => {
    expect(() => readList(extension('551d14', NOTHING))).toThrow(failure('the CRL number is missing'))
    expect(() => readList(extension('551d14', Buffer.concat([der(TAG.INTEGER, '\x01'), NOTHING])))).toThrow(
      failure('the CRL number is not a number of 20 bytes at most'),
    )
  })

  it('reads the scope', () => {
    const users = der(TAG.SEQUENCE, der(0x81, '\xff'))
    expect(readList(extension('551d1c', users, { critical: true })).scope).toEqual({
      points: 'all',
      certificates: 'users',
    })
    const point = der(TAG.SEQUENCE, der(0xa0, der(0xa0, der(0x86, 'a'))))
    expect(readList(extension('551d1c', point)).scope).toEqual({ points: ['860161'], certificates: 'all' })
  })

  it.each(['551d23', '551d12', '551d2e', '2b06010505070101'])(
    'ignores the extension %s, critical or not: it does not change the meaning',
    (harmless) => {
      for (const critical of [false, true]) {
        expect(readList(extension(harmless, NOTHING, { critical }))).toEqual({ number: 0n, scope: FULL_SCOPE })
      }
    },
  )

  it('ignores an unknown extension that is not critical, also if it states so', () => {
    const written = der(TAG.SEQUENCE, oid(UNKNOWN), der(TAG.BOOLEAN, '\0'), VALUE)
    expect(readList(extension(UNKNOWN, NOTHING), extension('551d14', der(TAG.INTEGER, '\x05')))).toEqual({
      number: 5n,
      scope: FULL_SCOPE,
    })
    expect(readList(written)).toEqual({ number: 0n, scope: FULL_SCOPE })
  })

  it.each([
    ['ff', extension(UNKNOWN, NOTHING, { critical: true })],
    ['01', der(TAG.SEQUENCE, oid(UNKNOWN), der(TAG.BOOLEAN, '\x01'), VALUE)],
    ['empty', der(TAG.SEQUENCE, oid(UNKNOWN), der(TAG.BOOLEAN), VALUE)],
    ['two bytes', der(TAG.SEQUENCE, oid(UNKNOWN), der(TAG.BOOLEAN, '\0\0'), VALUE)],
  ])('refuses an unknown critical extension, whose flag is %s', (_flag, critical) => {
    expect(() => readList(critical)).toThrow(
      failure('the list has the unknown critical extension 1.2.3.4, which may change its meaning'),
    )
  })

  it('refuses a delta list, critical or not', () => {
    for (const critical of [false, true]) {
      expect(() => readList(extension('551d1b', der(TAG.INTEGER, '\x01'), { critical }))).toThrow(
        failure('the list is a delta list, which contains only changes; write the complete list', 'UncoveredCrlError'),
      )
    }
  })

  it.each<[string, Buffer, string]>([
    ['is not a sequence', der(TAG.SET), 'the list has an extension that is not a sequence'],
    ['has no OID', der(TAG.SEQUENCE, VALUE), 'the OID of an extension is missing'],
    ['has no value', der(TAG.SEQUENCE, oid(UNKNOWN)), 'the list has the extension 1.2.3.4 without a value'],
    [
      'has a flag and no value',
      der(TAG.SEQUENCE, oid(UNKNOWN), der(TAG.BOOLEAN, '\0')),
      'the list has the extension 1.2.3.4 without a value',
    ],
    [
      'has another value',
      der(TAG.SEQUENCE, oid(UNKNOWN), NOTHING),
      'the list has the extension 1.2.3.4 without a value',
    ],
    [
      'has two values',
      der(TAG.SEQUENCE, oid(UNKNOWN), VALUE, VALUE),
      'the list has the extension 1.2.3.4 with two values',
    ],
  ])('refuses an extension that %s', (_what, bytes, message) => {
    expect(() => readList(bytes)).toThrow(failure(message))
  })

  it('refuses a repeated extension, of which two readers could use different ones', () => {
    expect(() => readList(extension(UNKNOWN, NOTHING), extension(UNKNOWN, NOTHING))).toThrow(
      failure('the list has the extension 1.2.3.4 twice'),
    )
  })

  it('limits the number of extensions', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, at) => extension(`2a0304${(at + 1).toString(16).padStart(2, '0')}`, NOTHING))
    expect(readList(...many(MAX_EXTENSIONS))).toEqual({ number: 0n, scope: FULL_SCOPE })
    expect(() => readList(...many(101))).toThrow(failure('the list has more than 100 extensions'))
  })

  it('refuses extensions that are not a sequence, or are followed by another value', () => {
    expect(() => readListExtensions(new DerCursor(der(TAG.SET)))).toThrow(
      failure('the sequence of the extensions of the list is missing'),
    )
    expect(() => readListExtensions(new DerCursor(Buffer.concat([der(TAG.SEQUENCE), NOTHING])))).toThrow(
      failure('the extensions of the list are followed by another value'),
    )
  })
})

describe('checkEntryExtensions', () => {
  it.each(['551d15', '551d18', '551d17'])('ignores the extension %s, critical or not', (harmless) => {
    for (const critical of [false, true])
      expect(() => checkEntry(extension(harmless, NOTHING, { critical }))).not.toThrow()
  })

  it('ignores an unknown extension, unless it is critical', () => {
    expect(() => checkEntry(extension(UNKNOWN, NOTHING))).not.toThrow()
    expect(() => checkEntry(extension(UNKNOWN, NOTHING, { critical: true }))).toThrow(
      failure('an entry has the unknown critical extension 1.2.3.4, which may change its meaning'),
    )
  })

  it('refuses an entry of another CA, critical or not', () => {
    for (const critical of [false, true]) {
      expect(() => checkEntry(extension('551d1d', NOTHING, { critical }))).toThrow(
        failure('the list has an entry of another CA; write a list of this CA alone', 'UncoveredCrlError'),
      )
    }
  })

  it('refuses another value', () => {
    const cursor = new DerCursor(NOTHING)
    cursor.next()
    expect(() => checkEntryExtensions(cursor)).toThrow(failure('the extensions of an entry are not a sequence'))
    expect(() => checkEntry(der(TAG.SET))).toThrow(failure('an entry has an extension that is not a sequence'))
  })
})
