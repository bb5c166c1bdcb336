import { ed25519Key, hmacKey } from '@countersign/test-support/edge-key-pair'
import type { SigningJwk } from '@countersign/wire'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PLACEHOLDER, VERIFIED } from '../test/support/cloudflare-values.ts'
import { type ClientMessage, type Edge, startEdge } from '../test/support/edge.ts'
import { verifyByHand } from '../test/support/verify-by-hand.ts'

const { jwk: hmacJwk } = hmacKey()
const { privateJwk: ed25519Jwk, jwk: ed25519PublicJwk } = ed25519Key()
const DERIVED = ['@authority', '@method', '@path', '@query']
const cf = { tlsClientAuth: VERIFIED }

/** Fields that a JWK may have besides the key. workerd alone would refuse the second for its `alg`. */
const ANNOTATED: Readonly<Record<string, readonly [jwk: object, publicJwk: SigningJwk]>> = {
  'alg-eddsa': [{ ...ed25519Jwk, alg: 'EdDSA' }, ed25519PublicJwk],
  'alg-ed25519': [{ ...ed25519Jwk, alg: 'Ed25519', use: 'sig' }, ed25519PublicJwk],
  'alg-hs256': [{ ...hmacJwk, alg: 'HS256', key_ops: ['sign', 'verify'], ext: false }, hmacJwk],
}

describe('signHeaders', () => {
  let edge: Edge
  beforeAll(async () => {
    edge = await startEdge({
      hmac: { bindings: { COUNTERSIGN_KEY: JSON.stringify(hmacJwk), COUNTERSIGN_FORWARD_CERT: 'chain' } },
      ed25519: { bindings: { COUNTERSIGN_KEY: JSON.stringify(ed25519Jwk) } },
      ...Object.fromEntries(
        Object.entries(ANNOTATED).map(([name, [jwk]]) => [
          name,
          { bindings: { COUNTERSIGN_KEY: JSON.stringify(jwk) } },
        ]),
      ),
    })
  }, 30_000)
  afterAll(() => edge[Symbol.asyncDispose]())

  const signature = async (request: ClientMessage = {}, jwk: SigningJwk = hmacJwk) =>
    verifyByHand(await edge.forward(request), jwk)

  it.each([
    ['hmac', 'hmac-sha256', hmacJwk],
    ['ed25519', 'ed25519', ed25519PublicJwk],
  ])('signs with the key: %s', async (worker, alg, jwk) => {
    const before = Math.floor(Date.now() / 1000)
    const { valid, parameters, parameter } = await signature({ worker, cf, method: 'POST', target: '/a?b=c' }, jwk)
    const after = Math.ceil(Date.now() / 1000)

    expect(valid).toBe(true)
    expect(parameters.map(([name]) => name)).toEqual(['created', 'expires', 'nonce', 'keyid', 'alg', 'tag'])
    expect(Number(parameter('created'))).toBeGreaterThanOrEqual(before)
    expect(Number(parameter('created'))).toBeLessThanOrEqual(after)
    expect(Number(parameter('expires')) - Number(parameter('created'))).toBe(60)
    expect(parameters.slice(3)).toEqual([
      ['keyid', `"${jwk.kid}"`],
      ['alg', `"${alg}"`],
      ['tag', '"countersign"'],
    ])
  })

  it.each(Object.entries(ANNOTATED))('signs with a key that has more properties: %s', async (worker, [, jwk]) => {
    expect((await signature({ worker, cf }, jwk)).valid).toBe(true)
  })

  it('does not verify with another key, nor over another value', async () => {
    const request = await edge.forward({ cf })
    expect(verifyByHand(request, { ...hmacJwk, k: `A${String(hmacJwk.k).slice(1, -1)}A` }).valid).toBe(false)
    for (const [at, value] of request.rawHeaders.entries()) {
      if (value !== 'SUCCESS') continue
      const rawHeaders = request.rawHeaders.with(at, 'SUCCESs')
      const header = (name: string) => (name === 'x-cert-verify' ? 'SUCCESs' : request.header(name))
      expect(verifyByHand({ ...request, rawHeaders, header }, hmacJwk).valid).toBe(false)
    }
  })

  it('covers the Access token, every family header in order, then the derived components', async () => {
    const { valid, covered } = await signature({ cf, headers: [['Cf-Access-Jwt-Assertion', 'ey.J.x']] })
    expect(valid).toBe(true)
    expect(covered).toEqual([
      'cf-access-jwt-assertion',
      'x-cert-presented',
      'x-cert-verify',
      'x-cert-revoked',
      'x-cert-subject-dn',
      'x-cert-issuer-dn',
      'x-cert-subject-dn-2253',
      'x-cert-issuer-dn-2253',
      'x-cert-subject-dn-l',
      'x-cert-issuer-dn-l',
      'x-cert-serial',
      'x-cert-issuer-serial',
      'x-cert-ski',
      'x-cert-issuer-ski',
      'x-cert-finger',
      'x-cert-finger-256',
      'x-cert-notbe',
      'x-cert-notaf',
      'client-cert',
      'client-cert-chain',
      ...DERIVED,
    ])
  })

  it('covers exactly the fields of the request', async () => {
    const sparse = { ...VERIFIED, certSKI: '', certIssuerDNLegacy: undefined, certRFC9440: '' }
    for (const auth of [VERIFIED, PLACEHOLDER, undefined, sparse]) {
      const request = await edge.forward({ cf: { tlsClientAuth: auth } })
      const { valid, covered } = verifyByHand(request, hmacJwk)
      const family = request.headerNames().filter((name) => /^(?:x-cert|client-cert)/.test(name))
      expect(valid).toBe(true)
      expect(covered.slice(-4)).toEqual(DERIVED)
      expect(covered.slice(0, -4).toSorted()).toEqual(family.toSorted())
    }
  })

  it('covers no token without one, and an empty one if it is empty', async () => {
    expect((await signature({ cf })).covered).not.toContain('cf-access-jwt-assertion')
    const empty = await signature({ cf, headers: [['Cf-Access-Jwt-Assertion', '']] })
    expect(empty.covered[0]).toBe('cf-access-jwt-assertion')
    expect(empty.valid).toBe(true)
  })

  it.each([
    ['valid UTF-8', 'zo\xc3\xab'],
    ['bytes that are no UTF-8', 'a\xff\xe9b'],
    ['spaces around it and tabs inside', ' \t a\tb \t'],
  ])('signs a token as it arrives: %s', async (_, token) => {
    // API Shield's zones have no Access, so the client itself chooses the value of this header.
    const request = await edge.forward({ headers: [['Cf-Access-Jwt-Assertion', token]] })
    expect(verifyByHand(request, hmacJwk)).toMatchObject({ valid: true })
  })

  it('joins a repeated token into one line, as RFC 9421 does', async () => {
    const name = 'Cf-Access-Jwt-Assertion'
    const headers = [[name, 'one'] as const, [name, 'two'] as const]
    const request = await edge.forward({ headers })
    expect(request.header('cf-access-jwt-assertion')).toBe('one, two')
    expect(verifyByHand(request, hmacJwk)).toMatchObject({ valid: true })
  })

  it('has a new nonce of 128 bits in every signature', async () => {
    const nonces = await Promise.all(
      Array.from({ length: 50 }, async () => (await signature({ cf })).parameter('nonce')),
    )
    expect(new Set(nonces).size).toBe(50)
    for (const nonce of nonces) {
      expect(nonce).toMatch(/^[\w-]{22}$/)
      expect(Buffer.from(nonce ?? '', 'base64url')).toHaveLength(16)
    }
  })

  it.each(['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])(
    'signs the method as sent: %s',
    async (method) => {
      const request = await edge.forward({ cf, method })
      expect(request.method).toBe(method)
      expect(verifyByHand(request, hmacJwk).valid).toBe(true)
    },
  )
})
