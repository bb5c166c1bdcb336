import { type CountersignError, countersignErrors } from '@countersign/origin-plugin'
import { describe, expect, it } from 'vitest'
import { type ProofOptions, proofsRefused } from './chain-of-proofs.ts'

const OPTIONS: ProofOptions = {
  edge: { keys: [], hosts: null },
  access: { team: 'acme', audience: 'a' },
  trustedIssuers: [{ dn: 'CN=CA' }],
}

function chainOf(code: string, options: Partial<ProofOptions> = {}, explain = false) {
  const error = { code, message: 'The sentence', reason: 'the reason' } as CountersignError
  return proofsRefused(error, { ...OPTIONS, ...options }, explain)
}

const verdicts = (...args: Parameters<typeof chainOf>) =>
  chainOf(...args).map(({ step, verdict }) => `${step} ${verdict}`)

describe('proofsRefused', () => {
  it('shows what held before, what failed, and nothing of what comes behind', () => {
    expect(verdicts('CSN_CERT_MISSING')).toEqual(['edge holds', 'access holds', 'certificate failed', 'trust open'])
  })

  it('shows nothing as holding when the first proof failed', () => {
    expect(verdicts('CSN_SIGNATURE_MISSING')).toEqual(['edge failed', 'access open', 'certificate open', 'trust open'])
  })

  it('shows all four as holding when it is the route that refuses', () => {
    expect(verdicts('CSN_CERT_FORBIDDEN')).toEqual([
      'edge holds',
      'access holds',
      'certificate holds',
      'trust holds',
      'route failed',
    ])
  })

  it('claims no proof that nobody asked for', () => {
    expect(verdicts('CSN_CERT_FORBIDDEN', { edge: null, access: null, trustedIssuers: null })).toEqual([
      'edge skipped',
      'access skipped',
      'certificate holds',
      'trust skipped',
      'route failed',
    ])
  })

  it('has exactly one failed proof for every code', () => {
    for (const code of countersignErrors.keys()) {
      expect(verdicts(code).filter((each) => each.endsWith('failed'))).toHaveLength(1)
    }
  })

  it('tells the reason only when asked to explain', () => {
    const why = (explain: boolean) => String(chainOf('CSN_CERT_REVOKED', {}, explain)[2]?.why)
    expect(why(false)).toBe('The sentence.')
    expect(why(true)).toBe('The sentence: <code>the reason</code>')
  })
})
