import type { IncomingMessage, ServerResponse } from 'node:http'
import countersign, { type CountersignPluginOptions } from '@countersign/origin-plugin'
import middie from '@fastify/middie'
import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { startSetup } from '../support/setup.ts'

/** A middleware that notes the requests that come to it, and answers some of them by itself. */
function middleware(seen: string[]) {
  return (request: IncomingMessage, response: ServerResponse, next: () => void) => {
    seen.push(request.url ?? '')
    if (request.url === '/legacy') response.end('legacy')
    else next()
  }
}

async function build(options: CountersignPluginOptions, order: 'plugin first' | 'middie first', seen: string[]) {
  const app = Fastify()
  if (order === 'middie first') await app.register(middie)
  await app.register(countersign, options)
  if (order === 'plugin first') await app.register(middie)
  app.use(middleware(seen))
  app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
  return app
}

describe('@fastify/middie', () => {
  it('after countersign, runs the middleware for admitted requests alone', async () => {
    const seen: string[] = []
    const { send, statuses } = await startSetup((options) => build(options, 'plugin first', seen))
    expect(await statuses('/ops')).toEqual([401, 403, 200])
    expect(seen).toEqual(['/ops'])
    // A path of the middleware is unknown to the router, so that any verified certificate opens it.
    expect(await statuses('/legacy')).toEqual([401, 200, 200])
    expect((await send('/legacy')).body).toBe('legacy')
  })

  it('before countersign, does not start, because the middleware could answer first', async () => {
    await expect(startSetup((options) => build(options, 'middie first', []))).rejects.toThrow(
      'write hooksInFront: ["runMiddie"]',
    )
  })

  it('before countersign, runs the middleware for every request if the operator says so', async () => {
    const seen: string[] = []
    const { send, statuses } = await startSetup((options) =>
      build({ ...options, hooksInFront: ['runMiddie'] }, 'middie first', seen),
    )
    expect(await statuses('/ops')).toEqual([401, 403, 200])
    expect(seen).toEqual(['/ops', '/ops', '/ops'])
    expect((await send('/legacy', { signed: false })).body).toBe('legacy')
  })
})
