import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTestEdge } from '@countersign/dev-edge/testing'
import type { FastifyInstance } from 'fastify'
import { build } from 'fastify-cli/helper.js'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

const alice = { subject: 'CN=alice,OU=Ops,O=Acme' }
const bob = { subject: 'CN=bob,OU=Sales,O=Acme' }
const carol = { subject: 'CN=carol,OU=Ops,O=Acme' }

const edge = await createTestEdge()

/** Starts the application of a folder, as `fastify start` does. */
function start(folder: string): Promise<FastifyInstance> {
  return build(['--log-level', 'silent', join(folder, 'app.ts')], { proofs: edge.options })
}

let app: FastifyInstance
beforeAll(async () => {
  app = await start(import.meta.dirname)
})
afterAll(() => app.close())

describe('the routes', () => {
  it('need a verified certificate, and are public if their config has it', async () => {
    expect((await edge.inject(app, { url: '/me', cert: bob })).json()).toEqual({ name: 'bob' })
    expect((await edge.inject(app, { url: '/me' })).json()).toMatchObject({ code: 'CSN_CERT_MISSING' })
    expect((await app.inject('/healthz')).json()).toEqual({ ok: true })
  })

  it('of a folder have the requirement of its autohooks', async () => {
    const post = { method: 'POST', url: '/jobs', payload: { name: 'backup' } } as const
    const refused = await edge.inject(app, { ...post, cert: bob })
    expect([refused.statusCode, refused.json().code]).toEqual([403, 'CSN_CERT_FORBIDDEN'])
    const added = await edge.inject(app, { ...post, cert: carol })
    expect([added.statusCode, added.json()]).toEqual([201, { name: 'backup', owner: 'carol' }])
    expect((await edge.inject(app, { url: '/jobs', cert: bob })).statusCode).toBe(403)
    expect((await edge.inject(app, { url: '/jobs/', cert: bob })).statusCode).toBe(403)
    expect((await edge.inject(app, { method: 'HEAD', url: '/jobs', cert: bob })).statusCode).toBe(403)
    expect((await edge.inject(app, { url: '/jobs', cert: alice })).json()).toEqual([{ name: 'backup', owner: 'carol' }])
  })

  it('of a folder inside have it too', async () => {
    expect((await edge.inject(app, { url: '/jobs/archive', cert: bob })).statusCode).toBe(403)
    expect((await edge.inject(app, { url: '/jobs/archive', cert: alice })).json()).toEqual([])
  })

  it('of a folder can have a requirement of their own', async () => {
    const statusFor = async (cert: { readonly subject: string }) =>
      (await edge.inject(app, { method: 'DELETE', url: '/jobs', cert })).statusCode
    expect(await statusFor(carol)).toBe(403)
    expect(await statusFor(alice)).toBe(204)
  })

  it('validate the body of an admitted request only', async () => {
    const post = { method: 'POST', url: '/jobs', payload: { name: '' } } as const
    expect((await edge.inject(app, { ...post, cert: bob })).statusCode).toBe(403)
    expect((await edge.inject(app, { ...post, cert: carol })).json().code).toBe('FST_ERR_VALIDATION')
  })

  it('that do not exist need a certificate too', async () => {
    expect((await app.inject('/nowhere')).json()).toMatchObject({ code: 'CSN_SIGNATURE_MISSING' })
    const response = await edge.inject(app, { url: '/nowhere', cert: bob })
    expect([response.statusCode, response.headers['cache-control']]).toEqual([404, 'private, no-store'])
  })
})

describe('the file cors.ts', () => {
  it('answers preflights without a certificate', async () => {
    const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' }
    const response = await app.inject({ method: 'OPTIONS', url: '/jobs', headers })
    expect([response.statusCode, response.headers['access-control-allow-origin']]).toEqual([
      204,
      'https://app.example.com',
    ])
  })
})

describe('the application does not start', () => {
  /** Starts a copy of the application, with a text of one file replaced. An empty text is that of a new file. */
  async function startChanged(file: string, text: string, replacement: string): Promise<FastifyInstance> {
    const folder = mkdtempSync(join(import.meta.dirname, '.app-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    for (const name of ['app.ts', 'package.json', 'plugins', 'routes']) {
      cpSync(join(import.meta.dirname, name), join(folder, name), { recursive: true })
    }
    const path = join(folder, file)
    const before = text === '' ? '' : readFileSync(path, 'utf8')
    expect(before).toContain(text)
    writeFileSync(path, before.replace(text, replacement))
    return start(folder)
  }

  it.each([
    [
      'with a plugin file that autoload skips, because it has no default export',
      ['plugins/countersign.ts', 'export default fp(', 'export const plugin = fp('],
      /^The dependency 'countersign' of plugin 'cors' is not registered/,
    ],
    [
      'with an index in the folder of plugins',
      ['plugins/index.ts', '', 'export default async () => {}'],
      /^plugins\/countersign\.ts was not loaded, .*; export its plugin by default, and remove plugins\/index\.ts$/,
    ],
    [
      'with a plugin file without fastify-plugin',
      ['plugins/countersign.ts', "fp(registerCountersign, { name: 'countersign' })", 'registerCountersign'],
      /^The dependency 'countersign' of plugin 'cors' is not registered/,
    ],
    [
      'with a plugin file without a name',
      ['plugins/countersign.ts', ", { name: 'countersign' }", ''],
      /^The dependency 'countersign' of plugin 'cors' is not registered/,
    ],
    [
      'with a plugin that comes before countersign',
      ['plugins/cors.ts', ", dependencies: ['countersign']", ''],
      /^onRequest hooks run in front of countersign, .* register countersign before their plugins, or write hooksInFront: \["handleCors"\]/,
    ],
    [
      'with an unknown policy',
      ['routes/jobs/autohooks.ts', "clientCert: 'ops'", "clientCert: 'opps'"],
      /^GET \/jobs: config\.clientCert: unknown policy "opps"; known policies are ops$/,
    ],
  ] as const)('%s', async (_case, [file, text, replacement], message) => {
    await expect(startChanged(file, text, replacement)).rejects.toThrow(message)
  })
})
