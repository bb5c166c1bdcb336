import { hash } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { createDigestSet } from './digest-set.ts'
import { type FactKind, factOf, NO_FACTS, RequestFacts } from './facts.ts'

const FACT = factOf('token', 'key', 'a.b.c')

describe('factOf', () => {
  it('has 32 bytes, the same ones each time, and other ones in another process', async () => {
    expect(FACT).toHaveLength(32)
    expect(factOf('token', 'key', 'a.b.c')).toBe(FACT)
    expect(FACT).not.toBe(hash('sha256', 'token\nkey\na.b.c', 'binary'))
    vi.resetModules()
    const other = await import('./facts.ts')
    expect(other.factOf('token', 'key', 'a.b.c')).not.toBe(FACT)
  })

  it('differs by its kind and by each of its texts', () => {
    const kinds: FactKind[] = ['token', 'lines', 'issued', 'signed']
    const facts = [
      ...kinds.map((kind) => factOf(kind, 'a', 'b')),
      ...kinds.map((kind) => factOf(kind, 'b', 'a')),
      factOf('token', 'a', 'b\n'),
      factOf('token', 'ab', ''),
      factOf('token', '', 'ab'),
      factOf('token', '', 'a\nb'),
    ]
    expect(new Set(facts).size).toBe(facts.length)
  })
})

describe('RequestFacts', () => {
  it('has a fact from the time at which it was learnt, and not at which it was noted', () => {
    const known = createDigestSet(100)
    const facts = new RequestFacts(known)
    facts.note(FACT)
    expect(facts.has(FACT)).toBe(false)
    expect(new RequestFacts(known).has(FACT)).toBe(false)
    facts.learn()
    expect(facts.has(FACT)).toBe(true)
    expect(new RequestFacts(known).has(FACT)).toBe(true)
    expect(new RequestFacts(createDigestSet(100)).has(FACT)).toBe(false)
  })

  it('learns nothing of a request that noted nothing', () => {
    const known = createDigestSet(100)
    new RequestFacts(known).learn()
    expect(known.has(FACT)).toBe(false)
  })
})

describe('NO_FACTS', () => {
  it('has no fact, not even one that was noted', () => {
    NO_FACTS.note(FACT)
    expect(NO_FACTS.has(FACT)).toBe(false)
  })
})
