import type { FastifyRequest } from 'fastify'
import { expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const show = ({ clientCert, access, clientUser }: FastifyRequest) => ({
  name: clientCert?.subject.CN ?? null,
  email: access?.kind === 'user' ? access.email : null,
  user: clientUser,
})
const NOBODY = { name: null, email: null, user: null }

const options: ChainOptions = {
  plugin: () => ({ mode: 'report', identify: ({ subject }) => (subject.CN === 'carol' ? null : {}) }),
  routes(app) {
    app.get('/me', show)
    app.get('/alice', { config: { clientCert: { subject: { CN: 'alice' } } } }, show)
    app.get('/hook', { onRequest: app.requireClientCert({ subject: { CN: 'alice' } }) }, show)
    app.get('/fails', { config: { clientCert: { subject: { CN: 'alice' } } } }, () => {
      throw new Error('the handler failed')
    })
    app.get('/gone', { config: { clientCert: { subject: { CN: 'alice' } } } }, (_, reply) => void reply.callNotFound())
    app.setNotFoundHandler((request, reply) => reply.code(200).send(show(request)))
    app.setErrorHandler((_, request, reply) => reply.code(200).send(show(request)))
  },
}

describeThreat('a captured request, in report mode', options, (chain) => {
  const seen = (from: number) =>
    chain.log
      .slice(from)
      .map((line) => JSON.parse(line) as { code?: string; enforced?: boolean })
      .filter(({ code }) => code)
      .map(({ code, enforced }) => `${code} ${enforced}`)

  it.each([
    ['/me', 'alice', undefined, 'CSN_SIGNATURE_REPLAYED'],
    ['/alice', 'bob', 'CSN_CERT_FORBIDDEN', 'CSN_CERT_FORBIDDEN'],
    ['/hook', 'bob', 'CSN_CERT_FORBIDDEN', 'CSN_SIGNATURE_REPLAYED'],
    ['/fails', 'bob', 'CSN_CERT_FORBIDDEN', 'CSN_CERT_FORBIDDEN'],
    ['/gone', 'bob', 'CSN_CERT_FORBIDDEN', 'CSN_CERT_FORBIDDEN'],
    ['/nowhere', 'bob', undefined, 'CSN_SIGNATURE_REPLAYED'],
  ] as const)('has no identity at %s the second time, and is one refusal', async (path, client, first, again) => {
    const captured = await chain.capture(path, { client: chain.edge.clients[client] })
    const from = chain.log.length
    const answers = []
    for (let time = 0; time < 3; time += 1) answers.push(JSON.parse((await chain.around(captured)).body))
    expect(answers).toMatchObject([{ name: client, email: 'dev@example.com' }, NOBODY, NOBODY])
    expect(seen(from)).toEqual([...(first ? [first] : []), again, again].map((code) => `${code} false`))
  })

  it('has an identity once when it arrives twenty times at once', async () => {
    const captured = await chain.capture('/alice', { client: chain.edge.clients.bob })
    const answers = await Promise.all(Array.from({ length: 20 }, () => chain.around(captured)))
    expect(answers.filter(({ status, body }) => status === 200 && JSON.parse(body).name === 'bob')).toHaveLength(1)
    expect(answers.filter(({ body }) => JSON.parse(body).name === null)).toHaveLength(19)
  })

  it('has none with forged headers, on another path, or as an old one', async () => {
    const { alice, selfSigned, expired, revoked } = chain.edge.clients
    const captured = await chain.capture('/me', { client: alice })
    const now = Math.floor(Date.now() / 1000)
    const requests = [
      { ...captured, target: '/alice' },
      { ...captured, headers: captured.headers.map((text) => text.replace('CN=alice', 'CN=bob')) },
      chain.sign(captured, { created: now - 100, expires: now - 40 }),
    ]
    for (const request of requests) {
      const { status, body } = await chain.around(request)
      expect([status, JSON.parse(body)]).toEqual([200, NOBODY])
    }
    for (const client of [selfSigned, expired, revoked]) {
      expect(JSON.parse((await chain.through('/me', { client })).body)).toEqual(NOBODY)
    }
  })
})
