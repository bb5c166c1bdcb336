import { AUDIENCE, ISSUER } from '@countersign/test-support/access-team'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { createParties, type Parties } from '@countersign/test-support/parties'
import type { HeaderLine } from '@countersign/test-support/wire-request'
import { beforeAll, describe, expect, it } from 'vitest'
import { AUTHORITY, type EdgeRequest, edgeLines } from '../test/support/edge-lines.ts'
import { refusalFrom } from '../test/support/expect-refusal.ts'
import { authenticate } from './authenticate.ts'
import { type CountersignPluginOptions, resolveOptions, type Settings } from './options.ts'
import type { ReceivedRequest } from './request-target.ts'

let parties: Parties
beforeAll(async () => {
  parties = await createParties()
})

function settingsOf(changes: Partial<CountersignPluginOptions> = {}): Settings {
  const options = {
    edge: { keys: parties.key.jwk, hosts: [AUTHORITY] },
    access: { issuer: ISSUER, audience: AUDIENCE, jwks: parties.access.jwks },
    trustedIssuers: [parties.ca.pem],
    ...changes,
  }
  return resolveOptions(options, () => {})
}

/** A request of the edge as Node's parser leaves it, without a certificate. */
function received(request: EdgeRequest = {}, { token, key }: EdgeRequest = parties): ReceivedRequest {
  const usual = token === undefined ? { key: key ?? null } : { token, key: key ?? null }
  const lines: HeaderLine[] = [['Host', AUTHORITY], ...edgeLines('/me', { cert: null, ...usual, ...request })]
  const headers = Object.fromEntries(lines.map(([name, value]) => [name.toLowerCase(), value]))
  return { originalUrl: '/me', raw: { method: 'GET', httpVersionMajor: 1, headers, rawHeaders: lines.flat() } }
}

const accept = async (settings: Settings, request?: EdgeRequest) =>
  authenticate(received(request), settings, undefined, true)
const refuse = (settings: Settings, request?: EdgeRequest) => refusalFrom(accept(settings, request))

const NO_HEADERS = { 'x-cert-presented': null, 'x-cert-verify': null, 'x-cert-revoked': null }

describe('authenticate with an optional certificate', () => {
  it('proves a client without one by signature and token', async () => {
    const { clientCert, access, signature } = await accept(settingsOf())
    expect(clientCert).toBeNull()
    expect(access).toMatchObject({ kind: 'user', email: 'jane@acme.example' })
    expect(signature?.nonce).toMatch(/^[\w-]{22}$/)
    expect(await accept(settingsOf({ access: null }))).toMatchObject({ clientCert: null, access: null })
  })

  it('still refuses it where the certificate is required', async () => {
    expect(await refusalFrom((async () => authenticate(received(), settingsOf()))())).toEqual({
      code: 'CSN_CERT_MISSING',
      reason: 'the client did not present a certificate',
    })
  })

  it('proves a certificate that comes', async () => {
    const { clientCert } = await accept(settingsOf(), { cert: parties.cert })
    expect(clientCert?.subject.CN).toBe('pay-1')
  })

  it.each<[string, EdgeRequest]>([
    ['CSN_SIGNATURE_MISSING', { key: null }],
    ['CSN_SIGNATURE_INVALID', { key: hmacKey() }],
    ['CSN_SIGNATURE_INVALID', { signedTarget: '/other' }],
    [
      'CSN_SIGNATURE_INVALID',
      { changes: {}, tamper: (lines) => lines.filter(([name]) => name !== 'x-cert-presented') },
    ],
    ['CSN_HEADERS_MALFORMED', { tamper: (lines) => [...lines, ['X-CERT-PRESENTED', '0']] }],
    ['CSN_ACCESS_TOKEN_INVALID', { token: 'a.b.c' }],
    // The Worker always sends the flags, so the signature has to cover them.
    ['CSN_SIGNATURE_INVALID', { changes: NO_HEADERS }],
    ['CSN_CERT_MISSING', { changes: { 'x-cert-verify': 'FAILED' } }],
    ['CSN_HEADERS_MALFORMED', { changes: { 'x-cert-serial': '0A1B' } }],
    ['CSN_CERT_UNVERIFIED', { changes: { 'x-cert-presented': '1' } }],
    ['CSN_CERT_UNVERIFIED', { changes: { 'x-cert-presented': '1', 'x-cert-verify': 'FAILED:forged' } }],
  ])('refuses with %s: %j', async (code, request) => {
    expect((await refuse(settingsOf(), request)).code).toBe(code)
  })

  it('refuses a host that is not its own, and a missing token', async () => {
    const elsewhere = settingsOf({ edge: { keys: parties.key.jwk, hosts: ['other.example'] } })
    expect((await refuse(elsewhere)).code).toBe('CSN_SIGNATURE_INVALID')
    const without = async () => authenticate(received({}, { key: parties.key }), settingsOf(), undefined, true)
    expect((await refusalFrom(without())).code).toBe('CSN_ACCESS_TOKEN_MISSING')
  })

  it('refuses a token that names a certificate', async () => {
    const refused = {
      code: 'CSN_CERT_MISMATCH',
      reason: 'the Access token names a certificate, and the client did not present one',
    }
    for (const claims of [{ email: undefined, common_name: 'pay-1' }, { mtls_auth: { cert_serial: '0A1B' } }]) {
      expect(await refuse(settingsOf(), { token: await parties.access.token(claims) })).toEqual(refused)
    }
  })

  it('does not call access.matches, which ties a token to a certificate', async () => {
    const asked: unknown[] = []
    const matches = (...given: unknown[]) => asked.push(given) < 0
    const access = { issuer: ISSUER, audience: AUDIENCE, jwks: parties.access.jwks, matches }
    expect((await accept(settingsOf({ access }))).clientCert).toBeNull()
    expect(asked).toEqual([])
    expect((await refuse(settingsOf({ access }), { cert: parties.cert })).code).toBe('CSN_CERT_MISMATCH')
  })

  it('gives each client its own identity, and remembers none of them', async () => {
    const settings = settingsOf()
    const joe = await parties.access.token({ email: 'joe@acme.example' })
    for (let time = 0; time < 3; time += 1) {
      expect((await accept(settings)).access).toMatchObject({ email: 'jane@acme.example' })
      expect((await accept(settings, { token: joe })).access).toMatchObject({ email: 'joe@acme.example' })
      expect((await accept(settings, { cert: parties.cert })).clientCert?.subject.CN).toBe('pay-1')
      expect((await refuse(settings, { token: 'a.b.c' })).code).toBe('CSN_ACCESS_TOKEN_INVALID')
    }
  })

  it('takes the lack of every header for the absence with edge: null alone', async () => {
    const settings = settingsOf({ edge: null })
    for (const changes of [{}, NO_HEADERS]) {
      expect(await accept(settings, { key: null, changes })).toEqual({
        clientCert: null,
        access: expect.objectContaining({ email: 'jane@acme.example' }),
        signature: null,
      })
    }
    expect((await refuse(settings, { key: null, changes: { ...NO_HEADERS, 'x-cert-serial': '0A1B' } })).code).toBe(
      'CSN_HEADERS_MALFORMED',
    )
  })
})
