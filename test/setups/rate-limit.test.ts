import countersign, { type CountersignPluginOptions, clientCertOf } from '@countersign/origin-plugin'
import rateLimit, { type RateLimitPluginOptions } from '@fastify/rate-limit'
import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
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
