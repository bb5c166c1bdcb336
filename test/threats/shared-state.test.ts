import { clientCertOf } from '@countersign/origin-plugin'
import { type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import type { FastifyRequest } from 'fastify'
import { expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

/** Changes everything in an object, as a careless handler could. Ignores the failures on frozen objects. */
function vandalise(value: unknown, seen = new Set<unknown>()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  if (value instanceof Date) value.setTime(0)
  if (value instanceof Uint8Array) return void value.fill(0x42, -1)
  for (const key of Reflect.ownKeys(value)) {
    const child = (value as Record<string | symbol, unknown>)[key]
    vandalise(child, seen)
    if (typeof child === 'string') Reflect.set(value, key, 'mallory')
  }
  Reflect.set(value, 'added', 'mallory')
  if (Array.isArray(value)) Reflect.set(value, value.length, 'mallory')
}

const options: ChainOptions = {
  routes(app) {
    const answer = (request: FastifyRequest) => {
      const { subject, issuer, validTo, validToDate, subjectAltNames, raw, x509, ...plain } = clientCertOf(request)
      return {
        subject,
        text: String(subject),
        CN: subject.CN,
        bytes: subject.getAll('1.2.3.4').map(String),
        rdns: subject.rdns.flat().map(({ type, value }) => `${type}=${value}`),
        x509: {
          pem: String(x509),
          raw: x509?.raw.toString('hex'),
          subject: x509?.subject,
          added: Object.keys(x509 ?? {}),
        },
        issuer,
        validTo,
        validToDate,
        subjectAltNames,
        raw,
        plain,
        access: request.access,
      }
    }
    app.get('/show', answer)
    app.get('/vandal', (request) => {
      const cert = clientCertOf(request)
      cert.x509?.raw.fill(0x42)
      if (cert.x509) Object.defineProperty(cert.x509, 'subject', { value: 'CN=mallory' })
      for (const value of cert.subject.getAll('1.2.3.4')) vandalise(value)
      vandalise(cert.subject)
      vandalise({ ...cert })
      vandalise(request.clientCert)
      vandalise(request.access)
      return 'done'
    })
  },
}

describeThreat('the state that is cached between requests', options, (chain) => {
  it('cannot be changed by a handler for the requests of other clients', async () => {
    const subject = 'CN=pay+UID=7,1.2.3.4=#03020048,O=Acme'
    const client = await chain.edge.issueClient({ subject, san: { dns: ['pay.example'] } })
    const before = await chain.through('/show', { client })
    expect(await chain.through('/vandal', { client })).toMatchObject({ status: 200 })
    expect((await chain.through('/show', { client })).body).toBe(before.body)
    expect(before.body).not.toContain('mallory')
  })

  it('does not mix a token with another certificate, nor a certificate with another token', async () => {
    const alice = await chain.capture('/show', { client: chain.edge.clients.alice })
    const bob = await chain.capture('/show', { client: chain.edge.clients.bob })
    const tokenFor = async (email: string) => chain.edge.accessToken({ claims: { email } })
    const sent = async (request: WireRequest, token: string) =>
      JSON.parse((await chain.around(chain.sign(withHeader(request, 'cf-access-jwt-assertion', token)))).body)
    const [one, two] = [await tokenFor('one@acme.example'), await tokenFor('two@acme.example')]
    for (let round = 0; round < 2; round += 1) {
      expect(await sent(alice, one)).toMatchObject({ CN: 'alice', access: { email: 'one@acme.example' } })
      expect(await sent(bob, one)).toMatchObject({ CN: 'bob', access: { email: 'one@acme.example' } })
      expect(await sent(alice, two)).toMatchObject({ CN: 'alice', access: { email: 'two@acme.example' } })
    }
  })

  it('ends with the token: an expired one is refused although it is cached', async () => {
    const request = await chain.capture('/show', { client: chain.edge.clients.alice })
    // The origin accepts an expired token for five more seconds, the tolerance of the clocks.
    const token = await chain.edge.accessToken({ expiresIn: -3 })
    const sent = () => chain.around(chain.sign(withHeader(request, 'cf-access-jwt-assertion', token)))
    expect(await sent()).toMatchObject({ status: 200 })
    expect(await sent()).toMatchObject({ status: 200 })
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect(await sent()).toMatchObject({ status: 401, code: 'CSN_ACCESS_TOKEN_EXPIRED' })
  })
})
