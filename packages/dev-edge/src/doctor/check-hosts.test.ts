import countersign, { type EdgeOptions, optional } from '@countersign/origin-plugin'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createEdgeKey } from '../pki/edge-key.ts'
import { checkHosts } from './check-hosts.ts'
import type { Finding } from './finding.ts'

const key = createEdgeKey()
const HOST = 'app.example.com'

async function startOrigin(edge: Partial<EdgeOptions>, routes = (_app: FastifyInstance) => {}): Promise<URL> {
  const app = Fastify() as unknown as FastifyInstance
  onTestFinished(() => app.close())
  await app.register(countersign, { edge: { keys: key, hosts: [HOST], ...edge }, access: null, trustedIssuers: null })
  routes(app)
  return new URL(`${await app.listen({ host: '127.0.0.1', port: 0 })}/me?a=1`)
}

const shown = (findings: readonly Finding[]) =>
  findings.map(({ check, outcome, detail }) => `${check} ${outcome}: ${detail}`)

describe('checkHosts', () => {
  it('finds no fault in an origin that accepts its own host alone', async () => {
    expect(shown(await checkHosts(await startOrigin({}), HOST, key))).toEqual([
      'own-host ok: accepts a signature of its key for app.example.com',
      'other-host ok: refuses a signature of its key for a host that is not its own',
    ])
  })

  it('fails an origin that accepts every host', async () => {
    const url = await startOrigin({ hosts: null })
    const [own, other] = await checkHosts(url, HOST, key)
    expect(own?.outcome).toBe('ok')
    expect(other).toEqual({
      check: 'other-host',
      outcome: 'failed',
      detail: 'accepts a signature of its key for a host that is not its own',
      advice: expect.stringContaining('edge.hosts'),
    })
    expect(shown(await checkHosts(url, undefined, key))).toEqual([
      'own-host skipped: not checked: no hostname',
      'other-host failed: accepts a signature of its key for a host that is not its own',
    ])
  })

  it('fails a foreign key and a foreign host in report mode, by the code that the origin reports', async () => {
    const report = async (edge: Partial<EdgeOptions>) => {
      const app = Fastify() as unknown as FastifyInstance
      onTestFinished(() => app.close())
      const options = { edge: { keys: key, hosts: [HOST], ...edge }, access: null, trustedIssuers: null }
      await app.register(countersign, { ...options, mode: 'report' })
      app.get('/me', () => 'hello')
      return new URL(`${await app.listen({ host: '127.0.0.1', port: 0 })}/me`)
    }
    const other =
      'other-host failed: report mode: the origin would refuse another host with CSN_SIGNATURE_INVALID, and admits it'
    expect(shown(await checkHosts(await report({}), HOST, key))).toEqual([
      'own-host ok: accepts a signature of its key for app.example.com',
      other,
    ])
    expect(shown(await checkHosts(await report({ keys: createEdgeKey() }), HOST, key))).toEqual([
      'own-host failed: report mode: the origin would refuse a signature of its key for app.example.com with CSN_SIGNATURE_INVALID',
      other,
    ])
    expect(shown(await checkHosts(await report({ hosts: null }), HOST, key))[1]).toMatch(/^other-host failed: accepts /)
  })

  it('fails a public route, which accepts every signature', async () => {
    const url = await startOrigin({}, (app) => app.get('/me', { config: { clientCert: false } }, () => 'for all'))
    expect(shown(await checkHosts(url, HOST, key))[1]).toMatch(/^other-host failed: /)
  })

  it('finds no fault in a route whose certificate is optional', async () => {
    const url = await startOrigin({}, (app) => app.get('/me', { config: { clientCert: optional() } }, () => 'in'))
    expect(shown(await checkHosts(url, HOST, key))).toEqual([
      'own-host ok: accepts a signature of its key for app.example.com',
      'other-host ok: refuses a signature of its key for a host that is not its own',
    ])
  })

  it('fails an origin that has another hostname, or another key', async () => {
    const refused = 'own-host failed: refuses a signature of its key for app.example.com with 401 CSN_SIGNATURE_INVALID'
    const skipped = 'other-host skipped: not checked: refused with CSN_SIGNATURE_INVALID, perhaps for its key'
    const otherHost = await startOrigin({ hosts: ['other.example.com'] })
    expect(shown(await checkHosts(otherHost, HOST, key))).toEqual([refused, skipped])
    const otherKey = await startOrigin({ keys: createEdgeKey() })
    expect(shown(await checkHosts(otherKey, HOST, key))).toEqual([refused, skipped])
  })

  it('states that it needs a key that signs', async () => {
    const findings = await checkHosts(new URL('http://127.0.0.1:1/'), HOST, undefined)
    expect(findings).toEqual([
      {
        check: 'other-host',
        outcome: 'skipped',
        detail: 'not checked: no key that can sign',
        advice: expect.stringContaining('HMAC'),
      },
    ])
  })

  it('reports an origin that does not answer', async () => {
    const findings = await checkHosts(new URL('http://127.0.0.1:1/'), HOST, key)
    expect(shown(findings)).toEqual([
      'own-host failed: ECONNREFUSED',
      'other-host ok: does not answer for another host: ECONNREFUSED',
    ])
  })
})
