import { CERTIFICATE_HEADERS, CF_CERT_HEADERS } from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import { edgeFieldsOf, fieldsFrom } from '../test/support/header-lines.ts'
import type { TrustedCert } from './certificate/read-trusted-cert.ts'
import { createClientMemory } from './client-memory.ts'
import type { EdgeFields } from './read-headers.ts'

const fieldsOf = (fingerprint: string, changes: Record<string, string | undefined> = {}) => {
  const all = Object.fromEntries(CERTIFICATE_HEADERS.map(({ name }) => [name, `value of ${name}`]))
  const entries = Object.entries({ ...all, 'x-cert-finger-256': fingerprint, ...changes })
  return edgeFieldsOf(entries.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

function counting(maxEntries = 10) {
  let made = 0
  const memory = createClientMemory(maxEntries)
  const make = (fields: EdgeFields) => {
    made += 1
    const certificate = { clientCert: { serialNumber: fields.get('x-cert-serial') } } as unknown as TrustedCert
    memory.remember({ fields, certificate, token: undefined, stableLines: undefined })
    return certificate
  }
  return {
    get: (fields: EdgeFields) => memory.recall(fields)?.certificate ?? make(fields),
    made: () => made,
  }
}

describe('createClientMemory', () => {
  it('recalls a client on its next request', () => {
    const { get, made } = counting()
    const first = get(fieldsOf('aa'))
    expect(get(fieldsOf('aa'))).toBe(first)
    expect(made()).toBe(1)
  })

  it.each(CERTIFICATE_HEADERS.map(({ name }) => name))(
    'does not recall a client that differs in %s, or lacks it',
    (name) => {
      const { get, made } = counting()
      const first = get(fieldsOf('aa'))
      expect(get(fieldsOf('aa', { [name]: 'another' }))).not.toBe(first)
      expect(get(fieldsOf('aa', { [name]: undefined }))).not.toBe(first)
      expect(made()).toBe(3)
    },
  )

  it('tells a client with a header from one without it', () => {
    const { get, made } = counting()
    get(fieldsOf('aa', { 'client-cert': undefined }))
    get(fieldsOf('aa'))
    expect(made()).toBe(2)
  })

  it.each([
    [
      'another value',
      [
        ['x-cert-zone', 'z'],
        ['x-cert-account', 'b'],
      ],
    ],
    [
      'another name',
      [
        ['x-cert-zone', 'z'],
        ['x-cert-admin', 'a'],
      ],
    ],
    [
      'another order',
      [
        ['x-cert-account', 'a'],
        ['x-cert-zone', 'z'],
      ],
    ],
    ['one less', [['x-cert-zone', 'z']]],
    [
      'one more',
      [
        ['x-cert-zone', 'z'],
        ['x-cert-account', 'a'],
        ['x-cert-admin', 'a'],
      ],
    ],
    ['none', []],
  ] as const)('does not recall a client with headers of a later release by %s', (_, later) => {
    const { get, made } = counting()
    const both = { 'x-cert-zone': 'z', 'x-cert-account': 'a' }
    const first = get(fieldsOf('aa', both))
    expect(get(fieldsOf('aa', both))).toBe(first)
    expect(get(fieldsOf('aa', Object.fromEntries(later)))).not.toBe(first)
    expect(made()).toBe(2)
  })

  it('ignores other fields, such as the token', () => {
    const { get, made } = counting()
    get(fieldsOf('aa', { 'cf-access-jwt-assertion': 'one' }))
    get(fieldsOf('aa', { 'cf-access-jwt-assertion': 'two' }))
    expect(made()).toBe(1)
  })

  it('replaces the results of a client, and leaves it in its place', () => {
    const memory = createClientMemory(2)
    const certificate = {} as TrustedCert
    const entry = (fingerprint: string, token: string) => ({
      fields: fieldsOf(fingerprint, { 'cf-access-jwt-assertion': token }),
      certificate,
      token: undefined,
      stableLines: undefined,
    })
    for (const [fingerprint, token] of [
      ['aa', 'one'],
      ['bb', 'one'],
      ['aa', 'two'],
    ] as const) {
      memory.remember(entry(fingerprint, token))
    }
    expect(memory.recall(fieldsOf('aa'))?.fields.token).toBe('two')
    for (let time = 0; time < 2; time += 1) memory.remember(entry('cc', 'one'))
    expect(memory.recall(fieldsOf('aa'))).toBeUndefined()
    expect(memory.recall(fieldsOf('bb'))).toBeDefined()
  })

  it('takes a client when it is full only if fewer clients than its entries came in between', () => {
    const memory = createClientMemory(4)
    const certificate = {} as TrustedCert
    const remember = (fingerprint: string) =>
      memory.remember({ fields: fieldsOf(fingerprint), certificate, token: undefined, stableLines: undefined })
    const holds = (fingerprint: string) => memory.recall(fieldsOf(fingerprint)) !== undefined
    for (const first of ['aa', 'bb', 'cc', 'dd', 'ee']) remember(first)
    expect(holds('ee')).toBe(false)
    for (const other of ['f1', 'f2', 'f3']) remember(other)
    remember('ee')
    expect(holds('ee')).toBe(false)
    for (const other of ['g1', 'g2']) remember(other)
    remember('ee')
    expect([holds('ee'), holds('aa'), holds('bb')]).toEqual([true, false, true])
    expect(['f1', 'f2', 'f3', 'g1', 'g2'].some(holds)).toBe(false)
  })

  it('keeps its clients while many more come in rotation', () => {
    const memory = createClientMemory(100)
    const certificate = {} as TrustedCert
    const fields = Array.from({ length: 1_000 }, (_, at) => fieldsOf(`client ${at}`))
    let hits = 0
    for (let round = 0; round < 3; round += 1) {
      for (const each of fields) {
        if (memory.recall(each)) hits += 1
        else memory.remember({ fields: each, certificate, token: undefined, stableLines: undefined })
      }
    }
    expect(hits).toBe(200)
  })

  it('counts another certificate with a known fingerprint header as the youngest', () => {
    const { get, made } = counting(2)
    get(fieldsOf('aa', { 'x-cert-serial': '1' }))
    get(fieldsOf('bb'))
    const second = get(fieldsOf('aa', { 'x-cert-serial': '2' }))
    for (let time = 0; time < 3; time += 1) get(fieldsOf('cc'))
    expect(get(fieldsOf('aa', { 'x-cert-serial': '2' }))).toBe(second)
    expect(made()).toBe(5)
    get(fieldsOf('bb'))
    expect(made()).toBe(6)
  })

  it.each(CF_CERT_HEADERS.map(({ name }) => name))('does not recall a client of cf-cert that differs in %s', (name) => {
    const { get, made } = counting()
    const lines = (changes: Record<string, string> = {}) =>
      fieldsFrom(
        'cf-cert',
        Object.entries({ ...Object.fromEntries(CF_CERT_HEADERS.map((h) => [h.name, h.name])), ...changes }),
      )
    const first = get(lines())
    expect(get(lines())).toBe(first)
    expect(get(lines({ [name]: 'another' }))).not.toBe(first)
    expect(made()).toBe(2)
  })

  it('remembers as many clients of rfc9440 as of other sources, and tells their certificates and chains apart', () => {
    const { get, made } = counting()
    const lines = (cert: string, chain: string) =>
      fieldsFrom('rfc9440', [
        ['Client-Cert', cert],
        ['Client-Cert-Chain', chain],
      ])
    const first = get(lines('a', 'c'))
    get(lines('b', 'c'))
    expect(get(lines('a', 'c'))).toBe(first)
    expect(made()).toBe(2)
    expect(get(lines('a', 'd'))).not.toBe(first)
    expect(made()).toBe(3)
  })

  it('drops the oldest client when it is full', () => {
    const { get, made } = counting(2)
    for (const fingerprint of ['aa', 'bb', 'cc', 'cc']) get(fieldsOf(fingerprint))
    get(fieldsOf('bb'))
    get(fieldsOf('cc'))
    expect(made()).toBe(4)
    get(fieldsOf('aa'))
    expect(made()).toBe(5)
  })

  it('keeps one entry for a fingerprint, with any other headers', () => {
    const { get, made } = counting(2)
    get(fieldsOf('bb'))
    for (let serial = 0; serial < 100; serial += 1) get(fieldsOf('aa', { 'x-cert-serial': String(serial) }))
    get(fieldsOf('bb'))
    expect(made()).toBe(101)
  })
})
