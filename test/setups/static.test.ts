import { fileURLToPath } from 'node:url'
import countersign, { type CountersignPluginOptions } from '@countersign/origin-plugin'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { startSetup } from '../support/setup.ts'

/** This folder. */
const root = fileURLToPath(new URL('.', import.meta.url))
const FILE = '/files/static.test.ts'

async function build(options: CountersignPluginOptions, order: 'plugin first' | 'files first' = 'plugin first') {
  const app = Fastify()
  const files = { root, prefix: '/files/', cacheControl: false }
  if (order === 'files first') await app.register(fastifyStatic, files)
  await app.register(countersign, options)
  if (order === 'plugin first') await app.register(fastifyStatic, files)
  app.get('/report', { config: { clientCert: 'ops' } }, (_request, reply) => reply.sendFile('static.test.ts'))
  return app
}

describe('@fastify/static', () => {
  it('after countersign, sends files to verified clients, and keeps them out of shared caches', async () => {
    const { send, statuses } = await startSetup((options) => build(options))
    expect(await statuses(FILE)).toEqual([401, 200, 200])
    expect(await statuses(FILE, { method: 'HEAD' })).toEqual([401, 200, 200])
    expect(await statuses('/files/unknown')).toEqual([401, 404, 404])
    expect(await statuses('/report')).toEqual([401, 403, 200])
    for (const url of [FILE, '/report']) {
      expect((await send(url)).headers['cache-control'], url).toBe('private, no-store')
    }
  })

  it('needs cacheControl: false, because by default it lets shared caches keep guarded files', async () => {
    const { send } = await startSetup(async (options) => {
      const app = Fastify()
      await app.register(countersign, options)
      await app.register(fastifyStatic, { root, prefix: '/files/' })
      return app
    })
    expect((await send(FILE)).headers['cache-control']).toBe('public, max-age=0')
  })

  it('sends files as a rule requires', async () => {
    for (const [clientCert, expected] of [
      ['ops', [401, 403, 200]],
      [false, [200, 200, 200]],
    ] as const) {
      const routes = [{ url: '/files/*', clientCert }]
      const { statuses } = await startSetup((options) => build({ ...options, routes }))
      expect(await statuses(FILE)).toEqual(expected)
      expect(await statuses('/report')).toEqual([401, 403, 200])
    }
  })

  it('does not start before countersign, and says what to write', async () => {
    await expect(startSetup((options) => build(options, 'files first'))).rejects.toThrow(
      /^HEAD \/files\/\* was registered before countersign .* or cover it with a rule of the option routes$/,
    )
    const routes = [{ url: '/files/*', clientCert: 'ops' }]
    const { statuses } = await startSetup((options) => build({ ...options, routes }, 'files first'))
    expect(await statuses(FILE)).toEqual([401, 403, 200])
  })
})
