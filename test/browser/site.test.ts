import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { type LocalServer, startServer } from '@countersign/test-support/local-server'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OUTPUT } from '../../site/places.ts'
import { VIEWS } from './audit-page.ts'
import { findProgram } from './find-program.ts'

const SCREENSHOTS = join(import.meta.dirname, 'screenshots')

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

/** The answer of any file server: a file, or the page of a folder. */
function fileAt(path: string): string | undefined {
  const file = join(OUTPUT, decodeURIComponent(path))
  if (!existsSync(file)) return undefined
  const found = statSync(file).isDirectory() ? join(file, 'index.html') : file
  return existsSync(found) ? found : undefined
}

describe('the site', () => {
  let server: LocalServer
  let browser: Browser
  beforeAll(async () => {
    if (!existsSync(join(OUTPUT, 'index.html'))) throw new Error('the site is missing; run `pnpm docs:build`')
    mkdirSync(SCREENSHOTS, { recursive: true })
    server = await startServer(({ url = '/' }, answer) => {
      const file = fileAt(new URL(url, 'http://site.example').pathname)
      answer.writeHead(file ? 200 : 404, { 'content-type': TYPES[extname(file ?? '')] ?? 'text/plain' })
      answer.end(file ? readFileSync(file) : '')
    })
    browser = await chromium.launch({
      executablePath: findProgram('chromium', 'chromium'),
      // Chromium's sandbox does not run as root, as which a CI container runs.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    })
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  /** Opens a page, which must load all of its files and write nothing to the console. */
  async function visit(path: string, view: (typeof VIEWS)[number]): Promise<{ page: Page; complaints: string[] }> {
    const { colorScheme, width } = view
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 860 }, reducedMotion: 'reduce' })
    const complaints: string[] = []
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(`${error}`))
    page.on('response', (response) => response.status() >= 400 && complaints.push(response.url()))
    await page.goto(new URL(path, server.url).href)
    await page.locator('h1').first().waitFor()
    return { page, complaints: complaints.filter((text) => !/favicon|status of 404/.test(text)) }
  }

  it.each(VIEWS)('can be read: $colorScheme, $width pixels wide', async (view) => {
    const paths = {
      start: '/',
      guide: '/docs/guides/',
      api: '/api/@countersign/origin-plugin.html',
      errors: '/docs/errors.html',
    }
    for (const [name, path] of Object.entries(paths)) {
      const { page, complaints } = await visit(path, view)
      if (name === 'start') await page.locator('.diagram svg').waitFor()
      const overflow = await page.evaluate<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      )
      expect([name, overflow, complaints]).toEqual([name, 0, []])
      await page.screenshot({ path: join(SCREENSHOTS, `site-${name}-${view.colorScheme}-${view.width}.png`) })
      await page.close()
    }
  })

  it.each(['CSN_CERT_FORBIDDEN', 'CSN_SIGNATURE_INVALID', 'csn_worker_fetcher'])(
    'finds %s without a server, and leads to its explanation',
    async (code) => {
      const { page } = await visit('/', VIEWS[0])
      await page.getByRole('button', { name: 'Search' }).click()
      await page.getByRole('searchbox').fill(code)
      const result = page.locator('.result').first()
      await result.waitFor()
      await page.screenshot({ path: join(SCREENSHOTS, 'site-search.png') })
      await result.click()
      await page.waitForURL(/\/docs\/errors\.html/)
      await page.close()
    },
  )

  it('has the example of an export in the reference', async () => {
    const { page } = await visit('/api/@countersign/wire.html', VIEWS[0])
    expect(await page.getByText("attributeTypeName('2.5.4.3') // 'CN'").first().isVisible()).toBe(true)
    await page.close()
  })
})
