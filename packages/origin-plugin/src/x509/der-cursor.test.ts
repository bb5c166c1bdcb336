import { der } from '@countersign/test-support/write-der'
import { describe, expect, it } from 'vitest'
import { DerCursor } from './der-cursor.ts'

const cursorOf = (hex: string) => new DerCursor(Buffer.from(hex, 'hex'))
const failure = (message: string) => new SyntaxError(message)

describe('DerCursor', () => {
  it('moves from value to value, and to none at the end', () => {
    const cursor = cursorOf('0201050403aabbcc')
    expect(cursor).toMatchObject({ tag: 0 })
    expect(cursor.next()).toBe(true)
    expect(cursor).toMatchObject({ tag: 2, from: 0, start: 2, end: 3 })
    expect(cursor.contents()).toEqual(Buffer.from([5]))
    expect(cursor.next()).toBe(true)
    expect(cursor).toMatchObject({ tag: 4, from: 3, start: 5, end: 8 })
    expect(cursor.encoded()).toEqual(Buffer.from('0403aabbcc', 'hex'))
    expect(cursor.next()).toBe(false)
    expect(cursor.tag).toBe(0)
    expect(cursor.next()).toBe(false)
  })

  it('finds no value in no bytes', () => {
    expect(cursorOf('').next()).toBe(false)
  })

  it('reads the values inside a value, and does not leave it', () => {
    const outer = cursorOf('3003020105040107')
    outer.next()
    const inner = outer.inside()
    expect(inner.next()).toBe(true)
    expect(inner.contents()).toEqual(Buffer.from([5]))
    expect(inner.next()).toBe(false)
    expect(outer.next()).toBe(true)
    expect(outer.contents()).toEqual(Buffer.from([7]))
  })

  it('begins anew between two offsets', () => {
    const cursor = cursorOf('020105040107')
    cursor.next()
    cursor.enter(3, 6)
    expect(cursor.tag).toBe(0)
    expect(cursor.next()).toBe(true)
    expect(cursor).toMatchObject({ tag: 4, from: 3 })
    expect(cursor.next()).toBe(false)
  })

  it.each([
    ['81', 0x80],
    ['81', 0xff],
    ['82', 0x100],
    ['83', 0x10000],
    ['84', 0x1000000],
  ])('reads a length behind %s', (head, length) => {
    const digits = length.toString(16)
    const prefix = Buffer.from(`04${head}${digits.padStart(digits.length + (digits.length % 2), '0')}`, 'hex')
    const bytes = Buffer.concat([prefix, Buffer.alloc(length)])
    const cursor = new DerCursor(bytes)
    expect(cursor.next()).toBe(true)
    expect(cursor).toMatchObject({ start: prefix.length, end: bytes.length })
    const short = new DerCursor(bytes.subarray(0, -1))
    expect(() => short.next()).toThrow(failure('a DER value is longer than its bytes'))
  })

  it.each([
    ['02', 'not a DER value'],
    ['0000', 'not a DER value'],
    ['000102', 'not a DER value'],
    ['1f01', 'not a DER value'],
    ['3f0100', 'not a DER value'],
    ['0201', 'a DER value is longer than its bytes'],
    ['0480', 'not a definite DER length'],
    ['04850000000001', 'not a definite DER length'],
    ['0481', 'not a definite DER length'],
    ['048201', 'not a definite DER length'],
    ['04ff', 'not a definite DER length'],
    ['04817f', 'a DER length is not in its shortest form'],
    ['04820080', 'a DER length is not in its shortest form'],
    ['0484000000ff', 'a DER length is not in its shortest form'],
  ])('refuses %s', (hex, message) => {
    const cursor = cursorOf(hex)
    expect(() => cursor.next()).toThrow(failure(message))
  })

  it('accepts any length and the tag 0 on demand, also inside a value', () => {
    for (const hex of ['04817faa', '0482008000', '0484000000ff', '000102']) {
      const bytes = Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(0x100)])
      const cursor = new DerCursor(bytes, true)
      expect(cursor.next(), hex).toBe(true)
      const outer = new DerCursor(der(0x30, bytes), true)
      outer.next()
      const inner = outer.inside()
      expect(inner.next(), hex).toBe(true)
      expect(inner.contents().length).toBe(cursor.end - cursor.start)
    }
    for (const hex of ['02', '1f01', '0201', '0480', '04850000000001']) {
      expect(() => new DerCursor(Buffer.from(hex, 'hex'), true).next(), hex).toThrow(SyntaxError)
    }
  })

  it('writes the contents as text and in hexadecimal, from any kind of bytes', () => {
    for (const bytes of [der(0x0c, 'K\u00e9\x7f'), Uint8Array.from([0, ...der(0x0c, 'K\u00e9\x7f')]).subarray(1)]) {
      const cursor = new DerCursor(bytes)
      cursor.next()
      expect(cursor.latin1()).toBe('K\u00e9\x7f')
      expect(cursor.hex()).toBe('4BE97F')
    }
  })

  it.each([
    ['', true],
    ['\0\x7f', true],
    ['a\x80', false],
    ['\u00ffa', false],
  ])('finds whether %j is ASCII', (text, isAscii) => {
    // The values around it are not, and do not count.
    const cursor = new DerCursor(Buffer.concat([der(0x04, '\xff'), der(0x0c, text), der(0x04, '\xff')]))
    cursor.next()
    cursor.next()
    expect(cursor.isAscii()).toBe(isAscii)
  })

  it('refuses a value that ends behind the value around it', () => {
    for (const [hex, message] of [
      ['3003020205aaaa', 'a DER value is longer than its bytes'],
      ['300102aaaa', 'not a DER value'],
      ['3002048180', 'not a definite DER length'],
    ] as const) {
      const outer = cursorOf(hex)
      outer.next()
      const inner = outer.inside()
      expect(() => inner.next(), hex).toThrow(failure(message))
    }
  })

  it('requires a tag, and names the missing value', () => {
    const cursor = cursorOf('0201050500')
    cursor.expect(2, 'the number')
    expect(cursor.contents()).toEqual(Buffer.from([5]))
    expect(() => cursor.expect(2, 'the second number')).toThrow(failure('the second number is missing'))
    expect(() => cursor.expect(5, 'the third value')).toThrow(failure('the third value is missing'))
  })
})
