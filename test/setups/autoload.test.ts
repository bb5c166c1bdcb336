import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import countersign, { type CountersignPluginOptions } from '@countersign/origin-plugin'
import type { FastifyInstance } from 'fastify'
import { build } from 'fastify-cli/helper.js'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ROOT } from '../support/files.ts'
import { startSetup } from '../support/setup.ts'

/** The files of an application that fastify-cli generates, with countersign as a plugin. */
const APP = {
  'package.json': '{ "type": "module" }',
  'app.js': `
    import path from 'node:path'
    import AutoLoad from '@fastify/autoload'
    export default async function (fastify, opts) {
      fastify.register(AutoLoad, { dir: path.join(import.meta.dirname, 'plugins'), options: Object.assign({}, opts) })
      fastify.register(AutoLoad, { dir: path.join(import.meta.dirname, 'routes'), options: Object.assign({}, opts) })
    }`,
  // The options come from the test. An application imports countersign here.
  'plugins/countersign.js': `
    import fp from 'fastify-plugin'
    export default fp((fastify, { countersign, options }) => fastify.register(countersign, options), { name: 'countersign' })`,
  'routes/root.js': `
    export default async (fastify) => void fastify.get('/', { config: { clientCert: false } }, async () => 'root')`,
  'routes/ops/index.js': `
    export default async (fastify) => void fastify.get('/', { config: { clientCert: 'ops' } }, async () => 'ops')`,
}

const CORS = "import cors from '@fastify/cors'; import fp from 'fastify-plugin';"

/** Starts the application as fastify-cli does, with some files changed. */
async function start(files: Record<string, string>, options: CountersignPluginOptions): Promise<FastifyInstance> {
  const folder = mkdtempSync(join(ROOT, 'test/setups/.app-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries({ ...APP, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return await build(['--log-level', 'silent', join(folder, 'app.js')], { countersign, options })
}

describe('@fastify/autoload and fastify-cli', () => {
  it('guard the routes of other files, with countersign in a file that is wrapped with fastify-plugin', async () => {
    const { statuses } = await startSetup((options) => start({}, options))
    expect(await statuses('/')).toEqual([200, 200, 200])
    expect(await statuses('/ops')).toEqual([401, 403, 200])
    expect(await statuses('/unknown')).toEqual([401, 404, 404])
  })

  it('do not start with a file that is not wrapped, and say what to write', async () => {
    const bare = {
      'plugins/countersign.js':
        'export default async (fastify, opts) => fastify.register(opts.countersign, opts.options)',
    }
    await expect(startSetup((options) => start(bare, options))).rejects.toThrow(
      /^(?:countersign is registered in a scope without routes and protects nothing|GET \/\S* has config.clientCert outside of the scope of countersign).*; wrap the plugin that registers (?:it|countersign) with fastify-plugin/,
    )
  })

  it('load the files by name, so that a plugin before countersign is an error unless it depends on countersign', async () => {
    const routes = [{ method: 'OPTIONS', url: '*', clientCert: false as const }]
    const early = {
      'plugins/a-cors.js': `${CORS} export default fp((fastify) => fastify.register(cors), { name: 'a-cors' })`,
    }
    await expect(startSetup((options) => start(early, { ...options, routes }))).rejects.toThrow('handleCors')

    const later = {
      'plugins/a-cors.js': `${CORS} export default fp((fastify) => fastify.register(cors), { name: 'a-cors', dependencies: ['countersign'] })`,
    }
    const { send, statuses } = await startSetup((options) => start(later, { ...options, routes }))
    expect(await statuses('/ops')).toEqual([401, 403, 200])
    const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' }
    expect((await send('/ops', { method: 'OPTIONS', signed: false, headers })).status).toBe(204)
  })
})
