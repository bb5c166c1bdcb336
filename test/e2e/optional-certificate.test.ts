import { clientCertOf, optional } from '@countersign/origin-plugin'
import { describe, expect, it } from 'vitest'
import { startChain } from '../support/chain.ts'
import { useChain } from '../support/use-chain.ts'

describe('an optional certificate', () => {
  const chain = useChain({
    plugin: () => ({
      policies: { ops: { subject: { OU: 'Ops' } } },
      routes: [{ url: '/docs/*', clientCert: optional('ops') }],
    }),
    routes(app) {
      app.get('/login', { config: { clientCert: optional('ops') } }, ({ clientCert, access }) => ({
        subject: clientCert?.subject.CN ?? null,
        access: access?.kind,
      }))
      app.get('/docs/api', (request) => `docs for ${request.clientCert?.subject.CN ?? 'all'}`)
      app.get(
        '/strict',
        { config: { clientCert: optional() }, preHandler: app.requireClientCert('ops') },
        (request) => clientCertOf(request).subject.CN,
      )
    },
  })

  it('may be left out: the Access identity is proven all the same', async () => {
    const { status, body } = await chain.through('/login')
    expect([status, JSON.parse(body)]).toEqual([200, { subject: null, access: 'user' }])
  })

  it('is proven and compared if it comes', async () => {
    const { alice, bob, selfSigned } = chain.edge.clients
    expect(JSON.parse((await chain.through('/login', { client: alice })).body)).toEqual({
      subject: 'alice',
      access: 'user',
    })
    expect(await chain.through('/login', { client: bob })).toMatchObject({ status: 403, code: 'CSN_CERT_FORBIDDEN' })
    expect(chain.lastReason()).toContain('bob')
    expect(await chain.through('/login', { client: selfSigned })).toMatchObject({
      status: 403,
      code: 'CSN_CERT_UNVERIFIED',
    })
  })

  it('can be the requirement of a rule', async () => {
    const { alice, bob } = chain.edge.clients
    expect(await chain.through('/docs/api')).toMatchObject({ status: 200, body: 'docs for all' })
    expect(await chain.through('/docs/api', { client: alice })).toMatchObject({ status: 200, body: 'docs for alice' })
    expect(await chain.through('/docs/api', { client: bob })).toMatchObject({ code: 'CSN_CERT_FORBIDDEN' })
  })

  it('is required by a hook', async () => {
    const { alice, bob } = chain.edge.clients
    expect(await chain.through('/strict')).toMatchObject({ status: 401, code: 'CSN_CERT_MISSING' })
    expect(chain.lastReason()).toBe('the client did not present a certificate')
    expect(await chain.through('/strict', { client: bob })).toMatchObject({ status: 403, code: 'CSN_CERT_FORBIDDEN' })
    expect(await chain.through('/strict', { client: alice })).toMatchObject({ status: 200, body: 'alice' })
  })
})

describe('a Worker that requires a verified certificate', () => {
  it('refuses at the edge, before the optional route', async () => {
    const chain = await startChain({
      edge: { require: 'verified' },
      routes: (app) => app.get('/login', { config: { clientCert: optional() } }, () => 'in'),
    })
    try {
      expect(await chain.through('/login')).toMatchObject({ status: 403, code: 'CSN_CERT_UNVERIFIED' })
      expect(await chain.through('/login', { client: chain.edge.clients.alice })).toMatchObject({ body: 'in' })
    } finally {
      await chain.close()
    }
  })
})
