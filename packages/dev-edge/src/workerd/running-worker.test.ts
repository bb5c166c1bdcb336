import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { startServer } from '@countersign/test-support/local-server'
import { startRecordingOrigin } from '@countersign/test-support/recording-origin'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createDevEdge } from '../create-dev-edge.ts'
import type { DevEdgeOptions } from '../dev-edge.ts'

vi.setConfig({ testTimeout: 20_000 })

const workerModule = fileURLToPath(import.meta.resolve('@countersign/worker'))

/** A Worker that names its edition in a header. */
const edition = (name: string) => `
  import { countersign } from ${JSON.stringify(workerModule)}
  export default {
    async fetch(request, env) {
      const signed = await countersign(request, { key: env.COUNTERSIGN_KEY })
      signed.headers.set('X-Edition', ${JSON.stringify(name)})
      return fetch(signed)
    },
  }
`

describe('a Worker of your own', () => {
  let folder: string
  let entry: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-'))
    entry = join(folder, 'worker.ts')
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function start(source: string, settings: Partial<DevEdgeOptions> = {}) {
    await writeFile(entry, source)
    const origin = await startRecordingOrigin()
    const lines: string[] = []
    const edge = await createDevEdge({
      origin: origin.url,
      worker: entry,
      log: (line) => lines.push(line),
      ...settings,
    })
    const stop = async () => {
      await edge.close()
      await origin.close()
    }
    const editionNow = async () => (await edge.fetch('/')).json().headers['x-edition']
    return { edge, origin, lines, editionNow, [Symbol.asyncDispose]: stop }
  }

  it('signs with the key of the edge, and is exchanged for its next edition', async () => {
    await using running = await start(edition('one'))
    const { headers } = (await running.edge.fetch('/', { client: running.edge.clients.alice })).json()
    expect(headers).toMatchObject({ 'x-edition': 'one', 'x-cert-verify': 'SUCCESS' })
    expect(headers['signature-input']).toContain(`keyid="${running.edge.keys[0]?.kid}"`)
    await writeFile(entry, edition('two'))
    expect(await running.editionNow()).toBe('one')
    expect(await running.edge.reloadWorker()).toBe(true)
    expect(await running.editionNow()).toBe('two')
  })

  it.each([
    ['compile', 'export default {', 'The Worker does not compile', 'worker.ts:1'],
    ['start', 'throw new Error("at the top")', 'The Worker does not start', ''],
    ['exist', undefined, 'The Worker does not compile', 'worker.ts'],
  ])('that does not %s leaves the former one running, and is logged', async (_, source, ...messages) => {
    await using running = await start(edition('good'))
    if (source === undefined) await rm(entry)
    else await writeFile(entry, source)
    expect(await running.edge.reloadWorker()).toBe(false)
    for (const message of messages) expect(running.lines.join('\n')).toContain(message)
    expect(await running.editionNow()).toBe('good')
    await writeFile(entry, edition('better'))
    expect(await running.edge.reloadWorker()).toBe(true)
    expect(await running.editionNow()).toBe('better')
  })

  it('that does not compile keeps the edge from starting', async () => {
    await expect(start('export default {')).rejects.toThrow(/^The Worker does not compile:\n[\s\S]*worker\.ts:1/)
  })

  it('has its variables, compatibility date and flags, and imports libraries that need Node', async () => {
    await mkdir(join(folder, 'node_modules/old'), { recursive: true })
    await writeFile(
      join(folder, 'node_modules/old/index.js'),
      'const { createHash } = require("crypto"); module.exports = (text) => createHash("sha256").update(text).digest("hex")',
    )
    const source = `
      import { Buffer } from 'node:buffer'
      import { basename } from 'path/posix'
      import digest from 'old'
      export default { fetch: (request, env) => Response.json([
        env.API, env.LIMITS, env.COUNTERSIGN_NAMES, digest(Buffer.from('x')), basename('/a/b'),
        typeof navigator, Object.keys(env)[0],
      ]) }`
    const settings = {
      vars: { API: 'https://api.example', LIMITS: { max: [1] } },
      compatibilityDate: '2025-04-02',
      compatibilityFlags: ['nodejs_compat', 'no_global_navigator'],
    }
    await using running = await start(source, settings)
    const expected = [
      'https://api.example',
      { max: [1] },
      'all',
      '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881',
      'b',
      'undefined',
      'API',
    ]
    expect((await running.edge.fetch('/')).json()).toEqual(expected)
    // Neither a reload nor another key changes them.
    expect(await running.edge.reloadWorker()).toBe(true)
    await running.edge.rotateKey()
    expect((await running.edge.fetch('/')).json()).toEqual(expected)
  })

  it('has its replacements of names and of modules, after a reload too', async () => {
    const standIn = join(folder, 'stand-in.ts')
    await writeFile(standIn, 'export default "stand-in"')
    await mkdir(join(folder, 'node_modules/lib/part'), { recursive: true })
    await writeFile(join(folder, 'node_modules/lib/part/index.js'), 'export default "part"')
    const source = `
      import lib from 'lib'
      import part from 'lib/part'
      export default { fetch: () => Response.json([BUILD.name, process.env.STAGE, lib, part, typeof OTHER]) }`
    const define = { BUILD: '{ "name": "local" }', 'process.env.STAGE': '"dev"' }
    await using running = await start(source, { define, alias: { lib: standIn } })
    const expected = ['local', 'dev', 'stand-in', 'part', 'undefined']
    expect((await running.edge.fetch('/')).json()).toEqual(expected)
    expect(await running.edge.reloadWorker()).toBe(true)
    expect((await running.edge.fetch('/')).json()).toEqual(expected)
  })

  it('that imports a module of Node without the flag keeps the edge from starting, and names the flag', async () => {
    await expect(start('import "node:buffer"\nexport default { fetch() {} }')).rejects.toThrow(
      /Could not resolve "node:buffer"[\s\S]*\nA Worker has the modules of Node with the compatibility flag nodejs_compat\.$/,
    )
  })

  it('with an unknown flag keeps the edge from starting, and the log names the flag', async () => {
    const lines: string[] = []
    const settings = { compatibilityFlags: ['nodejs_compatt'], log: (line: string) => lines.push(line) }
    await expect(start(edition('one'), settings)).rejects.toThrow(
      'The Worker does not start. Its log contains the reason',
    )
    expect(lines.join('\n')).toContain('No such compatibility flag: nodejs_compatt')
  })

  it('that throws is answered with 500 and its exception, which is logged once', async () => {
    await using running = await start('export default { async fetch() { throw new Error("a <mistake>") } }')
    const { status, headers, body } = await running.edge.fetch('/me?token=secret')
    expect([status, headers['content-type'], headers['cache-control'], headers['retry-after']]).toEqual([
      500,
      'text/plain; charset=utf-8',
      'no-store',
      undefined,
    ])
    expect(body).toBe(
      [
        '500: your Worker threw an exception',
        '',
        'Request  GET /me',
        'Result   The Worker threw Error: a <mistake>',
        'Code     CSN_DEV_WORKER_THREW',
        `CF-Ray   ${headers['cf-ray']}`,
        '',
        'The terminal of the edge has this exception too, next to the lines of the console of the Worker.',
        'At Cloudflare, the client gets error 1101 without this text.',
        '',
      ].join('\n'),
    )
    expect(headers).not.toHaveProperty('countersign-dev-thrown')
    const asJson = await running.edge.fetch('/', { headers: { accept: 'application/json' } })
    expect(asJson.json()).toEqual({
      statusCode: 500,
      code: 'CSN_DEV_WORKER_THREW',
      error: 'Internal Server Error',
      message: 'The Worker threw Error: a <mistake>',
    })
    const page = await running.edge.fetch('/', { headers: { accept: 'text/html' } })
    expect(page.body).toContain('The Worker threw Error: a &#60;mistake&#62;')
    const head = await running.edge.fetch('/', { method: 'HEAD' })
    expect([head.status, head.body]).toEqual([500, ''])
    await expect.poll(() => running.lines).toEqual(Array(4).fill('The Worker threw Error: a <mistake>'))
  })

  it.each([
    [
      'forgets to return',
      'export default { async fetch() {} }',
      'TypeError: fetch() returned undefined in place of a Response',
    ],
    ['throws a text', 'export default { fetch() { throw "Grüße\\r\\n\\ud800" } }', 'Grüße\r\n\ufffd'],
    [
      'is a class, and throws in a method',
      `import { WorkerEntrypoint } from 'cloudflare:workers'
       export class Other extends WorkerEntrypoint {}
       export default class extends WorkerEntrypoint {
         fetch() { return this.fail(Object.keys(this.env)[0]) }
         fail(name) { throw new RangeError(name) }
       }`,
      'RangeError: COUNTERSIGN_KEY',
    ],
    [
      'throws more than a header can carry',
      'export default { fetch() { throw new Error("€".repeat(50_000)) } }',
      `Error: ${'€'.repeat(1493)}`,
    ],
  ])('that %s is answered with its exception', async (_case, source, thrown) => {
    await using running = await start(source)
    const { status, body } = await running.edge.fetch('/', { headers: { accept: 'application/json' } })
    expect([status, JSON.parse(body).message]).toEqual([500, `The Worker threw ${thrown}`])
    // Miniflare decodes its log in pieces, so a long line has broken characters.
    const head = (line: string) => line.slice(0, 1000)
    await expect.poll(() => running.lines.map(head)).toEqual([head(`The Worker threw ${thrown}`)])
  })

  it('that lets an exception pass through reaches the origin without its own code', async () => {
    await using running = await start(
      'export default { fetch(r, env, ctx) { ctx.passThroughOnException(); throw new Error("a mistake") } }',
    )
    expect((await running.edge.fetch('/me')).json()).toMatchObject({ method: 'GET', url: '/me' })
  })

  it('that loses the connection to the origin is answered with 502', async () => {
    await using running = await start('export default { fetch: (request) => fetch(request) }')
    await running.origin.close()
    const { status, body } = await running.edge.fetch('/')
    expect([status, body]).toEqual([502, expect.stringContaining('CSN_DEV_ORIGIN_UNREACHABLE')])
  })

  it.each([
    [
      'header',
      'export default { fetch: () => new Response("own", { status: 500, headers: { "Countersign-Dev-Thrown": "x" } }) }',
      'own',
    ],
    [
      'body',
      'export default { fetch: () => new Response("Internal Server Error", { status: 500 }) }',
      'Internal Server Error',
    ],
  ])('that answers 500 itself, with a %s like ours, is left alone', async (_case, source, text) => {
    await using running = await start(source)
    const { status, body } = await running.edge.fetch('/')
    expect([status, body]).toEqual([500, text])
  })

  it('without a default export keeps the edge from starting, with the reason in the log', async () => {
    const lines: string[] = []
    await writeFile(entry, 'export class Other {}')
    const edge = createDevEdge({ origin: 'http://127.0.0.1:9', worker: entry, log: (line) => lines.push(line) })
    await expect(edge).rejects.toThrow('The Worker does not start. Its log contains the reason')
    expect(lines.join('\n')).toContain('The Worker has no default export; write export default')
  })

  it('that misses a binding is logged with the names of those that it has', async () => {
    await using running = await start('export default { async fetch(r, env) { return env.ORIGIN.fetch(r) } }')
    const thrown =
      "The Worker threw TypeError: Cannot read properties of undefined (reading 'fetch'). Every binding but COUNTERSIGN_KEY, COUNTERSIGN_FORWARD_CERT, COUNTERSIGN_REQUIRE, COUNTERSIGN_NAMES is undefined here"
    const { status, body } = await running.edge.fetch('/')
    expect([status, body]).toEqual([500, expect.stringContaining(`Result   ${thrown}\n`)])
    await expect.poll(() => running.lines.join()).toBe(thrown)
  })
})

describe('a reload of the Worker', () => {
  it('lets open requests and WebSockets finish', async () => {
    const held = Promise.withResolvers<() => void>()
    const origin = await startServer((_, response) => {
      response.write('before ')
      held.resolve(() => response.end('after'))
    })
    const server = new WebSocketServer({ server: origin.server })
    server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)))
    await using edge = await createDevEdge({ origin: origin.url, log: () => {} })
    const socket = new WebSocket(edge.url.replace('https', 'wss'), edge.tlsOptions())
    await once(socket, 'open')
    const request = httpsRequest({ ...edge.tlsOptions(), agent: false, path: '/' }).end()
    const [response] = await once(request, 'response')
    const finish = await held.promise
    expect(await edge.reloadWorker()).toBe(true)
    socket.send('still there')
    expect(String((await once(socket, 'message'))[0])).toBe('still there')
    finish()
    expect(await text(response)).toBe('before after')
    // The second reload after it closes it.
    const closed = once(socket, 'close')
    expect(await edge.reloadWorker()).toBe(true)
    await closed
    await origin.close()
  })

  it('leaves no process running', async () => {
    const origin = await startRecordingOrigin()
    const processes = () => process.getActiveResourcesInfo().filter((resource) => resource === 'ProcessWrap').length
    await expect.poll(processes).toBe(0)
    await using edge = await createDevEdge({ origin: origin.url })
    const one = processes()
    await Promise.all([edge.reloadWorker(), edge.reloadWorker(), edge.reloadWorker()])
    await expect.poll(processes).toBe(one)
    const last = edge.reloadWorker()
    await edge.close()
    expect(await last).toBe(true)
    await expect.poll(processes).toBe(0)
    await origin.close()
  })
})

describe('rotateKey', () => {
  it('signs with the new key, and lists the previous one', async () => {
    const origin = await startRecordingOrigin()
    await using edge = await createDevEdge({ origin: origin.url })
    const [first] = edge.keys
    const signedBy = async () => (await edge.fetch('/')).json().headers['signature-input'].match(/keyid="([^"]+)"/)[1]
    expect(await signedBy()).toBe(first?.kid)
    const mine = { kty: 'oct', kid: 'mine', k: randomBytes(32).toString('base64url') }
    await edge.rotateKey(mine)
    expect(await signedBy()).toBe('mine')
    expect(edge.keys).toEqual([mine, first])
    await edge.reloadWorker()
    expect(await signedBy()).toBe('mine')
    await edge.rotateKey()
    expect(await signedBy()).toBe(edge.keys[0]?.kid)
    expect(edge.keys.slice(1)).toEqual([mine])
    await origin.close()
  })

  it('refuses a key that cannot sign, and one whose kid is taken', async () => {
    const origin = await startRecordingOrigin()
    await using edge = await createDevEdge({ origin: origin.url })
    const before = edge.keys
    await expect(edge.rotateKey({ kty: 'oct', kid: 'weak', k: 'c2hvcnQ' })).rejects.toThrow(TypeError)
    const sameKid = { kty: 'oct', kid: before[0]?.kid ?? '', k: randomBytes(32).toString('base64url') }
    await expect(edge.rotateKey(sameKid)).rejects.toThrow('key.kid must differ from the kid of the previous key')
    expect(edge.keys).toEqual(before)
    await origin.close()
  })
})
