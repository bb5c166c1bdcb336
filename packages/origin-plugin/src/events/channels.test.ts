import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it, onTestFinished } from 'vitest'
import { channels, decisionStart, since } from './channels.ts'

describe('the channels', () => {
  it('have the names that an application subscribes to', () => {
    const names = Object.fromEntries(
      Object.entries(channels).map(([key, channel]) => [key, (channel as never as { name: string }).name]),
    )
    expect(names).toEqual({
      admitted: 'countersign:admitted',
      refused: 'countersign:refused',
      degraded: 'countersign:degraded',
    })
  })
})

describe('the duration of a decision', () => {
  const none = () => {}
  const startWith = (name: string): number | undefined => {
    subscribe(name, none)
    onTestFinished(() => void unsubscribe(name, none))
    const start = decisionStart()
    unsubscribe(name, none)
    return start
  }

  it('is measured for a subscriber of either decision alone', () => {
    expect([decisionStart(), startWith('countersign:degraded')]).toEqual([undefined, undefined])
    for (const name of ['countersign:admitted', 'countersign:refused']) {
      const before = performance.now()
      const start = startWith(name)
      expect(start).toBeGreaterThanOrEqual(before)
      expect(start).toBeLessThanOrEqual(performance.now())
    }
  })

  it('is the time since its start, and unknown without one', () => {
    const start = performance.now()
    const duration = since(start)
    expect(duration).toBeGreaterThanOrEqual(0)
    expect(duration).toBeLessThan(start)
    expect(since(undefined)).toBeUndefined()
  })
})
