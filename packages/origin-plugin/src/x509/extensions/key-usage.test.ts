import { der } from '@countersign/test-support/write-der'
import { describe, expect, it } from 'vitest'
import { allowsKeyUsage, KEY_USAGE_BITS, readKeyUsage } from './key-usage.ts'

const usage = (value: Uint8Array) => ({ extensions: new Map([['2.5.29.15', { critical: true, value }]]) })
const bits = (...bytes: readonly number[]) => usage(der(0x03, Buffer.from(bytes)))

const OTHER_FORM = 'the value of KeyUsage has another form'

describe('readKeyUsage', () => {
  it('reads the first eight bits', () => {
    expect([bits(2, 4), bits(7, 0x80), bits(7, 0x86, 0x80)].map(readKeyUsage)).toEqual([4, 0x80, 0x86])
    // Some CAs count the zero bits at the end as used.
    expect(readKeyUsage(bits(0, 0x80))).toBe(0x80)
    expect(readKeyUsage({ extensions: new Map() })).toBeUndefined()
  })

  it.each([
    ['another type', usage(der(0x05)), 'the value of KeyUsage is missing'],
    ['no value', usage(Buffer.alloc(0)), 'the value of KeyUsage is missing'],
    ['no bits', bits(0), OTHER_FORM],
    ['nothing', bits(), OTHER_FORM],
    ['eight unused bits', bits(8, 0), OTHER_FORM],
    ['an unused bit that is set', bits(3, 0x0c), OTHER_FORM],
    ['an unused bit that is set in the second byte', bits(7, 0x86, 0xc0), OTHER_FORM],
    ['two values', usage(Buffer.concat([der(0x03, '\0\x80'), der(0x05)])), 'bytes follow the value of KeyUsage'],
  ])('refuses %s', (_what, parts, message) => {
    expect(() => readKeyUsage(parts)).toThrow(new SyntaxError(message))
  })
})

describe('allowsKeyUsage', () => {
  const uses = [KEY_USAGE_BITS.KEY_CERT_SIGN, KEY_USAGE_BITS.CRL_SIGN]

  it('allows every use without the extension', () => {
    expect(uses.map((use) => allowsKeyUsage({ extensions: new Map() }, use))).toEqual([true, true])
  })

  it.each([
    [0x02, [false, true]],
    [0x04, [true, false]],
    [0x06, [true, true]],
    [0x80, [false, false]],
  ])('reads each use from its own bit: %i', (byte, allowed) => {
    expect(uses.map((use) => allowsKeyUsage(bits(0, byte), use))).toEqual(allowed)
  })
})
