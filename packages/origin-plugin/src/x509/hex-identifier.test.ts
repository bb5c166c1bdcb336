import { X509Certificate } from 'node:crypto'
import { createCa, type IssuedCert, type TestCa } from '@countersign/test-support/certificates'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  fingerprintOf,
  formatSerialNumber,
  isNegativeSerialNumber,
  normalizeSerialNumber,
  parseFingerprint256,
  parseKeyId,
  parseSerialNumber,
  readSerialNumber,
  serialNumbersAgree,
} from './hex-identifier.ts'

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
    ['0', '0'],
    ['0000', '0'],
    ['00:00', '0'],
    ['00', '0'],
    ['00:93:6e', '936E'],
  ])('writes %s as %s', (text, expected) => {
    expect(normalizeSerialNumber(text)).toBe(expected)
  })

  it('writes the same as node:crypto', async () => {
    const { cert } = await ca.issue({ rawSerialNumber: Uint8Array.of(0) })
    expect(normalizeSerialNumber('00')).toBe(cert.serialNumber)
    for (const serialNumber of ['01', '0a', '7f', '80', '0100', 'ff00ff00', '00936eacbe07f201df']) {
      const { pem } = await ca.issue({ serialNumber })
      expect(normalizeSerialNumber(serialNumber)).toBe(new X509Certificate(pem).serialNumber)
    }
  })

  it('throws SyntaxError for any other text', () => {
    for (const text of ['', ' ', 'g', '1:2', '0x1']) expect(() => normalizeSerialNumber(text)).toThrow(SyntaxError)
  })
})

/** Negative numbers as the bytes of a certificate, and as OpenSSL prints them. */
const NEGATIVE = [
  ['FF', '-01'],
  ['85', '-7B'],
  ['81', '-7F'],
  ['80', '-80'],
  ['FF7F', '-81'],
  ['FF01', '-FF'],
  ['FF00', '-0100'],
  ['8000', '-8000'],
  ['FF7FFF', '-8001'],
  ['80936EACBE07F201DF', '-7F6C915341F80DFE21'],
] as const

describe('readSerialNumber', () => {
  it('reads a positive number as normalizeSerialNumber does', () => {
    for (const text of ['00936EACBE07F201DF', '1', '0', '0a']) {
      expect(readSerialNumber(text)).toBe(normalizeSerialNumber(text))
      expect(isNegativeSerialNumber(readSerialNumber(text))).toBe(false)
    }
  })

  it.each(NEGATIVE)('reads the bytes %s as node:crypto prints them, %s', async (bytes, printed) => {
    const { cert } = await ca.issue({ rawSerialNumber: Buffer.from(bytes, 'hex') })
    expect(cert.serialNumber).toBe(printed)
    expect(readSerialNumber(cert.serialNumber)).toBe(printed)
    expect(isNegativeSerialNumber(printed)).toBe(true)
    expect(readSerialNumber(printed.toLowerCase())).toBe(printed)
  })

  it('throws SyntaxError for any other text', () => {
    for (const text of ['', '-', '--1', '- 1', '1-', '-g']) expect(() => readSerialNumber(text)).toThrow(SyntaxError)
  })
})

describe('formatSerialNumber', () => {
  const format = (bytes: string) => formatSerialNumber(Buffer.from(bytes, 'hex'))

  it.each<readonly [bytes: string, printed: string]>([
    ['00', '0'],
    ['05', '05'],
    ['7F', '7F'],
    ['0080', '80'],
    ['00FF', 'FF'],
    ['0100', '0100'],
    ['00936EACBE07F201DF', '936EACBE07F201DF'],
    ...NEGATIVE,
  ])('writes the bytes %s as node:crypto prints them, %s', async (bytes, printed) => {
    const { cert } = await ca.issue({ rawSerialNumber: Buffer.from(bytes, 'hex') })
    expect(cert.serialNumber).toBe(printed)
    expect(format(bytes)).toBe(printed)
    expect(readSerialNumber(printed)).toBe(printed)
  })

  it('refuses no bytes', () => {
    expect(() => format('')).toThrow(new SyntaxError('the serial number of the certificate is empty'))
  })

  it.each(['0000', '0001', '007F', 'FFFF', 'FF80', '000000', 'FFFFFF'])('refuses %s, which is padded', (bytes) => {
    expect(() => format(bytes)).toThrow(
      new SyntaxError('the serial number of the certificate is not in its shortest form'),
    )
  })
})

describe('serialNumbersAgree', () => {
  it.each(NEGATIVE)('accepts both spellings of a negative number: %s and %s', (bytes, printed) => {
    expect(serialNumbersAgree(printed, printed)).toBe(true)
    expect(serialNumbersAgree(bytes, printed)).toBe(true)
    // A certificate with a positive number never agrees with the minus sign.
    expect(serialNumbersAgree(printed, bytes)).toBe(false)
  })

  it.each([
    ['0A1B', '0A1C'],
    ['86', '-7B'],
    ['7B', '-7B'],
    ['-7C', '-7B'],
    ['FF85', '-7B'],
  ])('tells %s from %s', (printed, own) => {
    expect(serialNumbersAgree(printed, own)).toBe(false)
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

describe('parseSerialNumber', () => {
  it('reads 20 bytes, in any spelling', () => {
    expect(parseSerialNumber(`00:${Array(20).fill('ab').join(':')}`)).toBe('AB'.repeat(20))
    expect(parseSerialNumber('a1b')).toBe('0A1B')
  })

  it('refuses 21 bytes, for example a fingerprint', () => {
    expect(() => parseSerialNumber(`01${'ab'.repeat(20)}`)).toThrow(
      new SyntaxError('expected a serial number of at most 20 bytes; write a fingerprint as fingerprint256'),
    )
  })

  it.each(['0x2A', '-2A', '4096 (0x1000)', 'serial=2A', '', '2 A'])('refuses %j', (text) => {
    expect(() => parseSerialNumber(text)).toThrow(new SyntaxError('expected hexadecimal digits'))
  })
})

describe('parseFingerprint256', () => {
  it('reads a digest of 32 bytes, in any spelling', () => {
    expect(parseFingerprint256('ab'.repeat(32))).toBe(Array(32).fill('AB').join(':'))
  })

  it('names the algorithm of a digest of 20 bytes', () => {
    const bySha1 = new SyntaxError('expected a digest of 32 bytes, by SHA-256, and not one of 20 bytes, by SHA-1')
    expect(() => parseFingerprint256('ab'.repeat(20))).toThrow(bySha1)
    expect(() => parseFingerprint256(Array(20).fill('ab').join(':'))).toThrow(bySha1)
  })

  it.each([19, 21, 31, 33])('refuses %i bytes', (length) => {
    expect(() => parseFingerprint256('ab'.repeat(length))).toThrow(new SyntaxError('expected a digest of 32 bytes'))
  })
})

describe('parseKeyId', () => {
  it.each([
    ['ab:cd', 'ABCD'],
    ['abcd', 'ABCD'],
    ['0414abcd', '0414ABCD'],
    ['0503abcdef', '0503ABCDEF'],
  ])('reads %s as %s', (text, digits) => {
    expect(parseKeyId(text)).toBe(digits)
  })

  it('refuses half a byte', () => {
    expect(() => parseKeyId('abc')).toThrow(new SyntaxError('expected whole bytes, of two hexadecimal digits each'))
  })

  it('refuses the whole value of the extension', () => {
    expect(() => parseKeyId(`04:14:${Array(20).fill('ab').join(':')}`)).toThrow(
      new SyntaxError(`expected the identifier without its DER tag and length; write "${'AB'.repeat(20)}"`),
    )
  })

  it.each(['keyid:AB:CD', 'ab-cd', 'ab cd', ''])('refuses %j', (text) => {
    expect(() => parseKeyId(text)).toThrow(SyntaxError)
  })
})
