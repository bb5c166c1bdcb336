import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AccessEdge, startAccessEdge } from '../test/support/access-edge.ts'
import { PLACEHOLDER, VERIFIED } from '../test/support/cloudflare-values.ts'
import { verifyByHand } from '../test/support/verify-by-hand.ts'

const { jwk } = hmacKey()
const COUNTERSIGN_KEY = JSON.stringify(jwk)
const AUDIENCE = '4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2'
const OTHER = AUDIENCE.replace('4', '5')

const OWN = `
import { createWorker } from '@countersign/worker'
export default createWorker((env, ctx) => ({
  key: env.COUNTERSIGN_KEY,
  require: { access: env.AUDIENCE },
  forwardCert: ctx.access?.aud === env.AUDIENCE ? 'none' : 'leaf',
}))`

const verified = { tlsClientAuth: VERIFIED }
const none = { tlsClientAuth: PLACEHOLDER }
const PREFLIGHT = [
  ['Origin', 'https://app.acme.example'],
  ['Access-Control-Request-Method', 'POST'],
] as const

describe('a Worker that requires Access', () => {
  let edge: AccessEdge
  beforeAll(async () => {
    edge = await startAccessEdge({
      access: { bindings: { COUNTERSIGN_KEY, COUNTERSIGN_REQUIRE_ACCESS: AUDIENCE } },
      both: { bindings: { COUNTERSIGN_KEY, COUNTERSIGN_REQUIRE_ACCESS: AUDIENCE, COUNTERSIGN_REQUIRE: 'verified' } },
      empty: { bindings: { COUNTERSIGN_KEY, COUNTERSIGN_REQUIRE_ACCESS: '' } },
      own: { bindings: { COUNTERSIGN_KEY, AUDIENCE }, source: OWN },
    })
  }, 30_000)
  afterAll(() => edge[Symbol.asyncDispose]())

  async function expectForwarded(request: Parameters<AccessEdge['send']>[0]) {
    const before = edge.origin.received.length
    expect(await edge.send(request)).toMatchObject({ status: 200 })
    expect(edge.origin.received.length).toBe(before + 1)
    const received = edge.origin.received.at(-1)
    if (!received) throw new Error('unreachable')
    const { valid, covered } = verifyByHand(received, jwk)
    expect(valid).toBe(true)
    return { received, covered }
  }

  /** Expects 403 and one line in the log, of which it returns the reason. */
  async function expectRefused(request: Parameters<AccessEdge['send']>[0], code: string, message: string) {
    const before = edge.origin.received.length
    const answer = await edge.send(request)
    expect(answer.status).toBe(403)
    expect(answer.headers.get('cache-control')).toBe('private, no-store')
    expect(answer.json()).toEqual({ statusCode: 403, code, error: 'Forbidden', message })
    expect(edge.origin.received.length).toBe(before)
    const lines = (await answer.lines()).map((line) => JSON.parse(line))
    expect(lines).toEqual([expect.objectContaining({ level: 'warn', code })])
    return lines[0]?.['reason']
  }

  const expectNoAccess = (request: Parameters<AccessEdge['send']>[0]) =>
    expectRefused(request, 'CSN_ACCESS_REQUIRED', 'A login with Cloudflare Access is required')

  it.each(['access', 'both', 'own'])('forwards a request that the application admitted: %s', async (worker) => {
    const { received, covered } = await expectForwarded({ worker, audience: AUDIENCE, cf: verified })
    expect(received.header('x-cert-verify')).toBe('SUCCESS')
    expect(covered.includes('client-cert')).toBe(worker !== 'own')
  })

  it('leaves the certificate to the origin, if it requires Access alone', async () => {
    const { received } = await expectForwarded({ worker: 'access', audience: AUDIENCE, cf: none })
    expect(received.header('x-cert-presented')).toBe('0')
  })

  it.each(['access', 'both', 'own'])('refuses a request that passed no application: %s', async (worker) => {
    const headers = [['Cf-Access-Jwt-Assertion', 'a.stolen.token']] as const
    expect(await expectNoAccess({ worker, cf: verified, headers })).toBe(
      'ctx.access is missing: no Access application admitted the request to this Worker',
    )
  })

  it.each(['access', 'both'])('refuses a request that passed another application: %s', async (worker) => {
    expect(await expectNoAccess({ worker, cf: verified, audience: OTHER })).toBe(
      `ctx.access.aud is "${OTHER}" and not "${AUDIENCE}"`,
    )
  })

  it('refuses an admitted request without a verified certificate, if it requires both', async () => {
    const refused = await expectRefused(
      { worker: 'both', audience: AUDIENCE, cf: none },
      'CSN_CERT_UNVERIFIED',
      'A verified client certificate is required',
    )
    expect(refused).toBe('the client did not present a certificate')
  })

  it.each(['access', 'both'])('passes a preflight without a certificate, signed as such: %s', async (worker) => {
    const { received } = await expectForwarded({ worker, method: 'OPTIONS', headers: PREFLIGHT, cf: none })
    expect(received.method).toBe('OPTIONS')
    expect(received.header('x-cert-presented')).toBe('0')
  })

  it.each([
    ['with a certificate', 'OPTIONS', PREFLIGHT, verified],
    ['without an Origin', 'OPTIONS', PREFLIGHT.slice(1), none],
    ['without a method', 'OPTIONS', PREFLIGHT.slice(0, 1), none],
    ['that is a GET', 'GET', PREFLIGHT, none],
  ])('refuses a preflight %s', async (_, method, headers, cf) => {
    await expectNoAccess({ worker: 'access', method, headers, cf })
  })

  it('requires nothing for an empty variable', async () => {
    await expectForwarded({ worker: 'empty', cf: none })
  })
})
