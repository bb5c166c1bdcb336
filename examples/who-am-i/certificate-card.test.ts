import { describe, expect, it } from 'vitest'
import { daysLeft, renderValidity, usedPercent } from './certificate-card.ts'

const day = (number: number, hour = 0) => new Date(Date.UTC(2026, 0, number, hour))

describe('the validity', () => {
  it.each([
    [day(1), 0],
    [day(6), 50],
    [day(10, 23), 99],
    [day(11), 100],
    [day(0), 0],
    [day(20), 100],
  ])('at %s is used by %d %%', (now, percent) => {
    expect(usedPercent(day(1), day(11), now)).toBe(percent)
  })

  it.each([
    [day(1), '10 days left'],
    [day(9, 12), '1 day left'],
    [day(10, 1), 'Less than a day left'],
  ])('at %s has whole days left', (now, words) => {
    expect(daysLeft(day(11), now)).toBe(words)
  })

  it('is drawn without a style, which the Content-Security-Policy would refuse', () => {
    const bar = String(renderValidity(day(1), day(11), day(6)))
    expect(bar).toContain('width="50%"')
    expect(bar).toContain('<time datetime="2026-01-11T00:00:00.000Z">11 January 2026</time>')
    expect(bar).not.toContain('style')
  })
})
