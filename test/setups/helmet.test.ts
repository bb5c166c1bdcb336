import countersign, { type CountersignPluginOptions } from '@countersign/origin-plugin'
import helmet from '@fastify/helmet'
import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { startSetup } from '../support/setup.ts'

const HOOKS = ['helmetConfigureReply', 'helmetApplyHeaders']

async function build(options: CountersignPluginOptions, order: 'plugin first' | 'helmet first') {
  const app = Fastify()
  if (order === 'helmet first') await app.register(helmet)
  await app.register(countersign, options)
  if (order === 'plugin first') await app.register(helmet)
  app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
  return app
}

describe('@fastify/helmet', () => {
  it('after countersign, puts its headers on the answers of admitted requests', async () => {
    const { send, statuses } = await startSetup((options) => build(options, 'plugin first'))
    expect(await statuses('/ops')).toEqual([401, 403, 200])
    expect((await send('/ops')).headers['content-security-policy']).toMatch(/^default-src 'self'/)
    expect((await send('/ops', { cert: null })).headers).not.toHaveProperty('content-security-policy')
  })

  it('before countersign, does not start without hooksInFront, and puts its headers on refusals with it', async () => {
    await expect(startSetup((options) => build(options, 'helmet first'))).rejects.toThrow(
      `write hooksInFront: ${JSON.stringify(HOOKS)}`,
    )
    const { send, statuses } = await startSetup((options) => build({ ...options, hooksInFront: HOOKS }, 'helmet first'))
    expect(await statuses('/ops')).toEqual([401, 403, 200])
    const refused = await send('/ops', { cert: null })
    expect(refused.code).toBe('CSN_CERT_MISSING')
    expect(refused.headers['content-security-policy']).toMatch(/^default-src 'self'/)
  })
})
