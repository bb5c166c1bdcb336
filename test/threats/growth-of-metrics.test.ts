import { startMetrics } from '@countersign/example-monitoring'
import countersign from '@countersign/origin-plugin'
import { countersignTelemetry } from '@countersign/origin-plugin/otel'
import { onFreePort } from '@countersign/test-support/local-server'
import Fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { scrape } from '../support/monitoring/prometheus-text.ts'
import { startSetup } from '../support/setup.ts'

/** An origin with an exporter. Returns the answer of the exporter as text and its number of series. */
async function start() {
  const metrics = await onFreePort((port) => startMetrics({ port }))
  onTestFinished(() => metrics.close())
  const setup = await startSetup(async (options) => {
    const app = Fastify()
    await app.register(countersign, options)
    await app.register(countersignTelemetry, { identity: true })
    app.get('/users/:id', () => 'user')
    app.get('/ops', { config: { clientCert: 'ops' } }, () => 'ops')
    return app
  })
  const series = async () => (await scrape(metrics.url)).samples.length
  const text = async () => (await fetch(metrics.url)).text()
  return { ...setup, series, text }
}

describe('a client that tries to fill the memory with series of metrics', () => {
  it('adds none by urls, methods, names, serial numbers, keys or tokens of its choice', async () => {
    const { send, series, text } = await start()
    const attempt = async (mark: string) => {
      const cert = { subject: `CN=${mark},OU=Sales` }
      await send(`/users/${mark}?${mark}`)
      await send(`/${mark}`)
      await send(`/${mark}`, { signed: false })
      await send('/users/1', { cert })
      await send('/ops', { cert })
      await send('/ops', {
        signed: false,
        headers: { 'signature-input': `countersign=();keyid="${mark}"`, signature: 'countersign=:AA==:' },
      })
      await send('/ops', { headers: { 'cf-access-jwt-assertion': `${mark}.${mark}.${mark}` } })
      await send(`/users/${mark}`, { method: 'OPTIONS' })
    }
    await attempt('mark-0')
    const first = await series()
    expect(first).toBeGreaterThan(20)
    for (let time = 1; time <= 20; time += 1) await attempt(`mark-${time}`)
    expect(await series()).toBe(first)
    expect(await text()).not.toMatch(/mark-/)
  })

  it('finds no identity in the metrics, which have other readers than the log', async () => {
    const { send, text } = await start()
    expect((await send('/ops')).status).toBe(200)
    const metrics = await text()
    expect(metrics).toContain('countersign_outcome="admitted"')
    expect(metrics).not.toMatch(/pay-1|dev@example\.com|OU=|eyJ/)
  })
})
