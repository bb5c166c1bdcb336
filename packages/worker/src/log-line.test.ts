import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PLACEHOLDER, VERIFIED } from '../test/support/cloudflare-values.ts'
import { type ClientMessage, type Edge, startEdge } from '../test/support/edge.ts'

const { jwk } = hmacKey()
const COUNTERSIGN_KEY = JSON.stringify(jwk)

/** The ray of a request without a `CF-Ray` of its own. */
const ray = expect.stringMatching(/^ray-\d+$/)
const CERT = { fingerprint256: VERIFIED.certFingerprintSHA256, serial: VERIFIED.certSerial }
const TOO_LARGE = { ...VERIFIED, certRFC9440: '', certRFC9440TooLarge: true }
const BOTH_TOO_LARGE = { ...TOO_LARGE, certChainRFC9440: '', certChainRFC9440TooLarge: true }
const LEAF_REASON = 'Client-Cert is missing: Cloudflare does not forward a certificate above 10 KiB'
const CHAIN_REASON = 'Client-Cert-Chain is missing: Cloudflare does not forward intermediates above 16 KiB'

describe("the Worker's log", () => {
  let edge: Edge
  beforeAll(async () => {
    edge = await startEdge({
      verified: { bindings: { COUNTERSIGN_KEY, COUNTERSIGN_REQUIRE: 'verified' } },
      chain: { bindings: { COUNTERSIGN_KEY, COUNTERSIGN_FORWARD_CERT: 'chain' } },
      none: { bindings: { COUNTERSIGN_KEY, COUNTERSIGN_FORWARD_CERT: 'none' } },
      keyless: {},
    })
  }, 30_000)
  afterAll(() => edge[Symbol.asyncDispose]())

  /** The lines of one request. A request to a Worker without a key ends them, because its line always comes. */
  async function linesOf(request: ClientMessage): Promise<unknown[]> {
    const { lines } = await edge.send(request)
    await (await edge.send({ worker: 'keyless' })).lines()
    return (await lines(0)).map((line) => JSON.parse(line))
  }

  it('has one line for a refused request, with its host, path, CF-Ray and certificate', async () => {
    const request: ClientMessage = {
      worker: 'verified',
      method: 'DELETE',
      target: '/accounts/%0A7?token=secret',
      headers: [
        ['CF-Ray', '8f3b2c-DEV'],
        ['Cf-Access-Jwt-Assertion', 'a.secret.token'],
        ['Authorization', 'Bearer secret'],
      ],
      cf: { tlsClientAuth: { ...VERIFIED, certVerified: 'FAILED:certificate has expired' } },
    }
    expect(await linesOf(request)).toEqual([
      {
        level: 'warn',
        code: 'CSN_CERT_UNVERIFIED',
        reason: `Cloudflare's verdict on the certificate is "FAILED:certificate has expired"`,
        method: 'DELETE',
        host: 'app.example.com',
        path: '/accounts/%0A7',
        ray: '8f3b2c-DEV',
        ...CERT,
      },
    ])
  })

  it('names no certificate of a client without one', async () => {
    const tlsClientAuth = { ...PLACEHOLDER, certSerial: '01', certFingerprintSHA256: 'ab' }
    expect(await linesOf({ worker: 'verified', cf: { tlsClientAuth } })).toEqual([
      {
        level: 'warn',
        code: 'CSN_CERT_UNVERIFIED',
        reason: 'the client did not present a certificate',
        method: 'GET',
        host: 'app.example.com',
        path: '/',
        ray,
      },
    ])
  })

  it('has no host and path for a URL that cannot be parsed', async () => {
    const refused = { level: 'warn', code: 'CSN_CERT_UNVERIFIED', reason: expect.any(String), method: 'GET', ray }
    expect(await linesOf({ worker: 'verified', authority: 'xn--a' })).toEqual([refused])
    const failed = {
      level: 'error',
      code: 'CSN_WORKER_FAILED',
      reason: expect.stringMatching(/^TypeError at /),
      method: 'GET',
      ray,
    }
    expect(await linesOf({ worker: 'none', authority: 'xn--a' })).toEqual([failed])
  })

  it('tells the flag of a revoked certificate', async () => {
    const tlsClientAuth = { ...VERIFIED, certRevoked: '1' }
    expect(await linesOf({ worker: 'verified', cf: { tlsClientAuth } })).toEqual([
      expect.objectContaining({ code: 'CSN_CERT_REVOKED', reason: `Cloudflare's flag certRevoked is "1"`, ...CERT }),
    ])
  })

  it.each([
    ['a leaf', 'verified', TOO_LARGE, [LEAF_REASON]],
    ['leaf and chain', 'chain', BOTH_TOO_LARGE, [LEAF_REASON, CHAIN_REASON]],
    ['a chain that the Worker would not forward', 'verified', BOTH_TOO_LARGE, [LEAF_REASON]],
    ['a certificate that the Worker would not forward', 'none', BOTH_TOO_LARGE, []],
    ['a certificate that it forwards', 'chain', VERIFIED, []],
  ])('tells a certificate that was too large to forward: %s', async (_, worker, tlsClientAuth, reasons) => {
    const before = edge.origin.received.length
    const place = { method: 'GET', host: 'app.example.com', path: '/a', ray }
    expect(await linesOf({ worker, target: '/a?b', cf: { tlsClientAuth } })).toEqual(
      reasons.map((reason) => ({ level: 'warn', reason, ...place, ...CERT })),
    )
    expect(edge.origin.received.length).toBe(before + 1)
  })

  it('has no line for a forwarded request', async () => {
    expect(await linesOf({ worker: 'verified', cf: { tlsClientAuth: VERIFIED } })).toEqual([])
  })
})
