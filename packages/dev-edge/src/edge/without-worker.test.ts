import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { startServer } from '@countersign/test-support/local-server'
import { describe, expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { useEdge } from '../../test/support/use-edge.ts'
import { createDevEdge } from '../create-dev-edge.ts'
import type { DevEdgeOptions } from '../dev-edge.ts'

vi.setConfig({ testTimeout: 20_000 })

const FORGED = {
  'Client-Cert': ':forged:',
  'Client-Cert-Chain': ':forged:',
  'Cf-Cert-Verified': 'true',
  'CF-CERT-SERIAL': 'forged',
  'Cf-Access-Jwt-Assertion': 'forged',
  'MF-CF-Blob': '{"forged":true}',
}

describe('an edge with headers: "rfc9440"', () => {
  const recorded = useEdge({ headers: 'rfc9440' })

  it('sends the certificate of a verified client, in place of the headers that the client wrote', async () => {
    const { alice } = recorded.edge.clients
    const { headers, rawHeaders } = await recorded.record('/me?a=%20b', { client: alice, headers: FORGED })
    const { raw } = new X509Certificate(alice.cert)
    expect(headers['client-cert']).toBe(`:${raw.toString('base64')}:`)
    expect(headers).not.toHaveProperty('client-cert-chain')
    expect(JSON.stringify(rawHeaders)).not.toMatch(/:forged:|mf-cf-blob|x-cert-|"signature"/i)
    expect(headers['cf-access-jwt-assertion']).toMatch(/^ey/)
    expect(headers.host).toBe(recorded.edge.hosts[0])
  })

  it('sends the intermediates of a client that has some', async () => {
    const { headers } = await recorded.record('/', { client: recorded.edge.clients.branch })
    expect(headers['client-cert']).toMatch(/^:.+:$/)
    expect(headers['client-cert-chain']).toMatch(/^:.+:$/)
  })

  it.each(['expired', 'revoked', 'selfSigned', undefined] as const)('sends none for the client %s', async (name) => {
    const client = name && recorded.edge.clients[name]
    const { headers } = await recorded.record('/', { ...(client && { client }), headers: FORGED })
    expect(headers).not.toHaveProperty('client-cert')
    expect(headers).not.toHaveProperty('client-cert-chain')
  })

  it('has the source for the origin, no key and no Worker', async () => {
    const { edge } = recorded
    expect([edge.source, edge.keys]).toEqual(['rfc9440', []])
    const none = new TypeError('this edge has no Worker, because headers is "rfc9440"; remove headers to run it')
    await expect(edge.reloadWorker()).rejects.toThrow(none)
    await expect(edge.rotateKey()).rejects.toThrow(none)
  })

  it('keeps method, target and body', async () => {
    const response = await recorded.edge.fetch('/a/%2e%2E/b?x=%20', { method: 'POST', body: 'text' })
    expect(response.json()).toMatchObject({ method: 'POST', url: '/a/%2e%2E/b?x=%20', body: 'text' })
  })

  it('goes through the cache of the zone, which gives one answer to every client', async () => {
    const { edge } = recorded
    const first = await edge.fetch('/report.csv', { client: edge.clients.alice })
    expect(first.headers['cf-cache-status']).toBe('MISS')
    const second = await edge.fetch('/report.csv')
    expect([second.headers['cf-cache-status'], second.body]).toEqual(['HIT', first.body])
    expect((await edge.fetch('/me')).headers['cf-cache-status']).toBe('DYNAMIC')
  })
})

describe('an edge with headers: "cf-cert"', () => {
  const recorded = useEdge({ headers: 'cf-cert', cache: false })

  it('sends what Cloudflare knows of the certificate', async () => {
    const { alice } = recorded.edge.clients
    const { headers } = await recorded.record('/', { client: alice, headers: FORGED })
    const cert = new X509Certificate(alice.cert)
    expect(headers).toMatchObject({
      'cf-cert-presented': 'true',
      'cf-cert-verified': 'true',
      'cf-cert-revoked': 'false',
      'cf-cert-serial': expect.stringMatching(new RegExp(`^0*${cert.serialNumber}$`)),
      'cf-cert-subject-dn-rfc2253': 'CN=alice,OU=Ops,O=Acme,C=US',
      'cf-cert-sha256': cert.fingerprint256.replaceAll(':', '').toLowerCase(),
      'cf-cert-not-after': cert.validTo,
      // Cloudflare's rules do not remove the headers of RFC 9440 unless they set them.
      'client-cert': ':forged:',
    })
  })

  it.each([
    ['expired', 'true', 'false', 'false'],
    ['revoked', 'true', 'true', 'true'],
    [undefined, 'false', 'false', 'false'],
  ] as const)('has the flags of the client %s', async (name, presented, verified, revoked) => {
    const client = name && recorded.edge.clients[name]
    const { headers } = await recorded.record('/', { ...(client && { client }), headers: FORGED })
    expect(headers).toMatchObject({
      'cf-cert-presented': presented,
      'cf-cert-verified': verified,
      'cf-cert-revoked': revoked,
    })
    expect(headers['cf-cert-serial']).not.toBe('forged')
    expect('cf-cert-serial' in headers).toBe(name !== undefined)
  })

  it('sends a name that is not ASCII in UTF-8', async () => {
    const client = await recorded.edge.issueClient({ subject: 'CN=Zoë,O=Acme' })
    const { headers } = await recorded.record('/', { client })
    expect(Buffer.from(headers['cf-cert-subject-dn'] ?? '', 'latin1').toString()).toBe('CN=Zoë,O=Acme')
    expect(headers['cf-cert-subject-dn-rfc2253']).toBe('CN=Zo\\C3\\AB,O=Acme')
  })
})

describe('createDevEdge without a Worker', () => {
  const start = (options: Partial<DevEdgeOptions>) => createDevEdge({ origin: 'http://127.0.0.1:9', ...options })

  it.each<[Partial<DevEdgeOptions>, string]>([
    [{ forwardCert: 'leaf' }, 'forwardCert'],
    [{ require: 'none' }, 'require'],
    [{ names: 'all' }, 'names'],
    [{ worker: 'worker.ts' }, 'worker'],
    [{ originBinding: 'ORIGIN' }, 'originBinding'],
    [{ key: { kty: 'oct', kid: 'a', k: 'b' } }, 'key'],
  ])('refuses %o, an option of the Worker', async (options, name) => {
    for (const headers of ['rfc9440', 'cf-cert'] as const) {
      await expect(start({ headers, ...options })).rejects.toThrow(
        new TypeError(`${name} belongs to the Worker, and headers: "${headers}" is a zone without one; remove ${name}`),
      )
    }
  })

  it('refuses an unknown source', async () => {
    await expect(start({ headers: 'client-cert' as never })).rejects.toThrow(
      new TypeError('headers must be "worker", "rfc9440" or "cf-cert"'),
    )
  })

  it('passes WebSockets', async () => {
    const origin = await startServer(() => {})
    const server = new WebSocketServer({ server: origin.server })
    const seen: (string | string[] | undefined)[] = []
    server.on('connection', (socket, request) => {
      seen.push(request.headers['cf-cert-verified'])
      socket.on('message', (data) => socket.send(data))
    })
    await using edge = await createDevEdge({ origin: origin.url, headers: 'cf-cert' })
    const socket = new WebSocket(edge.url.replace('https', 'wss'), edge.tlsOptions(edge.clients.alice))
    await once(socket, 'open')
    socket.send('over there')
    expect(String((await once(socket, 'message'))[0])).toBe('over there')
    expect(seen).toEqual(['true'])
    socket.close()
    await origin.close()
  })

  it('names the edge, and no Worker, when the origin does not answer', async () => {
    const origin = await startServer(() => {})
    await origin.close()
    await using edge = await createDevEdge({ origin: origin.url, headers: 'rfc9440' })
    const { status, body } = await edge.fetch('/me')
    expect([status, body]).toEqual([502, expect.stringContaining(`The edge got no answer from ${origin.url}: `)])
  })
})
