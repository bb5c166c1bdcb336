import { lineStream } from '@countersign/test-support/line-stream'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { injectSigned, SIGNED_ONLY } from '../../test/support/inject-signed.ts'
import type { CountersignError } from '../errors.ts'
import type { CountersignPluginOptions } from '../options.ts'
import { countersign } from '../plugin.ts'
import { onDistrust } from './on-distrust.ts'

const NOT_AFTER = 'Jan  1 00:00:00 2050 GMT'
const END = Date.parse(NOT_AFTER)
const CLIENT = { fingerprint256: Array(32).fill('AB').join(':'), serialNumber: '0A1B' }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
})

/** An origin whose route `/watch` watches the client of each request. */
async function start(changes: Partial<CountersignPluginOptions> = {}, callback: () => unknown = () => {}) {
  const lines: Record<string, unknown>[] = []
  const stream = lineStream((line) => lines.push(JSON.parse(line)))
  const app = Fastify({ logger: { level: 'warn', stream } }) as never as FastifyInstance
  onTestFinished(() => app.close())
  await app.register(countersign, {
    ...SIGNED_ONLY,
    ...changes,
  })
  const calls: CountersignError[] = []
  const requests: FastifyRequest[] = []
  const stops: (() => void)[] = []
  const watch = (request: FastifyRequest) => {
    requests.push(request)
    stops.push(
      onDistrust(request, (refusal) => {
        calls.push(refusal)
        return callback()
      }),
    )
    return 'in'
  }
  app.get('/watch', watch)
  app.get('/public', { config: { clientCert: false } }, watch)
  return { app, lines, calls, requests, stops }
}

/** Sets the clock after the end of the certificate, and lets the watch notice it. */
async function expire(): Promise<void> {
  // A check that took long lets other work run before it ends, and no other check starts until then.
  await new Promise((resolve) => setImmediate(resolve))
  vi.spyOn(Date, 'now').mockReturnValue(END + 1)
  onTestFinished(() => void vi.restoreAllMocks())
  vi.advanceTimersByTime(1_000)
  await new Promise((resolve) => setImmediate(resolve))
}

describe('onDistrust', () => {
  it('calls the function with the refusal that a new request would get, and logs it', async () => {
    const { app, calls, lines } = await start()
    await injectSigned(app, '/watch')
    vi.advanceTimersByTime(2_000)
    expect([calls, lines]).toEqual([[], []])
    await expire()
    expect(calls).toMatchObject([{ code: 'CSN_CERT_EXPIRED', statusCode: 403 }])
    expect(lines).toMatchObject([
      {
        level: 40,
        reqId: 'req-1',
        msg: 'countersign: client no longer trusted',
        code: 'CSN_CERT_EXPIRED',
        reason: calls[0]?.reason,
        client: CLIENT,
      },
    ])
    expect(Object.hasOwn(lines[0] ?? {}, 'enforced')).toBe(false)
  })

  it('does not call it after its end, after the end of the socket or stream, or of the server', async () => {
    const { app, calls, requests, stops } = await start()
    for (let at = 0; at < 4; at += 1) await injectSigned(app, '/watch')
    stops[0]?.()
    Object.defineProperty(requests[1]?.raw, 'socket', { value: { destroyed: true } })
    Object.defineProperty(requests[2]?.raw, 'stream', { value: { destroyed: true } })
    Object.defineProperty(requests[3]?.raw, 'stream', { value: { destroyed: false } })
    await expire()
    expect(calls).toHaveLength(1)
    vi.restoreAllMocks()
    await injectSigned(app, '/watch')
    await app.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no socket')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no socket'))],
  ])('logs a function that %s', async (_, callback) => {
    const { app, lines } = await start({}, callback)
    await injectSigned(app, '/watch')
    await expire()
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 50,
        msg: 'countersign: the callback of onDistrust failed',
        err: expect.objectContaining({ message: 'no socket' }),
      }),
    )
    expect(lines).toHaveLength(2)
  })

  it('calls the function of each client, although the logger of the application throws', async () => {
    const { app, calls, lines } = await start({}, () => Promise.reject(new Error('no socket')))
    const fail = () => {
      throw new Error('another form')
    }
    app.addHook('onRequest', async (request) => {
      request.log = request.log.child({}, { serializers: { code: fail, err: fail } })
    })
    for (const subject of ['CN=pay-1', 'CN=pay-2']) await injectSigned(app, '/watch', { subject })
    await expire()
    expect(calls).toHaveLength(2)
    const text = 'countersign: client no longer trusted {"code":"CSN_CERT_EXPIRED",'
    expect(lines.filter(({ msg }) => String(msg).startsWith(text))).toHaveLength(2)
    expect(lines.filter(({ msg }) => msg === 'countersign: the callback of onDistrust failed {"err":{}}')).toHaveLength(
      2,
    )
  })

  it.each([undefined, null, {}, 'close'])('throws at the call with %s in place of a function', async (callback) => {
    const { app, requests } = await start()
    await injectSigned(app, '/watch')
    expect(() => onDistrust(requests[0] as FastifyRequest, callback as never)).toThrow(
      new TypeError('callback must be a function; write onDistrust(request, () => socket.close())'),
    )
  })

  it('refuses another value than the request, and shows the call', async () => {
    const { app, requests } = await start()
    await injectSigned(app, '/watch')
    const [request] = requests
    for (const value of [undefined, null, 'request', {}, request?.raw, request?.raw.socket, request?.server]) {
      expect(() => onDistrust(value as FastifyRequest, () => {})).toThrow(
        new TypeError('onDistrust() must get the request of Fastify; write onDistrust(request, () => socket.close())'),
      )
    }
  })

  it('in report mode logs alone', async () => {
    const { app, calls, lines } = await start({ mode: 'report' })
    await injectSigned(app, '/watch')
    lines.length = 0
    await expire()
    expect(calls).toEqual([])
    expect(lines).toMatchObject([{ code: 'CSN_CERT_EXPIRED', enforced: false, client: CLIENT }])
  })

  it('throws where no certificate is verified', async () => {
    const { app } = await start()
    expect((await app.inject('/public')).json()).toMatchObject({
      statusCode: 500,
      message:
        'onDistrust() must not be called without a verified certificate: the route is public or optional, or in report mode; call it only if request.clientCert is not null',
    })
    const outside = new TypeError(
      'onDistrust() must not be called outside of countersign: the plugin is not registered for this route; await app.register(countersign, …) before the routes of its scope',
    )
    const bare = Fastify()
    onTestFinished(() => bare.close())
    bare.get('/', (request) => onDistrust(request, () => {}))
    expect((await bare.inject('/')).json().message).toBe(outside.message)
    expect(() => onDistrust({ clientCert: {} } as FastifyRequest, () => {})).toThrow(outside)
  })
})
