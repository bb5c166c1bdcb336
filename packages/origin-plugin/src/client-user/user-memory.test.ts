import { describe, expect, it } from 'vitest'
import { makeClientCert } from '../../test/support/make-client-cert.ts'
import type { AccessIdentity } from '../access-token/access-identity.ts'
import { readAccessIdentity } from '../access-token/access-identity.ts'
import { createUserMemory, type ProvenClient } from './user-memory.ts'

const identityOf = (claims: object) => readAccessIdentity({ email: 'jane@acme.example', ...claims }) as AccessIdentity
const cert = (name: string, raw: Record<string, string> = {}) =>
  makeClientCert({ fingerprint256: name, raw: { 'x-cert-finger-256': name, ...raw } })
const clientOf = (name = 'A', claims: object | null = {}): ProvenClient => ({
  clientCert: cert(name),
  access: claims && identityOf(claims),
})

describe('createUserMemory', () => {
  it('gives an answer while it is good', () => {
    const memory = createUserMemory<string>(10)
    memory.set(clientOf(), 'jane', 100)
    expect([memory.get(clientOf(), 0), memory.get(clientOf(), 99.9)]).toEqual(['jane', 'jane'])
    expect([memory.get(clientOf(), 100), memory.get(clientOf(), 101)]).toEqual([undefined, undefined])
  })

  it.each<[string, ProvenClient]>([
    ['another certificate', clientOf('B')],
    ['no identity', clientOf('A', null)],
    ['another user', clientOf('A', { email: 'joe@acme.example' })],
    ['another claim', clientOf('A', { groups: ['ops'] })],
    ['a claim of another type', clientOf('A', { level: '1' })],
    ['another number, which JSON writes alike', clientOf('A', { level: -0 })],
    ['a number that JSON cannot write', clientOf('A', { level: Number.POSITIVE_INFINITY })],
    ['the same fingerprint with other headers', { ...clientOf(), clientCert: cert('A', { 'x-cert-serial': '1' }) }],
    [
      'the identity of a service',
      { ...clientOf(), access: readAccessIdentity({ common_name: `${'a'.repeat(32)}.access` }) as AccessIdentity },
    ],
  ])('gives nothing to %s', (_what, other) => {
    const memory = createUserMemory<string>(10)
    for (const client of [clientOf('A', { level: 0 }), clientOf('A', { level: null }), clientOf()]) {
      memory.set(client, 'jane', 100)
      expect(memory.get(client, 0)).toBe('jane')
      expect(memory.get(other, 0)).toBeUndefined()
    }
  })

  it('does not tell the tokens of one login apart', () => {
    const memory = createUserMemory<string>(10)
    memory.set(clientOf('A', { exp: 2, iat: 1, nbf: 1 }), 'jane', 100)
    expect(memory.get(clientOf('A', { exp: 4, iat: 3, nbf: 3 }), 0)).toBe('jane')
    expect(memory.get(clientOf('A', { exp: 4, identity_nonce: 'x' }), 0)).toBeUndefined()
  })

  it('knows a client without an identity', () => {
    const memory = createUserMemory<string>(10)
    memory.set(clientOf('A', null), 'jane', 100)
    expect(memory.get(clientOf('A', null), 0)).toBe('jane')
    expect(memory.get(clientOf('A'), 0)).toBeUndefined()
  })

  it('drops the oldest entry beyond its limit', () => {
    const memory = createUserMemory<string>(2)
    const all = () => ['A', 'B', 'C'].map((name) => memory.get(clientOf(name), 0))
    memory.set(clientOf('A'), 'a', 1)
    memory.set(clientOf('B'), 'b', 1)
    expect(all()).toEqual(['a', 'b', undefined])
    memory.set(clientOf('A'), 'a2', 1)
    memory.set(clientOf('C'), 'c', 1)
    expect(all()).toEqual(['a2', undefined, 'c'])
  })

  it('drops the given answer alone', () => {
    const memory = createUserMemory<string>(2)
    expect(memory.delete(clientOf('A'), 'a')).toBe(false)
    memory.set(clientOf('A'), 'a', 1)
    memory.set(clientOf('B'), 'a', 1)
    expect(memory.delete(clientOf('A'), 'b')).toBe(false)
    expect(memory.get(clientOf('A'), 0)).toBe('a')
    expect(memory.delete(clientOf('A'), 'a')).toBe(true)
    expect([memory.get(clientOf('A'), 0), memory.get(clientOf('B'), 0)]).toEqual([undefined, 'a'])
  })

  it('keeps nothing else of a client', () => {
    const memory = createUserMemory<string>(1)
    const client = { ...clientOf(), reply: 'large' }
    memory.set(client, 'a', 1)
    expect(memory.get(client, 0)).toBe('a')
  })
})
