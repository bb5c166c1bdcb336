import { describe, expect, it } from 'vitest'
import { makeClientCert, makeRequest } from '../../test/support/make-client-cert.ts'
import { ANY_VERIFIED, allGuards, anyGuard, type Guard, MATCH, mismatch, notGuard, undecided } from './guard.ts'

type Outcome = 'match' | 'mismatch' | 'undecided'

const decide = (guard: Guard) => guard.decide(makeClientCert(), makeRequest())
const outcome = (guard: Guard) => decide(guard).outcome

const guardOf = (outcome: Outcome, description: string = outcome): Guard => ({
  description,
  decide: () =>
    ({ match: MATCH, mismatch: mismatch(`no ${description}`), undecided: undecided(`doubt ${description}`) })[outcome],
})

// Kleene's logic of yes, no and doubt.
const TABLE: [a: Outcome, b: Outcome, both: Outcome, either: Outcome][] = [
  ['match', 'match', 'match', 'match'],
  ['match', 'mismatch', 'mismatch', 'match'],
  ['match', 'undecided', 'undecided', 'match'],
  ['mismatch', 'match', 'mismatch', 'match'],
  ['mismatch', 'mismatch', 'mismatch', 'mismatch'],
  ['mismatch', 'undecided', 'mismatch', 'undecided'],
  ['undecided', 'match', 'undecided', 'match'],
  ['undecided', 'mismatch', 'mismatch', 'undecided'],
  ['undecided', 'undecided', 'undecided', 'undecided'],
]

describe('guards in combination', () => {
  it.each(TABLE)('of %s and %s, all are %s and any is %s', (a, b, both, either) => {
    expect(outcome(allGuards([guardOf(a), guardOf(b)]))).toBe(both)
    expect(outcome(anyGuard([guardOf(a), guardOf(b)]))).toBe(either)
  })

  it.each<[Outcome, Outcome]>([
    ['match', 'mismatch'],
    ['mismatch', 'match'],
    ['undecided', 'undecided'],
  ])('turns %s into %s', (given, turned) => {
    expect(outcome(notGuard(guardOf(given)))).toBe(turned)
  })

  it.each(TABLE)('keep De Morgan’s laws for %s and %s', (a, b) => {
    const [one, other] = [guardOf(a), guardOf(b)]
    expect(outcome(notGuard(allGuards([one, other])))).toBe(outcome(anyGuard([notGuard(one), notGuard(other)])))
    expect(outcome(notGuard(anyGuard([one, other])))).toBe(outcome(allGuards([notGuard(one), notGuard(other)])))
  })

  it('are what the only one of them is', () => {
    for (const given of ['match', 'mismatch', 'undecided'] as const) {
      expect(outcome(allGuards([guardOf(given)]))).toBe(given)
      expect(outcome(anyGuard([guardOf(given)]))).toBe(given)
    }
  })

  it('give the first doubt as the reason', () => {
    const guards = [guardOf('undecided', 'a'), guardOf('undecided', 'b')]
    expect(decide(allGuards(guards)).reason).toBe('doubt a')
    expect(decide(anyGuard(guards)).reason).toBe('doubt a')
  })

  it('give the mismatch as the reason, at any place', () => {
    expect(decide(allGuards([guardOf('undecided', 'a'), guardOf('mismatch', 'b')])).reason).toBe('no b')
    expect(decide(anyGuard([guardOf('mismatch', 'a'), guardOf('mismatch', 'b')])).reason).toBe(
      'none of (a or b) matches',
    )
  })

  it('name the excluded requirement', () => {
    expect(decide(notGuard(guardOf('match', 'a'))).reason).toBe('a matches and is excluded')
  })

  it('stop at the first decisive guard', () => {
    const never: Guard = {
      description: 'never',
      decide: () => {
        throw new Error('was asked')
      },
    }
    expect(outcome(allGuards([guardOf('mismatch'), never]))).toBe('mismatch')
    expect(outcome(anyGuard([guardOf('match'), never]))).toBe('match')
  })

  it('have descriptions that can be read one way only', () => {
    const [a, b, c] = [guardOf('match', 'a'), guardOf('match', 'b'), guardOf('match', 'c')]
    expect(allGuards([a, anyGuard([b, c])]).description).toBe('a and (b or c)')
    expect(anyGuard([allGuards([a, b]), c]).description).toBe('(a and b or c)')
    expect(allGuards([notGuard(a), b]).description).toBe('not (a) and b')
    expect(notGuard(allGuards([a, b])).description).toBe('not (a and b)')
  })
})

describe('ANY_VERIFIED', () => {
  it('admits every certificate that reaches the guard', () => {
    expect(decide(ANY_VERIFIED)).toEqual(MATCH)
  })
})
