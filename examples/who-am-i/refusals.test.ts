import { countersignErrors } from '@countersign/origin-plugin'
import { describe, expect, it } from 'vitest'
import { REFUSALS, STEPS } from './refusals.ts'

describe('the table of refusals', () => {
  it('has every code of the plugin, and no other', () => {
    expect(Object.keys(REFUSALS).sort()).toEqual([...countersignErrors.keys()].sort())
  })

  it('has a step of the chain and a sentence for each', () => {
    for (const { step, advice } of Object.values(REFUSALS)) {
      expect(STEPS).toContain(step)
      expect(advice).toMatch(/^[A-Z].*\.$/)
    }
  })

  it.each([
    ['edge', /^CSN_(HEADERS|SIGNATURE|REPLAY)_/],
    ['access', /^CSN_ACCESS_/],
    ['certificate', /^CSN_CERT_(MISSING|UNVERIFIED|EXPIRED|REVOKED|UNREADABLE|MISMATCH)$/],
    ['trust', /^CSN_(CERT_UNTRUSTED_ISSUER|REVOCATION_UNAVAILABLE)$/],
    ['route', /^CSN_(CERT_FORBIDDEN|USER_UNKNOWN|IDENTIFY_UNAVAILABLE)$/],
  ])('blames %s for the codes of that check alone', (step, codes) => {
    const blamed = Object.entries(REFUSALS).filter((entry) => entry[1].step === step)
    expect(blamed.map(([code]) => code)).toEqual(Object.keys(REFUSALS).filter((code) => codes.test(code)))
  })
})
