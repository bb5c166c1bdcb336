import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { CERTIFICATE_HEADERS, parseDistinguishedName } from '@countersign/wire'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PLACEHOLDER, VERIFIED } from '../test/support/cloudflare-values.ts'
import { type Edge, startEdge } from '../test/support/edge.ts'
import { verifyByHand } from '../test/support/verify-by-hand.ts'

const { jwk: hmacJwk } = hmacKey()
const ABSENT = { 'x-cert-presented': '0', 'x-cert-revoked': '0', 'x-cert-verify': 'NONE' }

describe('stampHeaders', () => {
  let edge: Edge
  beforeAll(async () => {
    const COUNTERSIGN_KEY = JSON.stringify(hmacJwk)
    const worker = (forwardCert?: string) => ({
      bindings: { COUNTERSIGN_KEY, ...(forwardCert === undefined ? {} : { COUNTERSIGN_FORWARD_CERT: forwardCert }) },
    })
    edge = await startEdge({
      default: worker(),
      empty: worker(''),
      leaf: worker('leaf'),
      chain: worker('chain'),
      none: worker('none'),
      rfc2253: { bindings: { COUNTERSIGN_KEY, COUNTERSIGN_FORWARD_CERT: 'none', COUNTERSIGN_NAMES: 'rfc2253' } },
    })
  }, 30_000)
  afterAll(() => edge[Symbol.asyncDispose]())

  /** The certificate headers as received, under a valid signature. */
  async function stamped(tlsClientAuth: unknown, worker = 'default'): Promise<Record<string, string | undefined>> {
    const request = await edge.forward({ worker, cf: { tlsClientAuth } })
    expect(verifyByHand(request, hmacJwk).valid).toBe(true)
    const family = request.headerNames().filter((name) => /^(?:x-cert|client-cert)/.test(name))
    return Object.fromEntries(family.map((name) => [name, request.header(name)]))
  }

  it('writes every row of the table in the format that Cloudflare gave it', async () => {
    const { certPresented: _p, certRFC9440TooLarge: _l, certChainRFC9440TooLarge: _c, ...fields } = VERIFIED
    const headers = await stamped(VERIFIED, 'chain')
    expect(headers).toEqual({
      'x-cert-presented': '1',
      'x-cert-verify': fields.certVerified,
      'x-cert-revoked': fields.certRevoked,
      'x-cert-subject-dn': fields.certSubjectDN,
      'x-cert-issuer-dn': fields.certIssuerDN,
      'x-cert-subject-dn-2253': fields.certSubjectDNRFC2253,
      'x-cert-issuer-dn-2253': fields.certIssuerDNRFC2253,
      'x-cert-subject-dn-l': fields.certSubjectDNLegacy,
      'x-cert-issuer-dn-l': fields.certIssuerDNLegacy,
      'x-cert-serial': fields.certSerial,
      'x-cert-issuer-serial': fields.certIssuerSerial,
      'x-cert-ski': fields.certSKI,
      'x-cert-issuer-ski': fields.certIssuerSKI,
      'x-cert-finger': fields.certFingerprintSHA1,
      'x-cert-finger-256': fields.certFingerprintSHA256,
      'x-cert-notbe': fields.certNotBefore,
      'x-cert-notaf': fields.certNotAfter,
      'client-cert': fields.certRFC9440,
      'client-cert-chain': fields.certChainRFC9440,
    })
    // Without the two headers that replace Client-Cert and Client-Cert-Chain.
    expect(Object.keys(headers)).toHaveLength(CERTIFICATE_HEADERS.length - 2)
  })

  const LARGE = {
    ...VERIFIED,
    certRFC9440: '',
    certRFC9440TooLarge: true,
    certChainRFC9440: '',
    certChainRFC9440TooLarge: true,
  }

  it.each([
    ['chain', LARGE, { 'x-cert-too-large': '1', 'x-cert-chain-too-large': '1' }],
    ['leaf', LARGE, { 'x-cert-too-large': '1' }],
    ['default', LARGE, { 'x-cert-too-large': '1' }],
    ['none', LARGE, {}],
    ['chain', { ...LARGE, certPresented: '0' }, {}],
    ['chain', { ...LARGE, certRFC9440TooLarge: 'true', certChainRFC9440TooLarge: 'true' }, {}],
  ])('marks certificates that are too large to forward, with forwardCert %s', async (worker, auth, expected) => {
    const { 'x-cert-too-large': leaf, 'x-cert-chain-too-large': chain, ...rest } = await stamped(auth, worker)
    expect({
      ...(leaf && { 'x-cert-too-large': leaf }),
      ...(chain && { 'x-cert-chain-too-large': chain }),
    }).toEqual(expected)
    expect(Object.keys(rest).filter((name) => name.startsWith('client-cert'))).toEqual([])
  })

  it('sends 0, NONE and 0 without a certificate, and nothing else', async () => {
    expect(await stamped(PLACEHOLDER)).toEqual(ABSENT)
    expect(await stamped(PLACEHOLDER, 'chain')).toEqual(ABSENT)
  })

  it.each([
    ['request.cf', undefined],
    ['tlsClientAuth', {}],
    ['tlsClientAuth, which is null', { tlsClientAuth: null }],
  ])('sends the same without %s', async (_, cf) => {
    const request = await edge.forward({ cf })
    expect(verifyByHand(request, hmacJwk).valid).toBe(true)
    for (const [name, value] of Object.entries(ABSENT)) expect(request.header(name)).toBe(value)
    expect(request.headerNames().filter((name) => /cert/.test(name))).toEqual(Object.keys(ABSENT))
  })

  it('leaves out a field that is empty, missing or null, and never writes "undefined"', async () => {
    const headers = await stamped({
      ...VERIFIED,
      certSKI: '',
      certIssuerSKI: undefined,
      certSerial: null,
      certSubjectDN: ' ',
      certRFC9440: '',
    })
    for (const name of ['x-cert-ski', 'x-cert-issuer-ski', 'x-cert-serial', 'x-cert-subject-dn', 'client-cert']) {
      expect(headers).not.toHaveProperty(name)
    }
    expect(Object.values(headers).join()).not.toMatch(/undefined|null/)
  })

  it.each(['FAILED', 'FAILED:self signed certificate', 'FAILED:certificate has expired', 'NONE'])(
    'passes the verdict on: %s',
    async (certVerified) => {
      const headers = await stamped({ ...VERIFIED, certVerified })
      expect(headers['x-cert-verify']).toBe(certVerified)
      expect(headers['x-cert-presented']).toBe('1')
      expect(headers['client-cert']).toBe(VERIFIED.certRFC9440)
    },
  )

  it('sends the revocation together with the verdict SUCCESS', async () => {
    const headers = await stamped({ ...VERIFIED, certRevoked: '1' })
    expect(headers).toMatchObject({ 'x-cert-verify': 'SUCCESS', 'x-cert-revoked': '1' })
  })

  it.each(['', undefined, 'true', 'no', '00', '0 ', 0, false])(
    'treats certRevoked %j as revoked',
    async (certRevoked) => {
      expect(await stamped({ ...VERIFIED, certRevoked })).toMatchObject({ 'x-cert-revoked': '1' })
    },
  )

  it.each(['', undefined, 'true', 'yes', '01', ' 1', 1, true])(
    'treats certPresented %j as no certificate, with any other fields',
    async (certPresented) => {
      expect(await stamped({ ...VERIFIED, certPresented }, 'chain')).toEqual(ABSENT)
    },
  )

  it.each(['', ' '])('sends NONE for a certificate without a verdict: %j', async (certVerified) => {
    expect(await stamped({ ...VERIFIED, certVerified })).toMatchObject({ 'x-cert-verify': 'NONE' })
  })

  it.each([
    ['default', true, false],
    ['empty', true, false],
    ['leaf', true, false],
    ['chain', true, true],
    ['none', false, false],
  ])('forwards by COUNTERSIGN_FORWARD_CERT: %s', async (worker, leaf, chain) => {
    const headers = await stamped(VERIFIED, worker)
    expect('client-cert' in headers).toBe(leaf)
    expect('client-cert-chain' in headers).toBe(chain)
  })

  it.each([
    ['an accent', 'Zoë'],
    ['three and four bytes', '日本 🦊'],
    ['CR and LF', 'a\r\nX-CERT-VERIFY: SUCCESS'],
    ['NUL and other controls', 'a\0\x01\x1f\x7fb'],
    ['text directions', '\u202eevil\u200b'],
  ])('carries %s in a name as escapes that the origin undoes', async (_, CN) => {
    const dn = `CN=${CN},O=Acme`
    const headers = await stamped({
      ...VERIFIED,
      certSubjectDN: dn,
      certSubjectDNRFC2253: dn,
      certSubjectDNLegacy: `/O=Acme/CN=${CN}`,
      certVerified: `FAILED:${CN}`,
    })
    for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]+$/)
    for (const name of ['x-cert-subject-dn', 'x-cert-subject-dn-2253']) {
      expect(parseDistinguishedName(headers[name] ?? '')).toEqual([
        [{ type: 'CN', value: CN }],
        [{ type: 'O', value: 'Acme' }],
      ])
    }
  })

  it('writes the escapes of RFC 4514 in names, and those of OpenSSL elsewhere', async () => {
    const headers = await stamped({
      ...VERIFIED,
      certSubjectDN: 'CN=Zoë\r\n',
      certSubjectDNLegacy: '/CN=Zoë\r\n',
      certVerified: 'SUCCESS\n',
    })
    expect(headers['x-cert-subject-dn']).toBe('CN=Zo\\C3\\AB\\0D\\0A')
    expect(headers['x-cert-subject-dn-l']).toBe('/CN=Zo\\xC3\\xAB\\x0D\\x0A')
    expect(headers['x-cert-verify']).toBe('SUCCESS\\x0A')
  })

  it('sends each name once, in the form that the origin reads, when COUNTERSIGN_NAMES is rfc2253', async () => {
    const all = await stamped(VERIFIED, 'none')
    const once = await stamped(VERIFIED, 'rfc2253')
    expect(
      Object.keys(all)
        .filter((name) => !(name in once))
        .sort(),
    ).toEqual(['x-cert-issuer-dn', 'x-cert-issuer-dn-l', 'x-cert-subject-dn', 'x-cert-subject-dn-l'])
    expect(all).toMatchObject(once)
  })

  it.each(['', ' ', undefined])('keeps the name that has no other form: %j', async (missing) => {
    const fields = { ...VERIFIED, certSubjectDNRFC2253: missing }
    const subject = await stamped(fields, 'rfc2253')
    expect(subject).toMatchObject({ 'x-cert-subject-dn': VERIFIED.certSubjectDN })
    expect(subject).not.toHaveProperty('x-cert-issuer-dn')
    expect(subject).not.toHaveProperty('x-cert-subject-dn-l')
    const issuer = await stamped({ ...VERIFIED, certIssuerDNRFC2253: missing }, 'rfc2253')
    expect(issuer).toMatchObject({ 'x-cert-issuer-dn': VERIFIED.certIssuerDN })
    expect(issuer).not.toHaveProperty('x-cert-subject-dn')
  })
})
