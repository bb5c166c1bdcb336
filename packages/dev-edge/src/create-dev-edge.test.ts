import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { useEdge } from '../test/support/use-edge.ts'
import { createDevEdge } from './create-dev-edge.ts'

// Many of these tests start an edge of their own, on machines under load.
vi.setConfig({ testTimeout: 20_000 })

const test = useEdge()

describe('createDevEdge', () => {
  it('refuses an old Node before anything else', async () => {
    vi.stubGlobal('process', Object.create(process, { versions: { value: { node: '22.12.9' } } }))
    onTestFinished(() => void vi.unstubAllGlobals())
    const tooOld = new TypeError('Node 22.12.9 is too old; install Node 22.13 or later')
    await expect(createDevEdge({ origin: 'nowhere' })).rejects.toThrow(tooOld)
  })

  it('starts in less than two seconds and closes at once, even with connections open', { retry: 2 }, async () => {
    const start = performance.now()
    const other = await createDevEdge({ origin: test.origin.url })
    expect(performance.now() - start).toBeLessThan(2000)
    const socket = connect(other.tlsOptions())
    await once(socket, 'secureConnect')
    socket.on('error', () => {})
    const closed = once(socket, 'close')
    await Promise.race([other.close(), sleep(2000).then(() => expect.unreachable('close() hangs'))])
    await closed
    await expect(other.fetch('/')).rejects.toThrow('ECONNREFUSED')
  })

  it('signs with the key that it is given', async () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const jwk = privateKey.export({ format: 'jwk' })
    const key = { kty: 'OKP', crv: 'Ed25519', kid: 'mine', x: jwk.x ?? '', d: jwk.d ?? '' }
    await using other = await createDevEdge({ origin: test.origin.url, key, forwardCert: 'none' })
    expect(other.hosts).toEqual([new URL(other.url).host])
    expect(other.keys).toEqual([{ kty: 'OKP', crv: 'Ed25519', kid: 'mine', x: jwk.x }])
    const { headers } = (await other.fetch('/', { client: other.clients.alice })).json()
    expect(headers['signature-input']).toContain('keyid="mine";alg="ed25519"')
    expect(headers).not.toHaveProperty('client-cert')
  })

  it('answers for the hostname that it is given', async () => {
    await using other = await createDevEdge({ origin: test.origin.url, hostname: 'app.acme.localhost' })
    expect(other.url).toMatch(/^https:\/\/app\.acme\.localhost:\d+$/)
    expect((await other.fetch('/')).json().headers['host']).toBe(new URL(other.url).host)
  })

  it('is closed again when its port is taken', async () => {
    const port = Number(new URL(test.edge.url).port)
    const processes = () => process.getActiveResourcesInfo().filter((resource) => resource === 'ProcessWrap').length
    const before = processes()
    await expect(createDevEdge({ origin: test.origin.url, port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: `port ${port} of 127.0.0.1 is taken (EADDRINUSE); choose another port, or 0 for any free one`,
    })
    await expect.poll(processes).toBe(before)
  })

  it.each([
    [{ origin: 'localhost:3000' }, /origin must be/],
    [{ origin: 'https://localhost:3000' }, /origin must be/],
    [{ origin: 'http://localhost:3000/base' }, /origin must be/],
    [{ origin: 'http://a', forwardCert: 'all' as 'leaf' }, /forwardCert must be/],
    [{ origin: 'http://a', require: 'yes' as 'none' }, /require must be/],
    [{ origin: 'http://a', hostname: 'a/b' }, /hostname must be/],
    [
      { origin: 'http://a', originBinding: '' },
      /^originBinding must be the name of a binding such as "COUNTERSIGN_ORIGIN"$/,
    ],
    [{ origin: 'http://a', originBinding: 'a-b' }, /^originBinding must be/],
    [{ origin: 'http://a', originBinding: '1A' }, /^originBinding must be/],
    [{ origin: 'http://a', originBinding: 'COUNTERSIGN_KEY' }, /^originBinding must be/],
    [
      { origin: 'http://a', originBinding: 'ORIGIN' },
      /^originBinding must be "COUNTERSIGN_ORIGIN" for the Worker of Countersign; for another name, pass your own worker$/,
    ],
    [
      { origin: 'http://a', forwardcert: 'none' },
      /^unknown option "forwardcert"; known options are origin, port, .*, originBinding, accessFor, onRequest, log$/,
    ],
    [{ origin: 'http://a', key: { kty: 'oct', kid: 'a', k: 'c2hvcnQ' } }, /"k" must be at least 32 random bytes/],
  ])('refuses %o', async (options, message) => {
    const refused = createDevEdge(options)
    await expect(refused).rejects.toThrow(TypeError)
    await expect(refused).rejects.toThrow(message)
  })
})
