import { der, derName } from '@countersign/test-support/write-der'
import { describe, expect, it, vi } from 'vitest'
import { readName } from './certificate-names.ts'
import { type DerValue, readDerValue } from './der.ts'
import { findIssuerName } from './issuer-name.ts'

const nameOf = (commonName: string) => readDerValue(derName([['550403', der(0x0c, commonName)]]), 0)

/** Counts the names that are read. */
function counted() {
  const read = (name: DerValue) => {
    counter.reads += 1
    return readName(name)
  }
  const counter = { reads: 0, find: (name: DerValue) => findIssuerName(name, read) }
  return counter
}

describe('findIssuerName', () => {
  it('reads a name once, and tells it from every other one', () => {
    const counter = counted()
    const first = counter.find(nameOf('issuer-name 1'))
    expect(String(first)).toBe('CN=issuer-name 1')
    expect(counter.find(nameOf('issuer-name 1'))).toBe(first)
    expect(counter.reads).toBe(1)
    expect(String(counter.find(nameOf('issuer-name 2')))).toBe('CN=issuer-name 2')
    expect(counter.reads).toBe(2)
  })

  it('compares the bytes, and not their memory', () => {
    const counter = counted()
    const bytes = derName([['550403', der(0x0c, 'issuer-name 3')]])
    counter.find(readDerValue(bytes, 0))
    bytes[bytes.length - 1] = 0x34
    expect(String(counter.find(readDerValue(bytes, 0)))).toBe('CN=issuer-name 4')
    expect(String(counter.find(nameOf('issuer-name 3')))).toBe('CN=issuer-name 3')
  })

  it('keeps no name that is refused', () => {
    const counter = counted()
    const name = readDerValue(der(0x30, der(0x30)), 0)
    for (const reads of [1, 2]) {
      expect(() => counter.find(name)).toThrow(new SyntaxError('an RDN is not a set'))
      expect(counter.reads).toBe(reads)
    }
  })

  it('keeps names of 512 bytes, and no longer ones', () => {
    const counter = counted()
    const overhead = nameOf('a'.repeat(400)).encoded.length - 400
    for (const [length, reads] of [
      [512, 1],
      [513, 3],
    ] as const) {
      const name = nameOf('a'.repeat(length - overhead))
      expect(name.encoded.length).toBe(length)
      counter.find(name)
      counter.find(name)
      expect(counter.reads).toBe(reads)
    }
  })

  it('keeps 100 names, and begins anew with the next', async () => {
    vi.resetModules()
    const { findIssuerName: findAnew } = await import('./issuer-name.ts')
    const read = vi.fn(readName)
    const find = (at: number) => findAnew(nameOf(`issuer ${at}`), read)
    for (let round = 0; round < 2; round += 1) for (let at = 0; at < 100; at += 1) find(at)
    expect(read).toHaveBeenCalledTimes(100)
    find(100)
    find(100)
    expect(read).toHaveBeenCalledTimes(101)
    find(0)
    expect(read).toHaveBeenCalledTimes(102)
  })
})
