import { BlockList } from 'node:net'
import countersign, { type CountersignPluginOptions, clientCertOf } from '@countersign/origin-plugin'
import rateLimit, { type RateLimitPluginOptions } from '@fastify/rate-limit'
import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { readText } from '../support/files.ts'
import { limitRates } from '../support/limit-rates.ts'
import { OPS, startSetup } from '../support/setup.ts'

const OTHER = { subject: 'CN=pay-3,OU=Ops,O=Acme' }

async function build(
  options: CountersignPluginOptions,
  order: 'plugin first' | 'limit first',
  limit: RateLimitPluginOptions,
) {
  const app = Fastify()
  if (order === 'limit first') await app.register(rateLimit, { max: 2, ...limit })
  await app.register(countersign, options)
  if (order === 'plugin first') await app.register(rateLimit, { max: 2, ...limit })
  app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
  return app
}

describe('@fastify/rate-limit', () => {
  it.each(['plugin first', 'limit first'] as const)(
    'with the %s, counts admitted requests only, so that no stranger uses up a limit',
    async (order) => {
      const { send } = await startSetup((options) => build(options, order, {}))
      const statuses: number[] = []
      for (const cert of [null, OPS, null, OPS, null, OPS, null]) statuses.push((await send('/ops', { cert })).status)
      expect(statuses).toEqual([401, 200, 401, 200, 401, 429, 401])
    },
  )

  it('can count by certificate', async () => {
    const byCertificate: RateLimitPluginOptions = { keyGenerator: (request) => clientCertOf(request).fingerprint256 }
    const { send } = await startSetup((options) => build(options, 'plugin first', byCertificate))
    const statuses: number[] = []
    for (const cert of [OPS, OPS, OPS, OTHER, OTHER, OTHER]) statuses.push((await send('/ops', { cert })).status)
    expect(statuses).toEqual([200, 200, 429, 200, 200, 429])
  })
})

describe('the recipe for rate limits', () => {
  const edges = new BlockList()
  edges.addAddress('127.0.0.1')

  const start = (limits: { perAddress: number; perClient: number }) =>
    startSetup(async (options) => {
      const app = Fastify()
      await limitRates(app, { edges, ...limits })
      await app.register(countersign, {
        ...options,
        routes: [{ url: '/public', clientCert: false }],
        hooksInFront: ['limitAddress'],
      })
      app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
      app.get('/public', () => 'public')
      return app
    })
  const by = (connecting: string) => ({ connecting })

  it('is the function of docs/recipes.md', () => {
    expect(readText('docs/recipes.md')).toContain(readText('test/support/limit-rates.ts'))
  })

  it('limits a flood of refused requests by its address, and nobody else', async () => {
    const { send } = await start({ perAddress: 2, perClient: 100 })
    const [attacker, client] = [{ cert: null, ...by('203.0.113.7') }, by('203.0.113.8')]
    const statuses: number[] = []
    for (const request of [attacker, attacker, attacker, client, attacker]) {
      statuses.push((await send('/ops', request)).status)
    }
    expect(statuses).toEqual([401, 401, 429, 200, 429])
    const { headers, body } = await send('/ops', attacker)
    expect([Number(headers['retry-after']) > 0, JSON.parse(body)]).toEqual([
      true,
      { statusCode: 429, error: 'Too Many Requests' },
    ])
  })

  it('limits each client by its certificate, in the same request', async () => {
    const { send } = await start({ perAddress: 5, perClient: 2 })
    const statuses: number[] = []
    for (const cert of [OPS, OPS, OPS, OTHER, OTHER, OTHER]) {
      statuses.push((await send('/ops', { cert, ...by('203.0.113.7') })).status)
    }
    expect(statuses).toEqual([200, 200, 429, 200, 200, 429])
    expect((await send('/ops', { cert: OPS, ...by('203.0.113.9') })).status).toBe(429)
    expect((await send('/ops', { cert: { subject: 'CN=pay-4,OU=Ops' }, ...by('203.0.113.7') })).status).toBe(429)
  })

  it('limits a public route by address', async () => {
    const { send } = await start({ perAddress: 100, perClient: 1 })
    const statuses: number[] = []
    for (const address of ['203.0.113.7', '203.0.113.7', '203.0.113.8']) {
      statuses.push((await send('/public', { signed: false, ...by(address) })).status)
    }
    expect(statuses).toEqual([200, 429, 200])
  })

  it('believes no address of a client around Cloudflare', async () => {
    const { send } = await start({ perAddress: 2, perClient: 100 })
    const around = { signed: false, from: '127.0.0.2' }
    const statuses: number[] = []
    // Another address each time, and that of a victim.
    for (const address of ['203.0.113.1', '203.0.113.2', '203.0.113.7', '203.0.113.7']) {
      statuses.push((await send('/ops', { ...around, ...by(address) })).status)
    }
    expect(statuses).toEqual([401, 401, 429, 429])
    expect((await send('/ops', by('203.0.113.7'))).status).toBe(200)
  })

  it.each([
    ['no address', ['not an address', 'another text', '203.0.113.7, 203.0.113.8'], [401, 401, 429]],
    ['addresses of one IPv6 network', ['2001:db8::1', '2001:db8::2', '2001:db8::3'], [401, 401, 429]],
    ['addresses of three networks', ['2001:db8::1', '2001:db8:0:1::1', '203.0.113.7'], [401, 401, 401]],
  ])('counts %s', async (_, addresses, expected) => {
    const { send } = await start({ perAddress: 2, perClient: 100 })
    const statuses: number[] = []
    for (const address of addresses) statuses.push((await send('/ops', { cert: null, ...by(address) })).status)
    expect(statuses).toEqual(expected)
  })
})
