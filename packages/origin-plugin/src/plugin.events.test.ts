import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createCa } from '@countersign/test-support/certificates'
import Fastify, { type ClientUser, type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AUTHORITY } from '../test/support/edge-lines.ts'
import { EDGE_KEY, injectSigned, SIGNED_ONLY } from '../test/support/inject-signed.ts'
import type { AdmittedMessage, DegradedMessage, RefusedMessage } from './events/messages.ts'
import type { CountersignPluginOptions } from './options.ts'
import { countersign } from './plugin.ts'

async function start(changes: Partial<CountersignPluginOptions> = {}) {
  const app = Fastify() as FastifyInstance
  await app.register(countersign, {
    ...SIGNED_ONLY,
    policies: { ops: { subject: { OU: 'Ops' } } },
    ...changes,
  })
  onTestFinished(() => app.close())
  app.get('/users/:id', () => 'me')
  app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
  app.get('/hook', { preHandler: app.requireClientCert('ops') }, () => 'ops')
  app.get('/public', { config: { clientCert: false } }, () => 'all')
  return app
}

/** Collects the messages of a channel until the test ends. */
function collect<Message>(channel: string): Message[] {
  const messages: Message[] = []
  const listen = (message: unknown) => void messages.push(message as Message)
  subscribe(channel, listen)
  onTestFinished(() => void unsubscribe(channel, listen))
  return messages
}

describe('the channel countersign:admitted', () => {
  it('has each admitted request, with its route, its client and the time that the decision took', async () => {
    const app = await start()
    const admitted = collect<AdmittedMessage>('countersign:admitted')
    await injectSigned(app, '/users/7')
    await injectSigned(app, '/ops', { subject: 'CN=mallory' })
    await app.inject('/public')
    await injectSigned(app, '/ops', { subject: 'CN=pay-2,OU=Ops' })
    expect(
      admitted.map(({ route, clientCert, access, enforced }) => [route, clientCert?.subject.CN, access, enforced]),
    ).toEqual([
      ['/users/:id', 'pay-1', null, true],
      ['/ops', 'pay-2', null, true],
    ])
    const [{ request, duration, clientCert } = {}] = admitted
    expect([request?.url, request?.clientCert]).toEqual(['/users/7', clientCert])
    expect(duration).toBeGreaterThan(0)
    expect(duration).toBeLessThan(10_000)
  })

  it('has the time of identify too, and one message for a request with a hook', async () => {
    const app = await start({
      identify: () => new Promise((resolve) => setTimeout(resolve, 30, { name: 'x' } as ClientUser)),
    })
    const admitted = collect<AdmittedMessage>('countersign:admitted')
    await injectSigned(app, '/hook')
    expect(admitted).toHaveLength(1)
    expect(admitted[0]?.duration).toBeGreaterThanOrEqual(25)
  })
})

describe('the channel countersign:refused', () => {
  it('has code, step, reason and route, and the client as far as it is proven', async () => {
    const app = await start()
    const refused = collect<RefusedMessage>('countersign:refused')
    await app.inject('/users/7')
    await app.inject('/nowhere')
    await injectSigned(app, '/ops', { subject: 'CN=mallory' })
    await injectSigned(app, '/hook', { subject: 'CN=eve' })
    expect(
      refused.map(({ code, statusCode, step, reason, route, clientCert, enforced }) => [
        code,
        statusCode,
        step,
        reason,
        route,
        clientCert?.subject.CN,
        enforced,
      ]),
    ).toEqual([
      ['CSN_SIGNATURE_MISSING', 401, 'edge signature', 'Signature-Input is missing', '/users/:id', undefined, true],
      ['CSN_SIGNATURE_MISSING', 401, 'edge signature', 'Signature-Input is missing', undefined, undefined, true],
      [
        'CSN_CERT_FORBIDDEN',
        403,
        'guard',
        'subject does not match: OU=Ops (subject CN=mallory, issuer CN=Acme Issuing CA,O=Acme)',
        '/ops',
        'mallory',
        true,
      ],
      [
        'CSN_CERT_FORBIDDEN',
        403,
        'guard',
        'subject does not match: OU=Ops (subject CN=eve, issuer CN=Acme Issuing CA,O=Acme)',
        '/hook',
        'eve',
        true,
      ],
    ])
    expect(refused.map(({ duration }) => duration !== undefined && duration > 0)).toEqual([true, true, true, false])
  })

  it('has a reason of 300 characters at most, whatever the names in the certificate are', async () => {
    const app = await start()
    const refused = collect<RefusedMessage>('countersign:refused')
    const subject = `CN=${'x'.repeat(6_000)}`
    await injectSigned(app, '/ops', { subject })
    await injectSigned(app, '/ops', { subject, notAfter: 'Jan  2 00:00:00 2020 GMT' })
    expect(refused.map(({ code, reason }) => [code, reason.length])).toEqual([
      ['CSN_CERT_FORBIDDEN', 300],
      ['CSN_CERT_EXPIRED', 300],
    ])
  })

  it('names the client of an expired certificate, although the request does not', async () => {
    const app = await start()
    const refused = collect<RefusedMessage>('countersign:refused')
    await injectSigned(app, '/users/7', { notAfter: 'Jan  2 00:00:00 2020 GMT' })
    expect(refused).toMatchObject([{ code: 'CSN_CERT_EXPIRED', clientCert: { subject: { CN: 'pay-1' } } }])
    expect(refused[0]?.request.clientCert).toBeNull()
  })
})

describe('the channel countersign:degraded', () => {
  it('has 1,000 characters of a failure that quotes more, and so has the health', async () => {
    const degraded = collect<DegradedMessage>('countersign:degraded')
    const { pem } = await createCa()
    const crl = `/none${'/x'.repeat(1_000)}`
    const app = await start({ trustedIssuers: [{ ca: pem, revocation: { crl, onStale: 'accept' } }] })
    await app.ready()
    const { reason } = degraded.find(({ server }) => server.countersignHealth === app.countersignHealth) ?? {}
    expect(reason).toHaveLength(1_001)
    expect(reason?.endsWith('x…') || reason?.endsWith('/…')).toBe(true)
    expect(app.countersignHealth().parts[0]?.reason).toHaveLength(1_001)
  })

  it('has the part, the server and the reason, once for a failure that refuses, and its end', async () => {
    const spent = new Set<string>()
    let isDown = false
    const store = {
      async spend(nonce: string) {
        if (isDown) throw new Error('READONLY')
        return !spent.has(nonce) && spent.add(nonce) === spent
      },
    }
    const app = await start({ edge: { keys: EDGE_KEY.jwk, hosts: [AUTHORITY], replay: store } })
    const degraded = collect<DegradedMessage>('countersign:degraded')
    await app.ready()
    isDown = true
    for (let request = 0; request < 2; request += 1) await injectSigned(app, '/users/7')
    isDown = false
    await injectSigned(app, '/users/7')
    expect(degraded.map(({ part, state, reason }) => [part, state, reason])).toEqual([
      ['replay store', 'degraded', 'the replay store failed: "READONLY"'],
      ['replay store', 'recovered', 'the replay store answers again'],
    ])
    expect(degraded[0]?.server.countersignHealth).toBe(app.countersignHealth)
  })
})
