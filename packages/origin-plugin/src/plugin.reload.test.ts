import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createCa, type IssuedCert, type TestCa } from '@countersign/test-support/certificates'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { lineStream } from '@countersign/test-support/line-stream'
import Fastify, { type FastifyInstance } from 'fastify'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { AUTHORITY, edgeLines } from '../test/support/edge-lines.ts'
import { onDistrust } from './client-trust/on-distrust.ts'
import type { DegradedMessage } from './events/messages.ts'
import { countersign } from './plugin.ts'

const [FIRST, SECOND] = [hmacKey('first'), hmacKey('second')]
let oldCa: TestCa
let newCa: TestCa
let oldClient: IssuedCert
let newClient: IssuedCert
beforeAll(async () => {
  ;[oldCa, newCa] = [await createCa('CN=Old CA'), await createCa('CN=New CA')]
  ;[oldClient, newClient] = [await oldCa.issue(), await newCa.issue()]
})

/** An origin that asks for keys and CAs every second. */
async function start(serializers = {}) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const answers: { keys: () => unknown; ca: () => unknown } = { keys: () => FIRST.jwk, ca: () => oldCa.pem }
  const lines: Record<string, unknown>[] = []
  const app = Fastify({
    logger: { serializers, stream: lineStream((line) => lines.push(JSON.parse(line))) },
    pluginTimeout: 0,
  }) as unknown as FastifyInstance
  onTestFinished(() => app.close())
  const distrusted: string[] = []
  await app.register(countersign, {
    edge: { keys: () => answers.keys() as typeof FIRST.jwk, hosts: [AUTHORITY], refresh: 1 },
    access: null,
    trustedIssuers: [{ ca: () => answers.ca() as string, refresh: 1 }],
  })
  app.get('/me', (request) => {
    onDistrust(request, ({ code }) => distrusted.push(code))
    return 'in'
  })
  const get = async (cert: IssuedCert, key = FIRST) => {
    const headers = { host: AUTHORITY, ...Object.fromEntries(edgeLines('/me', { cert, key })) }
    const answer = await app.inject({ url: '/me', headers })
    return answer.statusCode === 200 ? 'in' : answer.json().code
  }
  return { app, answers, lines, distrusted, get, pass: () => vi.advanceTimersByTimeAsync(1000) }
}

describe('a server whose keys and CAs change', () => {
  it('admits by the new ones at once, and by the old ones no more', async () => {
    const { answers, get, pass } = await start()
    expect([await get(oldClient), await get(newClient)]).toEqual(['in', 'CSN_CERT_UNTRUSTED_ISSUER'])
    answers.ca = () => `${oldCa.pem}${newCa.pem}`
    answers.keys = () => [FIRST.jwk, SECOND.jwk]
    await pass()
    expect([await get(oldClient), await get(newClient), await get(newClient, SECOND)]).toEqual(['in', 'in', 'in'])
    answers.ca = () => newCa.pem
    answers.keys = () => SECOND.jwk
    await pass()
    expect([await get(oldClient, SECOND), await get(newClient, SECOND), await get(newClient)]).toEqual([
      'CSN_CERT_UNTRUSTED_ISSUER',
      'in',
      'CSN_SIGNATURE_INVALID',
    ])
  })

  it('ends the trust in open connections of a CA that is removed', async () => {
    const { answers, get, pass, distrusted } = await start()
    answers.ca = () => `${oldCa.pem}${newCa.pem}`
    expect([await get(oldClient), await get(newClient)]).toEqual(['in', 'in'])
    answers.ca = () => newCa.pem
    await pass()
    await pass()
    expect(distrusted).toEqual(['CSN_CERT_UNTRUSTED_ISSUER'])
  })

  it('tells log, channel and health of a bad answer and its end', async () => {
    const { app, answers, lines, get, pass } = await start()
    const messages: DegradedMessage[] = []
    const listen = (message: unknown) => void messages.push(message as DegradedMessage)
    subscribe('countersign:degraded', listen)
    onTestFinished(() => void unsubscribe('countersign:degraded', listen))
    await app.ready()
    expect(app.countersignHealth()).toMatchObject({
      state: 'ok',
      parts: [{ part: 'edge keys' }, { part: 'trusted issuers' }, {}],
    })
    answers.keys = answers.ca = () => ''
    await pass()
    const own = () =>
      messages
        .filter(({ server }) => server.log === app.log)
        .map(({ part, state, reason }) => ({ part, state, reason }))
    const bad = [
      { part: 'edge keys', reason: expect.stringMatching(/^edge\.keys from the function: the answer is empty text; /) },
      { part: 'trusted issuers', reason: expect.stringMatching(/^trustedIssuers\[0\]\.ca from the function: .* PEM/) },
    ]
    expect(own()).toEqual(bad.map((each) => ({ ...each, state: 'degraded' })))
    expect(lines).toMatchObject(bad.map((each) => ({ ...each, level: 40, msg: 'countersign: degraded' })))
    expect(app.countersignHealth()).toMatchObject({
      state: 'degraded',
      parts: [
        { part: 'edge keys', state: 'degraded', name: 'edge.keys from the function', age: expect.any(Number) },
        {
          part: 'trusted issuers',
          state: 'degraded',
          name: 'trustedIssuers[0].ca from the function',
          age: expect.any(Number),
        },
        { part: 'replay memory' },
      ],
      edgeKeys: [{ keyid: 'first' }],
    })
    expect(await get(oldClient)).toBe('in')
    answers.keys = () => FIRST.jwk
    answers.ca = () => oldCa.pem
    await pass()
    expect(own().slice(2)).toEqual([
      { part: 'edge keys', state: 'recovered', reason: 'edge.keys from the function: it is loaded again' },
      {
        part: 'trusted issuers',
        state: 'recovered',
        reason: 'trustedIssuers[0].ca from the function: it is loaded again',
      },
    ])
    expect(app.countersignHealth().state).toBe('ok')
  })

  it('keeps asking if the logger of the application cannot write the failure', async () => {
    const part = () => {
      throw new Error('another form')
    }
    const { app, answers, lines, get, pass } = await start({ part })
    await app.ready()
    answers.keys = () => ''
    await pass()
    expect(lines).toMatchObject([
      {
        level: 40,
        msg: expect.stringMatching(/^countersign: degraded \{"part":"edge keys","reason":"edge\.keys from/),
      },
    ])
    answers.keys = () => SECOND.jwk
    await pass()
    expect(await get(oldClient, SECOND)).toBe('in')
    expect(lines[1]).toMatchObject({
      level: 30,
      msg: expect.stringMatching(/^countersign: recovered \{"part":"edge keys"/),
    })
  })

  it.each(['keys', 'ca'] as const)(
    'does not start without the first answer of %s, and admits nobody',
    async (option) => {
      const { app, answers, get } = await start()
      answers[option] = () => new Promise(() => {})
      const name = option === 'keys' ? 'edge.keys' : 'trustedIssuers[0].ca'
      const ready = expect(app.ready()).rejects.toThrow(
        `${name} from the function cannot be loaded: no answer within 5 s`,
      )
      await vi.advanceTimersByTimeAsync(5000)
      await ready
      await expect(get(oldClient)).rejects.toThrow()
    },
  )

  it('ends a start that waits for an answer when it is closed', async () => {
    const { app, answers } = await start()
    answers.keys = () => new Promise(() => {})
    const ready = expect(app.ready()).rejects.toThrow(
      'edge.keys from the function cannot be loaded: the server was closed',
    )
    await new Promise((resolve) => setImmediate(resolve))
    await Promise.all([ready, app.close()])
    expect(vi.getTimerCount()).toBe(0)
  })
})
