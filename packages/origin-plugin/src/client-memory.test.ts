import { CERTIFICATE_HEADERS } from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import { createCertificateCache } from './client-memory.ts'
import type { EdgeFields } from './edge-fields.ts'
import { edgeFieldsOf } from './testing/edge-fields-of.ts'

const fieldsOf = (fingerprint: string, changes: Record<string, string | undefined> = {}) => {
  const all = Object.fromEntries(CERTIFICATE_HEADERS.map(({ name }) => [name, `value of ${name}`]))
  const entries = Object.entries({ ...all, 'x-cert-finger-256': fingerprint, ...changes })
  return edgeFieldsOf(entries.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

function counting(maxEntries = 10) {
  let made = 0
  const cache = createCertificateCache((fields) => {
    made += 1
    if (fields.get('x-cert-serial') === 'bad') throw new Error('malformed')
    return { made, serial: fields.get('x-cert-serial') }
  }, maxEntries)
  return {
    get: (fields: EdgeFields) => (cache.recall(fields) ?? cache.learn(fields)).value,
    made: () => made,
  }
}

describe('createCertificateCache', () => {
  it('makes once what comes again', () => {
    const { get, made } = counting()
    const first = get(fieldsOf('aa'))
    expect(get(fieldsOf('aa'))).toBe(first)
    expect(made()).toBe(1)
  })

  it.each(CERTIFICATE_HEADERS.map(({ name }) => name))('makes anew what differs in %s, or lacks it', (name) => {
    const { get, made } = counting()
    const first = get(fieldsOf('aa'))
    expect(get(fieldsOf('aa', { [name]: 'another' }))).not.toBe(first)
    expect(get(fieldsOf('aa', { [name]: undefined }))).not.toBe(first)
    expect(made()).toBe(3)
  })

  it('tells a header that is not there from one that was not there before', () => {
    const { get, made } = counting()
    get(fieldsOf('aa', { 'client-cert': undefined }))
    get(fieldsOf('aa'))
    expect(made()).toBe(2)
  })

  it('does not look at other fields, such as the token', () => {
    const { get, made } = counting()
    get(fieldsOf('aa', { 'cf-access-jwt-assertion': 'one' }))
    get(fieldsOf('aa', { 'cf-access-jwt-assertion': 'two' }))
    expect(made()).toBe(1)
  })

  it('does not remember a failure', () => {
    const { get, made } = counting()
    for (let time = 0; time < 2; time += 1) {
      expect(() => get(fieldsOf('aa', { 'x-cert-serial': 'bad' }))).toThrow('malformed')
    }
    expect(made()).toBe(2)
  })

  it('forgets the oldest when it is full', () => {
    const { get, made } = counting(2)
    for (const fingerprint of ['aa', 'bb', 'cc']) get(fieldsOf(fingerprint))
    get(fieldsOf('bb'))
    get(fieldsOf('cc'))
    expect(made()).toBe(3)
    get(fieldsOf('aa'))
    expect(made()).toBe(4)
  })

  it('holds one entry for a fingerprint, whatever headers come with it', () => {
    const { get, made } = counting(2)
    get(fieldsOf('bb'))
    for (let serial = 0; serial < 100; serial += 1) get(fieldsOf('aa', { 'x-cert-serial': String(serial) }))
    get(fieldsOf('bb'))
    expect(made()).toBe(101)
  })
})
