import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AUTHORITY } from '../test/support/edge-lines.ts'
import { EDGE_KEY, injectSigned, SIGNED_ONLY } from '../test/support/inject-signed.ts'
import type { CountersignPluginOptions } from './options.ts'
import { countersign } from './plugin.ts'

async function start(changes: Partial<CountersignPluginOptions> = {}) {
  const app = Fastify() as FastifyInstance
  onTestFinished(() => app.close())
  await app.register(countersign, {
    ...SIGNED_ONLY,
    ...changes,
  })
  app.get('/me', () => 'me')
  return app
}

describe('app.countersignHealth()', () => {
  it('is ok, with each part, each key and the versions', async () => {
    const app = await start()
    expect(app.countersignHealth()).toEqual({
      state: 'ok',
      mode: 'enforce',
      unenforcedRoutes: 0,
      parts: [{ part: 'replay memory', state: 'ok', name: 'the memory of nonces', used: 0 }],
      checks: ['edge signature', 'replay'],
      edgeKeys: [{ keyid: EDGE_KEY.jwk.kid, lastUsed: null }],
      versions: { origin: expect.stringMatching(/^\d+\.\d+\.\d+/), worker: null },
    })
  })

  it('has the last use of a key by a valid signature', async () => {
    const app = await start()
    await app.inject({ url: '/me', headers: { 'signature-input': 'countersign=()', signature: 'countersign=:AA==:' } })
    expect(app.countersignHealth().edgeKeys[0]?.lastUsed).toBeNull()
    const before = Date.now()
    await injectSigned(app, '/me')
    const { edgeKeys, versions } = app.countersignHealth()
    expect(Number(edgeKeys[0]?.lastUsed)).toBeGreaterThanOrEqual(before)
    expect(versions.worker).toBe('known')
  })

  it('is degraded with a memory that is nearly full, and failing with a full one', async () => {
    const app = await start({ edge: { keys: EDGE_KEY.jwk, hosts: [AUTHORITY], maxRemembered: 5 } })
    const states: string[] = []
    for (let request = 0; request < 5; request += 1) {
      await injectSigned(app, '/me')
      states.push(app.countersignHealth().state)
    }
    expect(states).toEqual(['ok', 'ok', 'ok', 'degraded', 'failing'])
    expect(app.countersignHealth().parts).toEqual([
      {
        part: 'replay memory',
        state: 'failing',
        name: 'the memory of nonces',
        reason: '100 % of edge.maxRemembered are in use',
        used: 1,
      },
    ])
  })

  it('has no part that the options do not have', async () => {
    const app = await start({ edge: { keys: EDGE_KEY.jwk, hosts: [AUTHORITY], replay: false } })
    expect(app.countersignHealth().parts).toEqual([])
  })
})
