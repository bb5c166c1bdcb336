import { describe, expect, it } from 'vitest'
import { createNonceMemory } from './nonce-memory.ts'

const LIFETIME = 70

describe('createNonceMemory', () => {
  it('spends a nonce once', () => {
    const memory = createNonceMemory(LIFETIME, 10)
    expect(memory.spend('a', 1000)).toBe('fresh')
    expect(memory.spend('a', 1000)).toBe('replayed')
    expect(memory.spend('b', 1000)).toBe('fresh')
  })

  it('remembers for the whole lifetime, wherever in a generation the nonce was spent', () => {
    for (let offset = 0; offset <= 2 * LIFETIME; offset += 1) {
      const memory = createNonceMemory(LIFETIME, 1000)
      memory.spend('first', 1000)
      memory.spend('a', 1000 + offset)
      // Traffic in between makes the generations change at every possible time.
      for (let at = offset + 1; at < offset + LIFETIME; at += 7) memory.spend(`traffic ${at}`, 1000 + at)
      expect(memory.spend('a', 1000 + offset + LIFETIME), `spent after ${offset} s`).toBe('replayed')
    }
  })

  it('remembers across a change of generations without traffic in between', () => {
    const memory = createNonceMemory(LIFETIME, 10)
    memory.spend('a', 1000)
    expect(memory.spend('b', 1000 + LIFETIME)).toBe('fresh')
    expect(memory.spend('a', 1000 + LIFETIME)).toBe('replayed')
  })

  it('forgets after two lifetimes at the latest', () => {
    const memory = createNonceMemory(LIFETIME, 1)
    memory.spend('a', 1000)
    expect(memory.spend('b', 1000 + LIFETIME)).toBe('full')
    expect(memory.spend('b', 1000 + 2 * LIFETIME)).toBe('fresh')
  })

  it('accepts nothing new when it is full, and still knows what it holds', () => {
    const memory = createNonceMemory(LIFETIME, 2)
    memory.spend('a', 1000)
    memory.spend('b', 1001)
    expect(memory.spend('c', 1002)).toBe('full')
    expect(memory.spend('a', 1002)).toBe('replayed')
    // Not remembered while there was no room, so not spent either.
    expect(memory.spend('c', 1000 + 2 * LIFETIME)).toBe('fresh')
  })

  it('counts both generations against the bound', () => {
    const memory = createNonceMemory(LIFETIME, 2)
    memory.spend('a', 1000)
    memory.spend('b', 1000 + LIFETIME)
    expect(memory.spend('c', 1000 + LIFETIME + 1)).toBe('full')
  })

  it('forgets nothing when the clock goes back', () => {
    const memory = createNonceMemory(LIFETIME, 10)
    memory.spend('a', 1000)
    expect(memory.spend('a', 500)).toBe('replayed')
    expect(memory.spend('b', 500)).toBe('fresh')
    expect(memory.spend('b', 500 + LIFETIME)).toBe('replayed')
    expect(memory.spend('a', 1000 + LIFETIME - 1)).toBe('replayed')
  })
})
