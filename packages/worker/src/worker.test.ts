import { generateKeyPairSync } from 'node:crypto'
import { ed25519Key, hmacKey } from '@countersign/test-support/edge-key-pair'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PLACEHOLDER, VERIFIED } from '../test/support/cloudflare-values.ts'
import { type Edge, type Exchange, startEdge } from '../test/support/edge.ts'
import { verifyByHand } from '../test/support/verify-by-hand.ts'

const { jwk: hmacJwk } = hmacKey()
const { privateJwk: ed25519Jwk, jwk: ed25519PublicJwk } = ed25519Key()
const KEY = JSON.stringify(hmacJwk)
const SECRET = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ'

const createEd25519 = () => generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })

const BAD_BINDINGS: Readonly<Record<string, readonly [code: string, bindings: Record<string, unknown>]>> = {
  'no key': ['CSN_WORKER_KEY_MISSING', {}],
  'an empty key': ['CSN_WORKER_KEY_MISSING', { COUNTERSIGN_KEY: '' }],
  'a key that is no JSON': ['CSN_WORKER_KEY_INVALID', { COUNTERSIGN_KEY: `${SECRET}{"k":` }],
  'JSON that is cut off': ['CSN_WORKER_KEY_INVALID', { COUNTERSIGN_KEY: KEY.slice(0, -3) }],
  'a bare string': ['CSN_WORKER_KEY_INVALID', { COUNTERSIGN_KEY: JSON.stringify(SECRET) }],
  null: ['CSN_WORKER_KEY_INVALID', { COUNTERSIGN_KEY: 'null' }],
  'a list of keys': ['CSN_WORKER_KEY_INVALID', { COUNTERSIGN_KEY: `[${KEY}]` }],
  'a JWK set': ['CSN_WORKER_KEY_INVALID', { COUNTERSIGN_KEY: `{"keys":[${KEY}]}` }],
  'a key without kid': ['CSN_WORKER_KEY_INVALID', { COUNTERSIGN_KEY: JSON.stringify({ ...hmacJwk, kid: undefined }) }],
  'a weak key': ['CSN_WORKER_KEY_INVALID', { COUNTERSIGN_KEY: JSON.stringify({ ...hmacJwk, k: SECRET }) }],
  'a public key': ['CSN_WORKER_KEY_INVALID', { COUNTERSIGN_KEY: JSON.stringify(ed25519PublicJwk) }],
  'a key of an impossible length': [
    'CSN_WORKER_KEY_INVALID',
    { COUNTERSIGN_KEY: JSON.stringify({ ...hmacJwk, k: `${SECRET}${SECRET}${SECRET}`.slice(0, 45) }) },
  ],
  'two halves of two keys': [
    'CSN_WORKER_KEY_INVALID',
    { COUNTERSIGN_KEY: JSON.stringify({ ...ed25519Jwk, x: createEd25519().x }) },
  ],
  'a key of another kind': [
    'CSN_WORKER_KEY_INVALID',
    { COUNTERSIGN_KEY: JSON.stringify({ kty: 'RSA', kid: 'r', d: SECRET }) },
  ],
  'another COUNTERSIGN_FORWARD_CERT': [
    'CSN_WORKER_OPTION_INVALID',
    { COUNTERSIGN_KEY: KEY, COUNTERSIGN_FORWARD_CERT: 'Leaf' },
  ],
  'a mistyped binding': ['CSN_WORKER_OPTION_INVALID', { COUNTERSIGN_KEY: KEY, COUNTERSIGN_REQUIRE_ACCES: 'a' }],
  'another COUNTERSIGN_NAMES': ['CSN_WORKER_OPTION_INVALID', { COUNTERSIGN_KEY: KEY, COUNTERSIGN_NAMES: 'RFC2253' }],
  'COUNTERSIGN_FORWARD_CERT as JSON false': [
    'CSN_WORKER_OPTION_INVALID',
    { COUNTERSIGN_KEY: KEY, COUNTERSIGN_FORWARD_CERT: false },
  ],
  'COUNTERSIGN_FORWARD_CERT as JSON null': [
    'CSN_WORKER_OPTION_INVALID',
    { COUNTERSIGN_KEY: KEY, COUNTERSIGN_FORWARD_CERT: null },
  ],
  'COUNTERSIGN_NAMES as JSON 0': ['CSN_WORKER_OPTION_INVALID', { COUNTERSIGN_KEY: KEY, COUNTERSIGN_NAMES: 0 }],
  'COUNTERSIGN_NAMES as JSON null': ['CSN_WORKER_OPTION_INVALID', { COUNTERSIGN_KEY: KEY, COUNTERSIGN_NAMES: null }],
  'another COUNTERSIGN_REQUIRE': ['CSN_WORKER_OPTION_INVALID', { COUNTERSIGN_KEY: KEY, COUNTERSIGN_REQUIRE: 'true' }],
}

/** The beginnings of the keys above. JSON.parse quotes a beginning, and no log or answer may contain it. */
const KEY_MATERIAL = [SECRET, String(hmacJwk.k), String(ed25519PublicJwk['x'])].map((key) => key.slice(0, 8))

describe('the Worker', () => {
  let edge: Edge
  beforeAll(async () => {
    const bad = Object.entries(BAD_BINDINGS).map(([name, [, bindings]]) => [workerName(name), { bindings }])
    edge = await startEdge({
      verified: { bindings: { COUNTERSIGN_KEY: KEY, COUNTERSIGN_REQUIRE: 'verified' } },
      none: { bindings: { COUNTERSIGN_KEY: KEY, COUNTERSIGN_REQUIRE: 'none' } },
      empty: {
        bindings: {
          COUNTERSIGN_KEY: KEY,
          COUNTERSIGN_REQUIRE: '',
          COUNTERSIGN_FORWARD_CERT: '',
          COUNTERSIGN_NAMES: '',
          COUNTERSIGN_REQUIRE_ACCESS: '',
          OTHER_VARIABLE: 'of a larger Worker',
        },
      },
      ...Object.fromEntries(bad),
    })
  }, 30_000)
  afterAll(() => edge[Symbol.asyncDispose]())

  function expectRefusal({ response, received }: Exchange, status: number, code: string): void {
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    expect(response.json()).toEqual({
      statusCode: status,
      code,
      error: status === 500 ? 'Internal Server Error' : 'Forbidden',
      message: expect.stringMatching(/^The |^A /),
    })
    expect(received).toBeUndefined()
  }

  it.each(Object.entries(BAD_BINDINGS))(
    'answers 500 and logs the code, when the set-up has %s',
    async (name, [code]) => {
      const forwarded = edge.origin.received.length
      const exchange = await edge.send({ worker: workerName(name), cf: { tlsClientAuth: VERIFIED } })
      expectRefusal(exchange, 500, code)

      const lines = await exchange.lines()
      const cert = { fingerprint256: VERIFIED.certFingerprintSHA256, serial: VERIFIED.certSerial }
      expect(lines.map((line) => JSON.parse(line))).toEqual([
        {
          level: 'error',
          code,
          reason: expect.any(String),
          method: 'GET',
          host: 'app.example.com',
          path: '/',
          ray: expect.any(String),
          ...cert,
        },
      ])
      for (const material of KEY_MATERIAL) expect(lines.join() + exchange.response.body).not.toContain(material)
      expect(edge.origin.received).toHaveLength(forwarded)
    },
  )

  it.each([
    ['no key', 'the key is missing; store one with `wrangler secret put COUNTERSIGN_KEY`'],
    ['another COUNTERSIGN_REQUIRE', 'COUNTERSIGN_REQUIRE must be "none" or "verified"'],
    [
      'a mistyped binding',
      'unknown binding COUNTERSIGN_REQUIRE_ACCES; known bindings are COUNTERSIGN_KEY, COUNTERSIGN_FORWARD_CERT, COUNTERSIGN_REQUIRE, COUNTERSIGN_REQUIRE_ACCESS, COUNTERSIGN_NAMES, COUNTERSIGN_ORIGIN',
    ],
  ])('logs the remedy of %s, for each request', async (name, reason) => {
    for (let sent = 0; sent < 2; sent += 1) {
      const exchange = await edge.send({ worker: workerName(name) })
      const [line = ''] = await exchange.lines()
      expect(JSON.parse(line).reason).toBe(reason)
    }
  })

  it.each([
    ['no request.cf', undefined],
    ['no certificate', PLACEHOLDER],
    ['a failed certificate', { ...VERIFIED, certVerified: 'FAILED:self signed certificate' }],
    ['an expired certificate', { ...VERIFIED, certVerified: 'FAILED:certificate has expired' }],
    ['a verdict without a certificate', { ...VERIFIED, certPresented: '0' }],
    ['no verdict', { ...VERIFIED, certVerified: '' }],
    ['a verdict in other words', { ...VERIFIED, certVerified: 'success' }],
  ])('refuses %s at the edge, when it requires a verified one', async (_, tlsClientAuth) => {
    expectRefusal(await edge.send({ worker: 'verified', cf: { tlsClientAuth } }), 403, 'CSN_CERT_UNVERIFIED')
  })

  it.each(['1', '', 'false', undefined])(
    'refuses a certificate whose certRevoked is %j at the edge, when it requires a verified one',
    async (certRevoked) => {
      const exchange = await edge.send({ worker: 'verified', cf: { tlsClientAuth: { ...VERIFIED, certRevoked } } })
      expectRefusal(exchange, 403, 'CSN_CERT_REVOKED')
    },
  )

  it('forwards a verified certificate, when it requires one', async () => {
    const request = await edge.forward({ worker: 'verified', cf: { tlsClientAuth: VERIFIED } })
    expect(verifyByHand(request, hmacJwk).valid).toBe(true)
  })

  it.each(['none', 'empty'])(
    'forwards a request without a certificate, when COUNTERSIGN_REQUIRE is %s',
    async (worker) => {
      const request = await edge.forward({ worker, cf: { tlsClientAuth: PLACEHOLDER } })
      expect(request.header('x-cert-verify')).toBe('NONE')
      expect(verifyByHand(request, hmacJwk).valid).toBe(true)
    },
  )

  it('cannot be talked into it by headers', async () => {
    const headers = [
      ['X-CERT-PRESENTED', '1'],
      ['X-CERT-VERIFY', 'SUCCESS'],
      ['X-CERT-REVOKED', '0'],
    ] as const
    expectRefusal(await edge.send({ worker: 'verified', headers }), 403, 'CSN_CERT_UNVERIFIED')
  })
})

/** A browser's question whether it may send a request of another origin. */
const PREFLIGHT = [
  ['Origin', 'https://app.acme.example'],
  ['Access-Control-Request-Method', 'POST'],
] as const

describe('a CORS preflight, at a Worker that requires a verified certificate', () => {
  let edge: Edge
  beforeAll(async () => {
    edge = await startEdge({ verified: { bindings: { COUNTERSIGN_KEY: KEY, COUNTERSIGN_REQUIRE: 'verified' } } })
  }, 30_000)
  afterAll(() => edge[Symbol.asyncDispose]())

  it.each([
    ['the placeholder of Cloudflare', { tlsClientAuth: PLACEHOLDER }],
    ['no request.cf', undefined],
  ])('passes, signed as a request without a certificate: %s', async (_, cf) => {
    const headers = [...PREFLIGHT, ['X-CERT-VERIFY', 'SUCCESS'] as const]
    const request = await edge.forward({ method: 'OPTIONS', headers, cf })
    expect(request.method).toBe('OPTIONS')
    expect(request.header('origin')).toBe('https://app.acme.example')
    expect(request.header('x-cert-presented')).toBe('0')
    expect(request.header('x-cert-verify')).toBe('NONE')
    expect(verifyByHand(request, hmacJwk).valid).toBe(true)
  })

  it.each([
    ['another method', 'GET', PREFLIGHT, PLACEHOLDER],
    ['no Origin', 'OPTIONS', PREFLIGHT.slice(1), PLACEHOLDER],
    ['no Access-Control-Request-Method', 'OPTIONS', PREFLIGHT.slice(0, 1), PLACEHOLDER],
    ['a bad certificate', 'OPTIONS', PREFLIGHT, { ...VERIFIED, certVerified: 'FAILED:certificate has expired' }],
  ])('is refused with %s', async (_, method, headers, tlsClientAuth) => {
    const { response, received } = await edge.send({ method, headers, cf: { tlsClientAuth } })
    expect(response.json()).toMatchObject({ statusCode: 403, code: 'CSN_CERT_UNVERIFIED' })
    expect(received).toBeUndefined()
  })
})

function workerName(name: string): string {
  return name.replaceAll(' ', '-').toLowerCase()
}
