import { describe, expect, it } from 'vitest'
import { readDer, readDerChildren, readObjectIdentifier } from './der.ts'

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))

describe('readDer', () => {
  it('reads short and long lengths', () => {
    expect(readDer(bytes('0401ff00')).contents).toEqual(bytes('ff'))
    expect(readDer(bytes(`04820100${'ab'.repeat(256)}`)).contents).toHaveLength(256)
  })

  it.each([
    ['ends too early', '0402ff'],
    ['has an indefinite length', '3080'],
    ['is empty', ''],
    ['has a length of five bytes', '04850000000001ff'],
  ])('refuses a value that %s', (_, hex) => {
    expect(() => readDer(bytes(hex))).toThrow(RangeError)
  })

  it('reads the values inside a SEQUENCE', () => {
    const children = readDerChildren(readDer(bytes('3006020101020102')))
    expect(children.map(({ contents }) => contents[0])).toEqual([1, 2])
  })
})

describe('readObjectIdentifier', () => {
  it.each([
    ['0603550403', '2.5.4.3'],
    ['06092a864886f70d010901', '1.2.840.113549.1.9.1'],
    ['060a0992268993f22c640119', '0.9.2342.19200300.100.1.25'],
    ['0603883703', '2.999.3'],
    // 128 bits, as of a UUID.
    [`06146983${'ff'.repeat(17)}7f`, `2.25.${2n ** 128n - 1n}`],
  ])('reads %s as %s', (hex, oid) => {
    expect(readObjectIdentifier(readDer(bytes(hex)))).toBe(oid)
  })
})
