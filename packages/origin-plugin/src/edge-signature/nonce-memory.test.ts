import { hash } from 'node:crypto'
import { randomNumbers } from '@countersign/test-support/random-numbers'
import { describe, expect, it } from 'vitest'
import { createNonceMemory as createMemory } from './nonce-memory.ts'

const LIFETIME = 70
const START = 1_800_000_000

/** Makes a nonce of any text: 128 bits of its own. */
const nonceOf = (text: string) => hash('sha256', text, 'base64url').slice(0, 21).concat('A')

function createNonceMemory(lifetime: number, maxNonces: number) {
  const memory = createMemory(lifetime, maxNonces)
  return { spend: (text: string, now: number, created = now) => memory.spend(nonceOf(text), created, now) }
}

describe('createNonceMemory', () => {
  it('accepts a nonce once', () => {
    const memory = createNonceMemory(LIFETIME, 10)
    expect(memory.spend('a', START)).toBe('fresh')
    expect(memory.spend('a', START)).toBe('replayed')
    expect(memory.spend('b', START)).toBe('fresh')
    expect(memory.spend('a', START + 1)).toBe('replayed')
  })

  it('tells apart nonces by every bit', () => {
    const memory = createMemory(LIFETIME, 1000)
    const bits = Array.from({ length: 128 }, (_, bit) => {
      const bytes = Buffer.alloc(16)
      bytes.writeUInt8(1 << (bit & 7), bit >> 3)
      return bytes.toString('base64url')
    })
    for (const nonce of bits) expect(memory.spend(nonce, START, START), nonce).toBe('fresh')
    for (const nonce of bits) expect(memory.spend(nonce, START, START), nonce).toBe('replayed')
  })

  it('accepts the nonce of zeros once', () => {
    const memory = createMemory(LIFETIME, 10)
    expect(memory.spend('A'.repeat(22), START, START)).toBe('fresh')
    expect(memory.spend('A'.repeat(22), START, START)).toBe('replayed')
  })

  it('loses none of a hundred thousand', () => {
    const memory = createNonceMemory(LIFETIME, 100_000)
    for (let at = 0; at < 100_000; at += 1) if (memory.spend(`nonce ${at}`, START) !== 'fresh') expect.fail(`${at}`)
    for (let at = 0; at < 100_000; at += 1)
      if (memory.spend(`nonce ${at}`, START + LIFETIME) !== 'replayed') expect.fail(`${at}`)
    expect(memory.spend('one more', START + LIFETIME)).toBe('full')
  })

  it('refuses nonces that are not random, and loses none of them', () => {
    const memory = createMemory(LIFETIME, 100_000)
    const nonces = Array.from({ length: 5_000 }, (_, at) => {
      const bytes = Buffer.alloc(16)
      bytes.writeUInt32LE(at)
      return bytes.toString('base64url')
    })
    const answers = nonces.map((nonce) => memory.spend(nonce, START, START))
    const first = answers.indexOf('full')
    expect(first).toBeGreaterThan(1_000)
    expect(answers.slice(0, first).every((answer) => answer === 'fresh')).toBe(true)
    expect(answers.slice(first).every((answer) => answer === 'full')).toBe(true)
    expect(nonces.map((nonce) => memory.spend(nonce, START, START))).toEqual(
      answers.map((answer) => (answer === 'fresh' ? 'replayed' : 'full')),
    )
  })

  it('remembers across a change of generations, for the whole lifetime', () => {
    const memory = createNonceMemory(LIFETIME, 10)
    memory.spend('first', START)
    expect(memory.spend('late', START + LIFETIME - 0.001)).toBe('fresh')
    expect(memory.spend('first', START + LIFETIME)).toBe('replayed')
    expect(memory.spend('late', START + 2 * LIFETIME - 0.002)).toBe('replayed')
  })

  it('remembers to the end of the lifetime a nonce that was spent as a generation ended', () => {
    const memory = createNonceMemory(LIFETIME, 10)
    memory.spend('first', START)
    expect(memory.spend('second', START + LIFETIME)).toBe('fresh')
    expect(memory.spend('second', START + 2 * LIFETIME)).toBe('replayed')
  })

  it('has room again when a generation has passed', () => {
    const memory = createNonceMemory(LIFETIME, 2)
    expect(memory.spend('a', START)).toBe('fresh')
    expect(memory.spend('b', START)).toBe('fresh')
    expect(memory.spend('c', START)).toBe('full')
    expect(memory.spend('c', START + LIFETIME)).toBe('full')
    expect(memory.spend('c', START + 2 * LIFETIME)).toBe('fresh')
  })

  it('remembers for the whole lifetime, wherever in a generation the nonce was spent', () => {
    for (let offset = 0; offset <= 2 * LIFETIME; offset += 1) {
      const memory = createNonceMemory(LIFETIME, 1000)
      memory.spend('first', START)
      memory.spend('a', START + offset)
      // Traffic in between makes the generations change at every possible time.
      for (let at = offset + 1; at < offset + LIFETIME; at += 7) memory.spend(`traffic ${at}`, START + at)
      expect(memory.spend('a', START + offset + LIFETIME), `spent after ${offset} s`).toBe('replayed')
    }
  })

  it('counts both generations against the bound', () => {
    const memory = createNonceMemory(LIFETIME, 2)
    memory.spend('a', START)
    memory.spend('b', START + LIFETIME)
    expect(memory.spend('c', START + LIFETIME + 1)).toBe('full')
  })

  it('still recognises spent nonces when it is full, and never drops one to make room', () => {
    const memory = createNonceMemory(LIFETIME, 1)
    expect(memory.spend('a', START)).toBe('fresh')
    for (let each = 0; each < 100; each += 1) expect(memory.spend(`other ${each}`, START)).toBe('full')
    expect(memory.spend('a', START)).toBe('replayed')
    expect(memory.spend('a', START + LIFETIME)).toBe('replayed')
  })

  it('does not remember a nonce that it refused when full', () => {
    const memory = createNonceMemory(LIFETIME, 1)
    memory.spend('a', START)
    expect(memory.spend('b', START)).toBe('full')
    expect(memory.spend('b', START + 2 * LIFETIME)).toBe('fresh')
  })

  it('accepts nothing without room', () => {
    expect(createNonceMemory(LIFETIME, 0).spend('a', START)).toBe('full')
  })

  it('forgets everything after long idleness, so that its first answer is quick and right', () => {
    const memory = createNonceMemory(LIFETIME, 2)
    memory.spend('a', START)
    memory.spend('b', START + LIFETIME)
    expect(memory.spend('a', START + 1000 * LIFETIME)).toBe('fresh')
    expect(memory.spend('b', START + 1000 * LIFETIME)).toBe('fresh')
    expect(memory.spend('c', START + 1000 * LIFETIME)).toBe('full')
  })

  it('takes no signature that is as old as one whose nonce was dropped', () => {
    const memory = createNonceMemory(LIFETIME, 10)
    const created = 1_800_000_000
    expect(memory.spend('a', 0, created)).toBe('fresh')
    expect(memory.spend('b', 1, created - 3)).toBe('fresh')
    // A lifetime later both are in the elder generation, after another one they are dropped.
    expect(memory.spend('c', LIFETIME, created + LIFETIME)).toBe('fresh')
    expect(memory.spend('old', LIFETIME, created - 60)).toBe('fresh')
    expect(memory.spend('d', 2 * LIFETIME, created + 2 * LIFETIME)).toBe('fresh')
    expect(memory.spend('a', 2 * LIFETIME, created)).toBe('forgotten')
    expect(memory.spend('new', 2 * LIFETIME, created - 3)).toBe('forgotten')
    expect(memory.spend('new', 2 * LIFETIME, created + 1)).toBe('fresh')
    expect(memory.spend('new', 2 * LIFETIME, created)).toBe('replayed')
    expect(memory.spend('c', 2 * LIFETIME, created)).toBe('replayed')
    expect(memory.spend('a', 3 * LIFETIME, created + LIFETIME)).toBe('forgotten')
    expect(memory.spend('a', 3 * LIFETIME, created + LIFETIME + 1)).toBe('fresh')
  })

  it('takes no signature as old as the dropped ones after two idle lifetimes', () => {
    const memory = createNonceMemory(LIFETIME, 10)
    memory.spend('a', 0, 1000)
    memory.spend('b', LIFETIME, 900)
    expect(memory.spend('c', 3 * LIFETIME, 1000)).toBe('forgotten')
    expect(memory.spend('c', 3 * LIFETIME, 1001)).toBe('fresh')
    const other = createNonceMemory(LIFETIME, 10)
    other.spend('a', 0, 900)
    other.spend('b', LIFETIME, 1000)
    expect(other.spend('c', 3 * LIFETIME, 1000)).toBe('forgotten')
    expect(other.spend('c', 3 * LIFETIME, 1001)).toBe('fresh')
  })

  it('refuses nothing for its age while no nonce has been dropped', () => {
    const memory = createNonceMemory(LIFETIME, 10)
    for (const [at, created] of [1000, 0, -5].entries()) expect(memory.spend(`${at}`, at, created)).toBe('fresh')
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('forgets no nonce before its lifetime, at random times (%i)', (seed) => {
    const random = randomNumbers(seed)
    const memory = createNonceMemory(LIFETIME, 1_000_000)
    const spentAt = new Map<string, number>()
    let now = START
    for (let step = 0; step < 3000; step += 1) {
      // Mostly steps of a moment, sometimes of a lifetime or several.
      now += random() < 0.9 ? random() * 2 : random() * 4 * LIFETIME
      const nonce = `nonce ${Math.floor(random() * 400)}`
      const before = spentAt.get(nonce)
      const answer = memory.spend(nonce, now)
      if (before !== undefined && now <= before + LIFETIME)
        expect(answer, `spent ${now - before} s ago`).toBe('replayed')
      if (before === undefined || now >= before + 3 * LIFETIME) expect(answer).toBe('fresh')
      if (answer === 'fresh') spentAt.set(nonce, now)
    }
  })
})
