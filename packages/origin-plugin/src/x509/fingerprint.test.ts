import { writeCaCert } from '@countersign/test-support/write-certificate'
import { describe, expect, it } from 'vitest'
import { computeFingerprint, formatFingerprint } from './fingerprint.ts'

describe('computeFingerprint', () => {
  it('writes the same as node:crypto', () => {
    for (let round = 0; round < 10; round += 1) {
      const { der, cert } = writeCaCert('root')
      expect(computeFingerprint(der, 'sha1')).toBe(cert.fingerprint)
      expect(computeFingerprint(der, 'sha256')).toBe(cert.fingerprint256)
    }
  })

  it('takes bytes that begin within their memory', () => {
    const { der, cert } = writeCaCert('root')
    const within = Uint8Array.from([0, ...der, 0]).subarray(1, -1)
    expect(computeFingerprint(within, 'sha256')).toBe(cert.fingerprint256)
  })
})

describe('formatFingerprint', () => {
  it.each([
    ['0A', '0A'],
    ['ABCD', 'AB:CD'],
    ['00FF7F80', '00:FF:7F:80'],
  ])('writes %s as %s', (digits, text) => {
    expect(formatFingerprint(digits)).toBe(text)
  })
})
