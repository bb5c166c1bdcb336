import { der } from '@countersign/test-support/write-der'
import { describe, expect, it } from 'vitest'
import { readBasicConstraints } from './basic-constraints.ts'

const read = (value: Uint8Array) =>
  readBasicConstraints({ extensions: new Map([['2.5.29.19', { critical: true, value }]]) })
const TRUE = der(0x01, '\xff')
const length = (...bytes: readonly number[]) => der(0x02, Buffer.from(bytes))
const NO_LIMIT = Number.POSITIVE_INFINITY

describe('readBasicConstraints', () => {
  it('reads none as those of a client', () => {
    expect(readBasicConstraints({ extensions: new Map() })).toEqual({ isCa: false, pathLength: NO_LIMIT })
  })

  it.each([
    ['the default', [], false, NO_LIMIT],
    ['TRUE', [TRUE], true, NO_LIMIT],
    ['FALSE', [der(0x01, '\0')], false, NO_LIMIT],
    ['a length of 0', [TRUE, length(0)], true, 0],
    ['a length of one byte', [TRUE, length(0x7f)], true, 127],
    ['a length of two bytes', [TRUE, length(1, 2)], true, 258],
    ['a length alone', [length(3)], false, 3],
  ])('reads %s', (_what, parts, isCa, pathLength) => {
    expect(read(der(0x30, ...parts))).toEqual({ isCa, pathLength })
  })

  it.each([
    ['a negative length', der(0x30, TRUE, length(0x80))],
    ['an empty length', der(0x30, TRUE, length())],
    ['two lengths', der(0x30, TRUE, length(1), length(1))],
    ['two flags', der(0x30, TRUE, TRUE)],
    ['another part', der(0x30, TRUE, der(0x04, '\x01'))],
    ['a length with a zero byte too many', der(0x30, TRUE, length(0, 0))],
    ['TRUE as BER writes it', der(0x30, der(0x01, '\x01'))],
    ['an empty flag', der(0x30, der(0x01))],
    ['a flag of two bytes', der(0x30, der(0x01, '\0\0'))],
  ])('refuses %s', (_what, value) => {
    expect(() => read(value)).toThrow(new SyntaxError('the basic constraints have another form'))
  })

  it('refuses a value with the tag 0, which is not the end', () => {
    expect(() => read(der(0x30, TRUE, der(0x00, '\x02')))).toThrow(new SyntaxError('not a DER value'))
  })

  it('refuses another type, and bytes behind the value', () => {
    expect(() => read(der(0x31))).toThrow(new SyntaxError('the value of BasicConstraints is missing'))
    expect(() => read(Buffer.concat([der(0x30), der(0x30, TRUE)]))).toThrow(
      new SyntaxError('bytes follow the value of BasicConstraints'),
    )
  })
})
