import countersign, { clientCertOf } from '@countersign/origin-plugin'
import { lineStream } from '@countersign/test-support/line-stream'
import { codeOf, sendRaw } from '@countersign/test-support/raw-http'
import { formatRequest, headerOf, type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import Fastify from 'fastify'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

describeThreat('a request for one host, relayed to the origin of another', (chain) => {
  let request: WireRequest
  let port: number
  const log: string[] = []
  /** It shares the Worker's key and the Access application with the chain's origin, and has a host of its own. */
  const admin = Fastify({ logger: { stream: lineStream((line) => log.push(line)) } })
  const ADMIN = 'admin.example.com'

  beforeAll(async () => {
    request = await chain.capture('/me', { client: chain.edge.clients.alice })
    const { keys, access, clientCa } = chain.edge
    await admin.register(countersign, { edge: { keys, hosts: [ADMIN] }, access, trustedIssuers: [clientCa] })
    admin.all('/me', (received) => ({ admin: clientCertOf(received).subject }))
    const address = new URL(await admin.listen({ host: '127.0.0.1', port: 0 }))
    port = Number(address.port)
  })
  afterAll(() => admin.close())

  const relay = async (relayed: WireRequest) => {
    const { status, body } = await sendRaw(port, formatRequest(relayed))
    return { status, code: codeOf(body) }
  }

  it('is refused, and the reason names both hosts', async () => {
    expect(await relay(request)).toEqual({ status: 401, code: 'CSN_SIGNATURE_INVALID' })
    const own = headerOf(request, 'host')
    const reasons = log.map((line) => (JSON.parse(line) as { reason?: string }).reason)
    expect(reasons.findLast((reason) => reason)).toBe(
      `the request was signed for the host "${own}", and edge.hosts is ${ADMIN}`,
    )
  })

  it('is refused under the name of the other origin', async () => {
    expect(await relay(withHeader(request, 'host', ADMIN))).toEqual({ status: 401, code: 'CSN_SIGNATURE_INVALID' })
  })

  it('is accepted by the other origin if the edge signed it for its host', async () => {
    expect(await relay(chain.sign(withHeader(request, 'host', ADMIN)))).toEqual({ status: 200, code: undefined })
  })

  it('is accepted by its own origin', async () => {
    expect(await chain.around(chain.sign(request))).toMatchObject({ status: 200 })
  })
})

describeThreat(
  'two hosts in one request',
  {
    routes(app) {
      app.get('/page', { constraints: { host: 'admin.example.com' } }, () => 'the page of admin')
      app.get('/page', () => 'the page for all')
    },
    plugin: ({ keys, hosts }) => ({ edge: { keys, hosts: [...hosts, 'admin.example.com'] } }),
  },
  (chain) => {
    let request: WireRequest
    beforeAll(async () => {
      request = await chain.capture('/page', { client: chain.edge.clients.alice })
    })
    const refused = { status: 401, code: 'CSN_SIGNATURE_INVALID' }

    it('is refused: a repeated Host line, before and after', async () => {
      const { headers, ...rest } = chain.sign(request)
      const other = ['Host', 'admin.example.com']
      // Node's own parser may refuse it earlier, with another code.
      for (const lines of [
        [...other, ...headers],
        [...headers, ...other],
      ]) {
        const answer = await chain.around({ ...rest, headers: lines })
        expect(answer.status).toBeGreaterThanOrEqual(400)
        expect(answer.body).not.toContain('the page')
      }
    })

    it.each(['ADMIN.example.com', 'admin.example.com:443'])(
      'is refused: the spelling %s, which the router takes for another host',
      async (spelling) => {
        const signed = chain.sign(withHeader(request, 'host', 'admin.example.com'))
        expect(await chain.around(withHeader(signed, 'host', spelling))).toMatchObject(refused)
      },
    )

    it('is accepted in the spelling that the edge signs', async () => {
      const signed = chain.sign(withHeader(request, 'host', 'admin.example.com'))
      expect(await chain.around(signed)).toMatchObject({ status: 200, body: 'the page of admin' })
    })
  },
)
