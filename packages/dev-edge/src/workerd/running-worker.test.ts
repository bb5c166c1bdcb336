import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
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

  async function start(source: string) {
    await writeFile(entry, source)
    const origin = await startRecordingOrigin()
    const lines: string[] = []
    const edge = await createDevEdge({ origin: origin.url, worker: entry, log: (line) => lines.push(line) })
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

  it('that throws is answered with 500, and logged', async () => {
    await using running = await start('export default { async fetch() { throw new Error("a mistake") } }')
    expect((await running.edge.fetch('/')).status).toBe(500)
    await expect.poll(() => running.lines.join()).toBe('The Worker threw Error: a mistake')
  })

  it('that misses a binding is logged with the names of those that it has', async () => {
    await using running = await start('export default { async fetch(r, env) { return env.ORIGIN.fetch(r) } }')
    expect((await running.edge.fetch('/')).status).toBe(500)
    await expect
      .poll(() => running.lines.join())
      .toBe(
        "The Worker threw TypeError: Cannot read properties of undefined (reading 'fetch'). Every binding but COUNTERSIGN_KEY, COUNTERSIGN_FORWARD_CERT, COUNTERSIGN_REQUIRE, COUNTERSIGN_NAMES is undefined here",
      )
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
