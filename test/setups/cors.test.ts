import countersign, { type CountersignPluginOptions, optional } from '@countersign/origin-plugin'
import cors from '@fastify/cors'
import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { startSetup } from '../support/setup.ts'

const ORIGIN = 'https://app.example.com'
const PREFLIGHTS = [{ method: 'OPTIONS', url: '*', clientCert: false as const }]

/** A preflight, which browsers send without a certificate and which the Worker does not sign for a client. */
const preflight = {
  method: 'OPTIONS',
  signed: false,
  headers: { origin: ORIGIN, 'access-control-request-method': 'PUT' },
} as const

async function build(options: CountersignPluginOptions, order: 'plugin first' | 'cors first') {
  const app = Fastify()
  if (order === 'cors first') await app.register(cors, { origin: ORIGIN })
  await app.register(countersign, options)
  if (order === 'plugin first') await app.register(cors, { origin: ORIGIN })
  app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
  if (order === 'cors first') app.all('/either', { config: { clientCert: optional() } }, () => 'either')
  return app
}

describe('@fastify/cors after countersign', () => {
  it('does not start while preflights would be refused, and says what to write', async () => {
    await expect(startSetup((options) => build(options, 'plugin first'))).rejects.toThrow(
      new TypeError(
        "OPTIONS * would refuse every preflight, which browsers send without a certificate; write routes: [{ method: 'OPTIONS', url: '*', clientCert: false }], or clientCert: true in it to refuse them",
      ),
    )
  })

  it('answers preflights without a certificate, and guards the routes', async () => {
    const { send, statuses } = await startSetup((options) => build({ ...options, routes: PREFLIGHTS }, 'plugin first'))
    const answer = await send('/ops', preflight)
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([204, ORIGIN])
    expect(await statuses('/ops')).toEqual([401, 403, 200])
    expect((await send('/ops')).headers['access-control-allow-origin']).toBe(ORIGIN)
    const refused = await send('/ops', { cert: null })
    expect([refused.code, refused.headers['access-control-allow-origin']]).toEqual(['CSN_CERT_MISSING', undefined])
  })

  it('refuses preflights if a rule says so', async () => {
    const rule = { method: 'OPTIONS', url: '*', clientCert: true as const }
    const { send } = await startSetup((options) => build({ ...options, routes: [rule] }, 'plugin first'))
    expect((await send('/ops', preflight)).code).toBe('CSN_SIGNATURE_MISSING')
  })
})

describe('@fastify/cors before countersign', () => {
  it('does not start, and says what to write, rule by rule', async () => {
    await expect(startSetup((options) => build(options, 'cors first'))).rejects.toThrow(
      /^OPTIONS \* was registered before countersign .* or cover it with a rule of the option routes$/,
    )
    const ruled = startSetup((options) => build({ ...options, routes: PREFLIGHTS }, 'cors first'))
    await expect(ruled).rejects.toThrow('write hooksInFront: ["handleCors"]')
  })

  it('puts its headers on refusals too', async () => {
    const { send, statuses } = await startSetup((options) =>
      build({ ...options, routes: PREFLIGHTS, hooksInFront: ['handleCors'] }, 'cors first'),
    )
    for (const path of ['/ops', '/either']) expect((await send(path, preflight)).status).toBe(204)
    expect(await statuses('/ops')).toEqual([401, 403, 200])
    const refused = await send('/ops', { cert: null })
    expect([refused.code, refused.headers['access-control-allow-origin']]).toEqual(['CSN_CERT_MISSING', ORIGIN])
  })
})
