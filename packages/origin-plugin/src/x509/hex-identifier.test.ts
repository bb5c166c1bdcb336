import { X509Certificate } from 'node:crypto'
import { createCa, type IssuedCert, type TestCa } from '@countersign/test-support/certificates'
import { beforeAll, describe, expect, it } from 'vitest'
import { fingerprintOf, normalizeSerialNumber } from './hex-identifier.ts'

let ca: TestCa
let issued: IssuedCert
beforeAll(async () => {
  ca = await createCa()
  issued = await ca.issue()
})

describe('normalizeSerialNumber', () => {
  it.each([
    ['00936EACBE07F201DF', '936EACBE07F201DF'],
    ['1', '01'],
    ['0a', '0A'],
    ['100', '0100'],
    ['0', '00'],
    ['0000', '00'],
    ['00:93:6e', '936E'],
  ])('writes %s as %s', (text, expected) => {
    expect(normalizeSerialNumber(text)).toBe(expected)
  })

  it('writes the same as node:crypto', async () => {
    for (const serialNumber of ['01', '0a', '7f', '80', '0100', 'ff00ff00', '00936eacbe07f201df']) {
      const { pem } = await ca.issue({ serialNumber })
      expect(normalizeSerialNumber(serialNumber)).toBe(new X509Certificate(pem).serialNumber)
    }
  })

  it('throws SyntaxError for any other text', () => {
    for (const text of ['', ' ', 'g', '1:2', '0x1']) expect(() => normalizeSerialNumber(text)).toThrow(SyntaxError)
  })
})

describe('fingerprintOf', () => {
  it('accepts any case, with colons or without', () => {
    const { fingerprint256 } = issued.cert
    const bare = fingerprint256.replaceAll(':', '')
    for (const text of [fingerprint256, fingerprint256.toLowerCase(), bare, bare.toLowerCase()]) {
      expect(fingerprintOf(text, 32)).toBe(fingerprint256)
    }
  })

  it('throws SyntaxError for another length', () => {
    for (const text of ['', 'ab', 'ab'.repeat(31), 'ab'.repeat(33), `${'ab'.repeat(31)}a`]) {
      expect(() => fingerprintOf(text, 32)).toThrow(SyntaxError)
    }
  })
})
