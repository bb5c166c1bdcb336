import { AUDIENCE, ISSUER } from '@countersign/test-support/access-team'
import { createParties, type Parties } from '@countersign/test-support/parties'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { edgeLines } from '../test/support/edge-lines.ts'
import { expectRefusal } from '../test/support/expect-refusal.ts'
import { startFastifyOrigin } from '../test/support/fastify-origin.ts'
import type { EdgeOptions, ReplayStore } from './index.ts'

let parties: Parties
beforeAll(async () => {
  parties = await createParties()
})

/** The client that the guard, the handler and the error handler saw. */
const seen: string[] = []
const note = (where: string, { clientCert, access }: FastifyRequest) =>
  seen.push(`${where}: ${clientCert?.subject.CN ?? null}, ${access?.kind ?? null}`)

async function start(edge: Omit<Partial<EdgeOptions>, 'keys' | 'hosts'>) {
  seen.length = 0
  const { ca, access, cert, token, key } = parties
  const origin = await startFastifyOrigin(
    {
      plugin: {
        edge: { keys: key.jwk, hosts: null, ...edge },
        access: { issuer: ISSUER, audience: AUDIENCE, jwks: access.jwks },
        trustedIssuers: [ca.pem],
        policies: { watched: (_cert, request: FastifyRequest) => note('guard', request) > 0 },
      },
      routes,
    },
    { cert, token, key },
  )
  onTestFinished(() => origin.close())
  return origin
}

function routes(app: FastifyInstance): void {
  app.setErrorHandler((error, request) => {
    note('error', request)
    throw error
  })
  app.get('/me', { config: { clientCert: 'watched' } }, (request) => note('handler', request))
  app.get('/sales', { config: { clientCert: { subject: { OU: 'Sales' } } } }, () => 'sales')
  const hook = app.requireClientCert({ subject: { OU: 'Sales' } })
  app.get('/later', { onRequest: hook }, () => 'sales')
}

describe('a nonce', () => {
  it('is spent after the guard and before the handler', async () => {
    const { spend } = storeOf(new Set())
    const recording: ReplayStore['spend'] = (...asked) => {
      seen.push('spent')
      return spend(...asked)
    }
    const origin = await start({ replay: { spend: recording } })
    seen.length = 0
    expect((await origin.get('/me')).status).toBe(200)
    expect(seen).toEqual(['guard: pay-1, user', 'spent', 'handler: pay-1, user'])
  })

  it('is not spent by a request that a check or the guard refuses, which so takes no room in the memory', async () => {
    const origin = await start({ maxRemembered: 1 })
    const { token } = parties
    const forbidden = edgeLines('/sales', { cert: parties.cert, token, key: parties.key })
    for (let time = 0; time < 2; time += 1) {
      expect((await origin.send({ target: '/sales', lines: forbidden })).code).toBe('CSN_CERT_FORBIDDEN')
    }
    expect((await origin.get('/me', { cert: null })).code).toBe('CSN_CERT_MISSING')
    expect((await origin.get('/me', { token: `${token}A` })).code).toBe('CSN_ACCESS_TOKEN_INVALID')
    expect((await origin.get('/me', { changes: { 'x-cert-revoked': '1' } })).code).toBe('CSN_CERT_REVOKED')
    expect((await origin.get('/me')).status).toBe(200)
    expect((await origin.get('/me')).code).toBe('CSN_REPLAY_STORE_UNAVAILABLE')
  })

  it('is spent by a request that a later hook refuses', async () => {
    const origin = await start({})
    const lines = edgeLines('/later', { cert: parties.cert, token: parties.token, key: parties.key })
    expect((await origin.send({ target: '/later', lines })).code).toBe('CSN_CERT_FORBIDDEN')
    expect((await origin.send({ target: '/later', lines })).code).toBe('CSN_SIGNATURE_REPLAYED')
    expect(seen).toEqual(['error: pay-1, user', 'error: null, null'])
  })
})

describe('a replayed request', () => {
  it.each([{}, { replay: storeOf(new Set()) }])('has no proven client: %j', async (edge) => {
    const origin = await start(edge)
    const lines = edgeLines('/me', { cert: parties.cert, token: parties.token, key: parties.key })
    expect((await origin.send({ target: '/me', lines })).status).toBe(200)
    seen.length = 0
    const answer = await origin.send({ target: '/me', lines })
    expectRefusal(origin, answer, 'CSN_SIGNATURE_REPLAYED', 'the nonce was spent by an earlier request')
    expect(seen).toEqual(['guard: pay-1, user', 'error: null, null'])
  })

  it('is refused where another library has replaced the global Promise', async () => {
    const origin = await start({ replay: storeOf(new Set()) })
    const lines = edgeLines('/me', { cert: parties.cert, token: parties.token, key: parties.key })
    const { Promise: native } = globalThis
    // As zone.js and bluebird do: an async function still returns the native promise.
    globalThis.Promise = class extends native<unknown> {} as PromiseConstructor
    try {
      expect((await origin.send({ target: '/me', lines })).status).toBe(200)
      expect((await origin.send({ target: '/me', lines })).code).toBe('CSN_SIGNATURE_REPLAYED')
    } finally {
      globalThis.Promise = native
    }
  })
})

/** A store as `redisReplayStore` is one. */
function storeOf(spent: Set<string>): ReplayStore {
  return {
    async spend(nonce) {
      const isFresh = !spent.has(nonce)
      spent.add(nonce)
      return isFresh
    },
  }
}
