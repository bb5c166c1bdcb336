import { CERTIFICATE_HEADERS } from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import { createCertificateCache } from './certificate-cache.ts'

const fieldsOf = (fingerprint: string, changes: Record<string, string | undefined> = {}) => {
  const all = Object.fromEntries(CERTIFICATE_HEADERS.map(({ name }) => [name, `value of ${name}`]))
  const entries = Object.entries({ ...all, 'x-cert-finger-256': fingerprint, ...changes })
  return new Map(entries.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

function counting(maxEntries = 10) {
  let made = 0
  const cache = createCertificateCache((fields) => {
    made += 1
    if (fields.get('x-cert-serial') === 'bad') throw new Error('malformed')
    return { made, serial: fields.get('x-cert-serial') }
  }, maxEntries)
  return { cache, made: () => made }
}

describe('createCertificateCache', () => {
  it('makes once what comes again', () => {
    const { cache, made } = counting()
    const first = cache.get(fieldsOf('aa'))
    expect(cache.get(fieldsOf('aa'))).toBe(first)
    expect(made()).toBe(1)
  })

  it.each(CERTIFICATE_HEADERS.map(({ name }) => name))('makes anew what differs in %s, or lacks it', (name) => {
    const { cache, made } = counting()
    const first = cache.get(fieldsOf('aa'))
    expect(cache.get(fieldsOf('aa', { [name]: 'another' }))).not.toBe(first)
    expect(cache.get(fieldsOf('aa', { [name]: undefined }))).not.toBe(first)
    expect(made()).toBe(3)
  })

  it('tells a header that is not there from one that was not there before', () => {
    const { cache, made } = counting()
    cache.get(fieldsOf('aa', { 'client-cert': undefined }))
    cache.get(fieldsOf('aa'))
    expect(made()).toBe(2)
  })

  it('does not look at other fields, such as the token', () => {
    const { cache, made } = counting()
    cache.get(fieldsOf('aa', { 'cf-access-jwt-assertion': 'one' }))
    cache.get(fieldsOf('aa', { 'cf-access-jwt-assertion': 'two' }))
    expect(made()).toBe(1)
  })

  it('does not remember a failure', () => {
    const { cache, made } = counting()
    for (let time = 0; time < 2; time += 1) {
      expect(() => cache.get(fieldsOf('aa', { 'x-cert-serial': 'bad' }))).toThrow('malformed')
    }
    expect(made()).toBe(2)
  })

  it('forgets the oldest when it is full', () => {
    const { cache, made } = counting(2)
    for (const fingerprint of ['aa', 'bb', 'cc']) cache.get(fieldsOf(fingerprint))
    cache.get(fieldsOf('bb'))
    cache.get(fieldsOf('cc'))
    expect(made()).toBe(3)
    cache.get(fieldsOf('aa'))
    expect(made()).toBe(4)
  })

  it('holds one entry for a fingerprint, whatever headers come with it', () => {
    const { cache, made } = counting(2)
    cache.get(fieldsOf('bb'))
    for (let serial = 0; serial < 100; serial += 1) cache.get(fieldsOf('aa', { 'x-cert-serial': String(serial) }))
    cache.get(fieldsOf('bb'))
    expect(made()).toBe(101)
  })
})
