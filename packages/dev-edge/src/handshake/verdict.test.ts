import { describe, expect, it } from 'vitest'
import { formatVerdict } from './verdict.ts'

describe('formatVerdict', () => {
  it.each([
    [undefined, 'SUCCESS'],
    ['CERT_HAS_EXPIRED', 'FAILED:certificate has expired'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'FAILED:self signed certificate in certificate chain'],
    ['SOMETHING_NEW', 'FAILED'],
  ])('formats %s as %s', (code, verdict) => {
    expect(formatVerdict(code)).toBe(verdict)
  })
})
