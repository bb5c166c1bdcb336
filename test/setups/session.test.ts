import countersign, { type CountersignPluginOptions, clientCertOf } from '@countersign/origin-plugin'
import cookie from '@fastify/cookie'
import session from '@fastify/session'
import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { startSetup } from '../support/setup.ts'

declare module 'fastify' {
  interface Session {
    visits?: number
  }
}

const HOOKS = ['fastifyCookieHandler', 'handleSession']

/** The order of their READMEs: cookies, then sessions, then the routes. */
async function build(options: CountersignPluginOptions, order: 'plugin first' | 'session first') {
  const app = Fastify()
  const registerSession = async () => {
    await app.register(cookie)
    await app.register(session, { secret: 'a secret with minimum length of 32 characters', cookie: { secure: false } })
  }
  if (order === 'session first') await registerSession()
  await app.register(countersign, options)
  if (order === 'plugin first') await registerSession()
  app.get('/visits', { config: { clientCert: 'ops' } }, (request) => {
    request.session.visits = (request.session.visits ?? 0) + 1
    return `${clientCertOf(request).subject.CN}: ${request.session.visits}`
  })
  return app
}

describe('@fastify/cookie and @fastify/session', () => {
  it.each([
    ['after', 'plugin first', []],
    ['before', 'session first', HOOKS],
  ] as const)('%s countersign, keep a session for an admitted client', async (_, order, hooksInFront) => {
    const { send, statuses } = await startSetup((options) => build({ ...options, hooksInFront }, order))
    expect(await statuses('/visits')).toEqual([401, 403, 200])
    const first = await send('/visits')
    const [set = ''] = first.headers['set-cookie'] ?? []
    const headers = { cookie: set.split(';')[0] ?? '' }
    expect([first.body, (await send('/visits', { headers })).body]).toEqual(['pay-1: 1', 'pay-1: 2'])
    // The cookie alone opens nothing.
    expect((await send('/visits', { headers, cert: null })).code).toBe('CSN_CERT_MISSING')
    expect((await send('/visits', { headers, signed: false })).code).toBe('CSN_SIGNATURE_MISSING')
  })

  it('make no session for a request that is refused', async () => {
    const { send } = await startSetup((options) => build(options, 'plugin first'))
    expect((await send('/visits', { cert: null })).headers).not.toHaveProperty('set-cookie')
  })

  it('do not start before countersign without hooksInFront, and say what to write', async () => {
    await expect(startSetup((options) => build(options, 'session first'))).rejects.toThrow(
      `write hooksInFront: ${JSON.stringify(HOOKS)}`,
    )
  })
})
