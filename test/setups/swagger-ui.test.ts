import countersign, { type CountersignPluginOptions } from '@countersign/origin-plugin'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { startSetup } from '../support/setup.ts'

/** Every url of the documentation: its page, its redirect, the description in two formats, and its scripts. */
const URLS = [
  '/documentation/',
  '/documentation',
  '/documentation/json',
  '/documentation/yaml',
  '/documentation/static/swagger-ui.css',
]

/** The order of their READMEs: both plugins, then the routes. */
async function build(options: CountersignPluginOptions, order: 'plugin first' | 'swagger first' = 'plugin first') {
  const app = Fastify()
  const registerSwagger = async () => {
    await app.register(swagger, { openapi: { info: { title: 'Acme', version: '1' } } })
    await app.register(swaggerUi, { routePrefix: '/documentation' })
  }
  if (order === 'swagger first') await registerSwagger()
  await app.register(countersign, options)
  if (order === 'plugin first') await registerSwagger()
  app.get('/ops', { config: { clientCert: 'ops' }, schema: { summary: 'For Ops' } }, () => 'ops')
  return app
}

describe('@fastify/swagger and @fastify/swagger-ui', () => {
  it('show the documentation to any verified certificate by default', async () => {
    const { send, statuses } = await startSetup((options) => build(options))
    for (const url of URLS) expect(await statuses(url), url).toEqual([401, 200, 200])
    expect(await statuses('/ops')).toEqual([401, 403, 200])
    expect(JSON.parse((await send('/documentation/json')).body).paths['/ops'].get.summary).toBe('For Ops')
  })

  it.each([
    ['a policy', 'ops', [401, 403, 200]],
    ['false', false, [200, 200, 200]],
  ] as const)('show it as a rule with %s requires', async (_, clientCert, expected) => {
    const routes = [{ url: '/documentation/*', clientCert }]
    const { statuses } = await startSetup((options) => build({ ...options, routes }))
    for (const url of URLS) expect(await statuses(url), url).toEqual(expected)
    expect(await statuses('/ops')).toEqual([401, 403, 200])
  })

  it('do not start before countersign, and say what to write', async () => {
    await expect(startSetup((options) => build(options, 'swagger first'))).rejects.toThrow(
      /^GET \/documentation\S* was registered before countersign .* or cover it with a rule of the option routes$/,
    )
    const routes = [{ url: '/documentation/*', clientCert: 'ops' }]
    const { statuses } = await startSetup((options) => build({ ...options, routes }, 'swagger first'))
    for (const url of URLS) expect(await statuses(url), url).toEqual([401, 403, 200])
  })
})
