import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createDevEdge, type DevEdge } from '@countersign/dev-edge'
import countersign, { optional } from '@countersign/origin-plugin'
import { countersignOpenApi } from '@countersign/origin-plugin/openapi'
import { onFreePort } from '@countersign/test-support/local-server'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientBrowser, startClientBrowser } from './client-browser.ts'

const SCREENSHOTS = join(import.meta.dirname, 'screenshots')

/** An application with a page of its API, which only clients of the unit Ops see. */
async function build(edge: DevEdge): Promise<FastifyInstance> {
  const app = Fastify() as FastifyInstance
  await app.register(countersign, {
    edge: { keys: edge.keys, hosts: edge.hosts },
    access: edge.access,
    trustedIssuers: [edge.clientCa],
    policies: { ops: { subject: { OU: 'Ops' } } },
    routes: [{ url: '/documentation/*', clientCert: 'ops' }],
  })
  const { securitySchemes, transform } = countersignOpenApi(app)
  const info = { title: 'Payments', version: '1' }
  await app.register(swagger, { openapi: { openapi: '3.1.0', info, components: { securitySchemes } }, transform })
  await app.register(swaggerUi, { routePrefix: '/documentation' })
  app.get('/healthz', { config: { clientCert: false } }, () => 'ok')
  app.get('/login', { config: { clientCert: optional() } }, () => 'in')
  app.get('/payments', { config: { clientCert: 'ops' } }, () => [])
  return app
}

describe('swagger-ui of a guarded application', () => {
  let edge: DevEdge
  let app: FastifyInstance
  const browsers: ClientBrowser[] = []
  beforeAll(() =>
    onFreePort(async (port) => {
      edge = await createDevEdge({ origin: `http://127.0.0.1:${port}` })
      app = await build(edge)
      await app.listen({ host: '127.0.0.1', port }).catch(async (error) => {
        await edge.close()
        throw error
      })
    }),
  )
  afterAll(async () => {
    for (const browser of browsers) await browser.close()
    await edge?.close()
    await app?.close()
  })

  async function visit(
    client: 'alice' | 'bob',
  ): Promise<{ page: Page; status: number | undefined; complaints: string[] }> {
    const browser = await startClientBrowser(edge.url, edge.serverCa, await edge.clients[client])
    browsers.push(browser)
    const page = await browser.context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(`${error}`))
    const response = await page.goto(`${edge.url}/documentation/`)
    return { page, status: response?.status(), complaints }
  }

  it('shows the schemes, the locks and the refusals', async () => {
    const { page, status, complaints } = await visit('alice')
    expect(status).toBe(200)
    await page.locator('.opblock').first().waitFor()
    // The padlock stands at each route with a security.
    const locked = await page
      .locator('.opblock')
      .evaluateAll((blocks) =>
        blocks.map((block) => [
          block.querySelector('.opblock-summary-path')?.textContent?.replaceAll('\u200b', ''),
          block.querySelector('.authorization__btn') !== null,
        ]),
      )
    expect(locked).toEqual([
      ['/healthz', false],
      ['/login', true],
      ['/payments', true],
    ])
    await page.locator('.opblock-summary-path[data-path="/payments"]').click()
    const statuses = page.locator('.opblock.is-open .response-col_status')
    await statuses.filter({ hasText: '503' }).waitFor()
    expect(await page.locator('.opblock.is-open').textContent()).toContain('CSN_CERT_FORBIDDEN')
    expect(complaints).toEqual([])
    mkdirSync(SCREENSHOTS, { recursive: true })
    await page.screenshot({ path: join(SCREENSHOTS, 'swagger-ui.png'), fullPage: true })
  })

  it('is guarded by its rule', async () => {
    expect((await visit('bob')).status).toBe(403)
  })
})
