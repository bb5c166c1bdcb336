import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import countersign from '@countersign/origin-plugin'
import { codeOf } from '@countersign/test-support/raw-http'
import { headerLines, headerOf, type WireRequest } from '@countersign/test-support/wire-request'
import Fastify from 'fastify'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { usualRoutes } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

describeThreat('an origin that speaks HTTP/2', (chain) => {
  let request: WireRequest
  let session: ClientHttp2Session
  const app = Fastify({ http2: true })
  beforeAll(async () => {
    request = await chain.capture('/me', { client: chain.edge.clients.alice })
    const { keys, hosts, access, clientCa } = chain.edge
    await app.register(countersign, { edge: { keys, hosts }, access, trustedIssuers: [clientCa] })
    usualRoutes(app as never)
    await app.listen({ host: '127.0.0.1', port: 0 })
    session = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  })
  afterAll(async () => {
    session.destroy()
    await app.close()
  })

  async function send({ target, headers }: WireRequest, changes: Record<string, string> = {}) {
    const lines = headerLines({ method: 'GET', target, headers }).map(
      ([name, value]) => [name.toLowerCase(), value] as const,
    )
    const { host, connection: _, ...rest } = Object.fromEntries(lines)
    const stream = session.request({ ':path': target, ':authority': host ?? '', ...rest, ...changes })
    const [head] = await once(stream, 'response')
    return { status: head[':status'], code: codeOf(await text(stream)) }
  }

  it('accepts a request that the edge signed, once', async () => {
    const signed = chain.sign(request)
    expect(await send(signed)).toEqual({ status: 200, code: undefined })
    expect(await send(signed)).toEqual({ status: 401, code: 'CSN_SIGNATURE_REPLAYED' })
  })

  it('refuses it for another authority, path or header', async () => {
    const refused = { status: 401, code: 'CSN_SIGNATURE_INVALID' }
    expect(await send(chain.sign(request), { ':authority': 'other.example' })).toEqual(refused)
    expect(await send(chain.sign(request), { ':path': '/alice' })).toEqual(refused)
    expect(await send(chain.sign(request), { 'x-cert-serial': '00' })).toEqual(refused)
  })

  it('refuses another host next to the signed authority: the router and the handlers read host', async () => {
    const refused = { status: 401, code: 'CSN_SIGNATURE_INVALID' }
    const own = headerOf(request, 'host') ?? ''
    expect(await send(chain.sign(request), { host: 'admin.example.com' })).toEqual(refused)
    expect(await send(chain.sign(request, { authority: 'admin.example.com' }), { host: 'admin.example.com' })).toEqual(
      refused,
    )
    expect(await send(chain.sign(request), { host: own })).toEqual({ status: 200, code: undefined })
  })

  it('refuses a target that is not ASCII, which the edge never writes', async () => {
    // Node's HTTP/1.1 parser refuses it. Over HTTP/2 it arrives, and a character can be several bytes.
    const target = '/me?name=Zo\u00eb'
    const answer = await send(chain.sign({ ...request, target }))
    expect(answer).toEqual({ status: 401, code: 'CSN_SIGNATURE_INVALID' })
  })
})
