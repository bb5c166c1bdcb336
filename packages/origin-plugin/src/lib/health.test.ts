import { describe, expect, it } from 'vitest'
import { type HealthState, healthOfData, secondsSince, worstOf } from './health.ts'

describe('healthOfData', () => {
  const absence = 'it is not loaded yet'

  it.each([
    [true, undefined, { state: 'ok' }],
    [true, 'it is down', { state: 'degraded', reason: 'it is down' }],
    [false, undefined, { state: 'failing', reason: absence }],
    [false, 'it is down', { state: 'failing', reason: 'it is down' }],
  ])('with usable data: %s, and the failure %j is %j', (isUsable, failure, expected) => {
    const given = { isUsable, failure, absence }
    expect(healthOfData('a list', given, {})).toStrictEqual({ name: 'a list', ...expected })
    const dates = { age: 7, remaining: -1 }
    expect(healthOfData('a list', given, dates)).toStrictEqual({ name: 'a list', ...expected, ...dates })
  })
})

describe('worstOf', () => {
  it.each<[HealthState[], HealthState]>([
    [[], 'ok'],
    [['ok'], 'ok'],
    [['ok', 'degraded', 'ok'], 'degraded'],
    [['degraded', 'failing', 'ok'], 'failing'],
    [['failing'], 'failing'],
  ])('of %j is %s', (states, expected) => {
    expect(worstOf(states)).toBe(expected)
  })
})

describe('secondsSince', () => {
  it.each([
    [90_000, 90],
    [-90_000, -90],
    [0, 0],
  ])('of a time %i ms ago is %i', (ago, expected) => {
    expect(secondsSince(Date.now() - ago)).toBe(expected)
  })
})
