import { der } from '@countersign/test-support/write-der'
import { describe, expect, it } from 'vitest'
import { readIssuingDistributionPoint } from './issuing-distribution-point.ts'

const read = (...fields: Buffer[]) => readIssuingDistributionPoint(der(0x30, ...fields))
const URL = der(0xa0, der(0xa0, der(0x86, 'a')))
const flag = (tag: number, value = '\xff') => der(tag, value)
const failure = (message: string, name = 'SyntaxError') => expect.objectContaining({ name, message })
const [REASONS, INDIRECT, ATTRIBUTES] = [
  'the list contains only some reasons of revocation; write the list of all reasons',
  'the list also contains certificates of other CAs (indirectCRL); write a list of this CA alone',
  'the list contains only attribute certificates; write the list of the client certificates',
]

describe('readIssuingDistributionPoint', () => {
  it.each<[string, Buffer[]]>([
    ['no field', []],
    ['flags that are false', [0x81, 0x82, 0x84, 0x85].map((tag) => flag(tag, '\0'))],
  ])('covers all certificates with %s', (_what, fields) => {
    expect(read(...fields)).toEqual({ points: 'all', certificates: 'all' })
  })

  it('covers the certificates of its distribution point', () => {
    expect(read(URL)).toEqual({ points: ['860161'], certificates: 'all' })
    expect(read(der(0xa0, der(0xa0, der(0x86, 'a'), der(0x82, 'b'))), flag(0x81))).toEqual({
      points: ['860161', '820162'],
      certificates: 'users',
    })
  })

  it('leaves certificates of CAs out with onlyContainsUserCerts', () => {
    expect(read(flag(0x81))).toEqual({ points: 'all', certificates: 'users' })
    expect(read(flag(0x81, '\x01'))).toEqual({ points: 'all', certificates: 'users' })
  })

  it('leaves certificates of users out with onlyContainsCACerts', () => {
    expect(read(flag(0x82))).toEqual({ points: 'all', certificates: 'cas' })
    expect(read(URL, flag(0x81, '\0'), flag(0x82, '\x01'))).toEqual({ points: ['860161'], certificates: 'cas' })
    expect(() => read(flag(0x81), flag(0x82))).toThrow(
      failure('the list contains neither users nor CAs', 'UncoveredCrlError'),
    )
  })

  it.each([
    [REASONS, flag(0x83, '\x06\x40')],
    [INDIRECT, flag(0x84)],
    [ATTRIBUTES, flag(0x85)],
  ])('refuses: %s', (message, field) => {
    for (const fields of [[field], [URL, field], [flag(0x81), field]]) {
      expect(() => read(...fields)).toThrow(failure(message, 'UncoveredCrlError'))
    }
  })

  it.each<[string, Buffer[], string]>([
    ['a repeated field', [flag(0x81), flag(0x81)], 'IssuingDistributionPoint has a repeated or misplaced field'],
    ['fields in another order', [flag(0x81), URL], 'IssuingDistributionPoint has a repeated or misplaced field'],
    ['an unknown field', [flag(0x86)], 'IssuingDistributionPoint has an unknown field'],
    ['a flag with another tag', [flag(0x01)], 'IssuingDistributionPoint has an unknown field'],
    ['an empty flag', [flag(0x81, '')], 'IssuingDistributionPoint has a flag that is not a boolean'],
    ['a flag of two bytes', [flag(0x82, '\0\0')], 'IssuingDistributionPoint has a flag that is not a boolean'],
    ['an empty field for the name', [der(0xa0)], 'the name of a distribution point is missing'],
    ['a name without names', [der(0xa0, der(0xa0))], 'IssuingDistributionPoint has no name that can be compared'],
    ['a name relative to the CA', [der(0xa0, der(0xa1))], 'IssuingDistributionPoint has no name that can be compared'],
  ])('refuses %s', (_what, fields, message) => {
    expect(() => read(...fields)).toThrow(failure(message))
  })

  it('refuses another value', () => {
    expect(() => readIssuingDistributionPoint(der(0x31))).toThrow(
      failure('the value of IssuingDistributionPoint is missing'),
    )
    expect(() => readIssuingDistributionPoint(Buffer.concat([der(0x30), der(0x05)]))).toThrow(
      failure('IssuingDistributionPoint is followed by another value'),
    )
  })
})
