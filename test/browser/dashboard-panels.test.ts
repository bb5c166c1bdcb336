import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readText } from '../support/files.ts'
import { type MonitoredOrigin, startMonitoredOrigin } from '../support/monitoring/monitored-origin.ts'
import type { Scrape } from '../support/monitoring/prometheus-text.ts'
import { drawPage, drawPanel, linesOf, type Panel } from './draw-panel.ts'
import { findProgram } from './find-program.ts'

const SCREENSHOTS = join(import.meta.dirname, 'screenshots')
const { panels } = JSON.parse(readText('examples/monitoring/dashboard.json')) as { readonly panels: readonly Panel[] }

let origin: MonitoredOrigin
let browser: Browser
let page: Page
const scrapes: Scrape[] = []
beforeAll(async () => {
  origin = await startMonitoredOrigin()
  scrapes.push(await origin.scrape())
  for (let round = 0; round < 8; round += 1) {
    if (round === 4) await origin.setListAvailable(false)
    if (round === 7) await origin.setListAvailable(true)
    for (let time = 0; time <= round % 3; time += 1) await origin.traffic()
    scrapes.push(await origin.scrape())
  }
  browser = await chromium.launch({
    executablePath: findProgram('chromium', 'chromium'),
    // Chromium's sandbox does not run as root, as which a CI container runs.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })
  page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
  await page.setContent(drawPage(panels.map((panel) => drawPanel(panel, linesOf(panel, scrapes)))))
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await origin?.close()
})

describe('the dashboard, drawn from the answers of the exporter', () => {
  it('is saved as a whole', async () => {
    await page.screenshot({ path: join(SCREENSHOTS, 'dashboard.png'), fullPage: true })
    expect(await page.locator('figure').count()).toBe(panels.length)
  })

  it.each(panels)('has lines in "$title"', async (panel) => {
    const figure = page.locator(`#panel-${panel.id}`)
    await figure.screenshot({ path: join(SCREENSHOTS, `dashboard-panel-${panel.id}.png`) })
    const lines = linesOf(panel, scrapes)
    expect(lines.length).toBeGreaterThan(0)
    expect(await figure.locator('polyline').count()).toBe(lines.length)
    expect(await figure.locator('li').allTextContents()).toEqual(lines.map(({ name }) => expect.stringContaining(name)))
    expect(lines.every(({ values }) => values.some((value) => value !== undefined))).toBe(true)
  })

  it('shows the list that could not be loaded, and its recovery', () => {
    const panel = panels.find(({ title }) => title === 'Failures of parts and recoveries') as Panel
    const sums = linesOf(panel, scrapes).map(({ name, values }) => [
      name,
      values.reduce((sum, value) => (sum ?? 0) + (value ?? 0), 0),
    ])
    // Each attempt that fails counts.
    expect(sums.toSorted()).toEqual([
      ['revocation list: degraded', expect.toSatisfy((count: number) => count >= 1)],
      ['revocation list: recovered', 1],
    ])
  })
})
