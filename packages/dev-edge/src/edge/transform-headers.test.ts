import { CF_CERT_HEADERS, type TlsClientAuth } from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import type { FullTlsClientAuth } from '../handshake/build-tls-client-auth.ts'
import { headerPairs } from '../net/raw-headers.ts'
import { type TransformSource, transformHeaders } from './transform-headers.ts'

const texts = Object.fromEntries(CF_CERT_HEADERS.map(({ field }) => [field, `text of ${field}`]))
const AUTH = {
  ...texts,
  certPresented: '1',
  certVerified: 'SUCCESS',
  certRevoked: '0',
  certRFC9440: ':AA==:',
  certRFC9440TooLarge: false,
  certChainRFC9440: ':BB==:, :CC==:',
  certChainRFC9440TooLarge: false,
} as unknown as FullTlsClientAuth

const transform = (source: TransformSource, changes: TlsClientAuth = {}, raw: readonly string[] = []) =>
  transformHeaders(raw, source, { ...AUTH, ...changes })
const valuesOf = (...args: Parameters<typeof transform>) => Object.fromEntries(headerPairs(transform(...args)))

describe('transformHeaders of cf-cert', () => {
  it('sets every header of the managed transform from its field', () => {
    const expected = CF_CERT_HEADERS.map(({ name, field }) => [name, `text of ${field}`])
    expect(valuesOf('cf-cert')).toEqual({
      ...Object.fromEntries(expected),
      'cf-cert-presented': 'true',
      'cf-cert-verified': 'true',
      'cf-cert-revoked': 'false',
    })
  })

  it.each(['NONE', 'FAILED', 'FAILED:certificate has expired', 'SUCCESS ', ''])(
    'spells every other verdict false: %s',
    (certVerified) => {
      expect(valuesOf('cf-cert', { certVerified })).toMatchObject({ 'cf-cert-verified': 'false' })
    },
  )

  it('spells the other flags true and false', () => {
    expect(valuesOf('cf-cert', { certPresented: '0', certRevoked: '1' })).toMatchObject({
      'cf-cert-presented': 'false',
      'cf-cert-revoked': 'true',
      'cf-cert-verified': 'true',
    })
  })

  it('sends no certificate', () => {
    expect(transform('cf-cert').join()).not.toMatch(/client-cert|AA==/)
  })

  it('sends names in UTF-8', () => {
    const name = valuesOf('cf-cert', { certSubjectDN: 'CN=Zoë' })['cf-cert-subject-dn'] ?? ''
    expect(Buffer.from(name, 'latin1').toString()).toBe('CN=Zoë')
  })

  it.each(CF_CERT_HEADERS.map(({ name }) => name))('replaces %s of the client, in any case', (name) => {
    const raw = [name, 'forged', 'Accept', '*/*', name.toUpperCase(), 'forged']
    const sent = [...headerPairs(transform('cf-cert', {}, raw))]
    expect(sent.filter(([each]) => each.toLowerCase() === name)).toEqual([[name, valuesOf('cf-cert')[name]]])
    expect(sent).toContainEqual(['Accept', '*/*'])
    expect(JSON.stringify(sent)).not.toContain('forged')
  })

  it('removes a header of the client where it has no value of its own', () => {
    expect(
      valuesOf('cf-cert', { certSKI: '', certSerial: '' }, ['Cf-Cert-SKI', 'forged', 'cf-cert-serial', 'forged']),
    ).toEqual(
      Object.fromEntries(
        Object.entries(valuesOf('cf-cert')).filter(([name]) => name !== 'cf-cert-ski' && name !== 'cf-cert-serial'),
      ),
    )
  })
})

describe('transformHeaders of rfc9440', () => {
  const BOTH = { 'client-cert': ':AA==:', 'client-cert-chain': ':BB==:, :CC==:' }

  it('sets both headers for a certificate that is verified and not revoked', () => {
    expect(valuesOf('rfc9440')).toEqual(BOTH)
  })

  it.each<[string, TlsClientAuth, Partial<typeof BOTH>]>([
    ['not verified', { certVerified: 'FAILED:self signed certificate' }, {}],
    ['not presented', { certVerified: 'NONE', certPresented: '0', certRFC9440: '', certChainRFC9440: '' }, {}],
    ['revoked', { certRevoked: '1' }, {}],
    ['too large', { certRFC9440TooLarge: true }, { 'client-cert-chain': BOTH['client-cert-chain'] }],
    [
      'too large, with an empty field',
      { certRFC9440TooLarge: true, certRFC9440: '' },
      { 'client-cert-chain': BOTH['client-cert-chain'] },
    ],
    ['with a chain that is too large', { certChainRFC9440TooLarge: true }, { 'client-cert': ':AA==:' }],
    ['without intermediates', { certChainRFC9440: '' }, { 'client-cert': ':AA==:' }],
  ])('removes the headers of the client for a certificate that is %s', (_, changes, expected) => {
    const raw = ['Client-Cert', ':forged:', 'client-cert-chain', ':forged:', 'CLIENT-CERT', ':forged:', 'Accept', '*/*']
    expect(valuesOf('rfc9440', changes, raw)).toEqual({ Accept: '*/*', ...expected })
  })
})

describe.each<TransformSource>(['cf-cert', 'rfc9440'])('transformHeaders of %s', (source) => {
  it('keeps names that Cloudflare does not set, with their order and repeats', () => {
    const other = source === 'cf-cert' ? 'client-cert' : 'cf-cert-serial'
    const raw = ['X-CERT-SERIAL', 'a', 'cf_cert_serial', 'b', 'x-cert-serial', 'c', other, 'd', 'Client_Cert', 'e']
    expect(transform(source, {}, raw).slice(0, raw.length)).toEqual(raw)
  })
})
