import countersign, { type CountersignPluginOptions } from '@countersign/origin-plugin'
import underPressure from '@fastify/under-pressure'
import Fastify from 'fastify'
import { describe, expect, it, vi } from 'vitest'
import { startSetup } from '../support/setup.ts'

const PUBLIC_STATUS = [{ url: '/status', clientCert: false as const }]

async function build(
  options: CountersignPluginOptions,
  order: 'plugin first' | 'pressure first',
  maxHeapUsedBytes = 2e12,
) {
  const app = Fastify()
  const pressure = { exposeStatusRoute: true, maxHeapUsedBytes, sampleInterval: 5 }
  if (order === 'pressure first') await app.register(underPressure, pressure)
  await app.register(countersign, options)
  if (order === 'plugin first') await app.register(underPressure, pressure)
  app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
  return app
}

describe('@fastify/under-pressure after countersign', () => {
  it('guards its status route, unless a rule makes it public', async () => {
    const guarded = await startSetup((options) => build(options, 'plugin first'))
    expect(await guarded.statuses('/status')).toEqual([401, 200, 200])
    const open = await startSetup((options) => build({ ...options, routes: PUBLIC_STATUS }, 'plugin first'))
    expect(await open.statuses('/status')).toEqual([200, 200, 200])
    expect((await open.send('/status', { signed: false })).body).toBe('{"status":"ok"}')
    expect(await open.statuses('/ops')).toEqual([401, 403, 200])
  })

  it('refuses strangers before it answers that the server is under pressure', async () => {
    const { send } = await startSetup((options) => build(options, 'plugin first', 1))
    await vi.waitFor(async () => expect((await send('/ops')).code).toBe('FST_UNDER_PRESSURE'))
    expect((await send('/ops', { cert: null })).code).toBe('CSN_CERT_MISSING')
  })
})

describe('@fastify/under-pressure before countersign', () => {
  it('does not start, and says what to write', async () => {
    await expect(startSetup((options) => build(options, 'pressure first'))).rejects.toThrow(
      /^GET \/status was registered before countersign .* or cover it with a rule of the option routes$/,
    )
    const ruled = startSetup((options) => build({ ...options, routes: PUBLIC_STATUS }, 'pressure first'))
    await expect(ruled).rejects.toThrow('write hooksInFront: ["onRequest"]')
  })

  it('works with a rule and the name of its hook', async () => {
    const { send, statuses } = await startSetup((options) =>
      build({ ...options, routes: PUBLIC_STATUS, hooksInFront: ['onRequest'] }, 'pressure first'),
    )
    expect(await statuses('/status')).toEqual([200, 200, 200])
    expect(await statuses('/ops')).toEqual([401, 403, 200])
    expect((await send('/status', { signed: false })).status).toBe(200)
  })
})
