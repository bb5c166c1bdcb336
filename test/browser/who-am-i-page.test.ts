import { X509Certificate } from 'node:crypto'
import { createDevEdge } from '@countersign/dev-edge'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Quickstart, startQuickstart } from '../support/quickstart.ts'
import { auditPage, VIEWS } from './audit-page.ts'
import { type ClientBrowser, type Credentials, startClientBrowser } from './client-browser.ts'

let quickstart: Quickstart
beforeAll(async () => {
  quickstart = await startQuickstart()
})
afterAll(() => quickstart?.close())

/** A page in a client's browser, open at `/`, with its messages on the console. */
interface Visit {
  readonly page: Page
  readonly status: number | undefined
  readonly complaints: string[]
}

/** Opens the page before the tests of a block, and closes the browser after them. */
function visitAs(client: () => Promise<Credentials | undefined>, options?: BrowserContextOptions): () => Visit {
  let browser: ClientBrowser
  let visit: Visit
  beforeAll(async () => {
    const { url, serverCa } = quickstart.edge
    browser = await startClientBrowser(url, serverCa, await client(), options)
    const page = await browser.context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', (error) => complaints.push(`${error}`))
    page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`))
    const response = await page.goto(url)
    visit = { page, status: response?.status(), complaints }
  })
  afterAll(() => browser?.close())
  return () => visit
}

/** The proofs on the page, each with its verdict. */
function chainOf(page: Page): Promise<string[]> {
  return page.locator('.proof').evaluateAll((proofs) =>
    proofs.map((proof) => {
      const text = (selector: string) => proof.querySelector(selector)?.textContent
      return `${text('h3')}: ${text('.verdict')}`
    }),
  )
}

/** Chromium's line for an answer with this status, the document's own included. HTTP/2 has no reason phrase. */
const failedToLoad = (status: string) =>
  `error: Failed to load resource: the server responded with a status of ${status}`

describe('alice, admitted', () => {
  const visit = visitAs(async () => quickstart.edge.clients.alice)

  it('sees her certificate and that all four proofs hold', async () => {
    const { page, status } = visit()
    expect(status).toBe(200)
    expect(await page.title()).toBe('alice · Countersign')
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('alice')
    expect(await page.getByText('CN=alice,OU=Ops,O=Acme,C=US').isVisible()).toBe(true)
    expect(await chainOf(page)).toEqual([
      'Edge signature: Holds',
      'Access token: Holds',
      'Certificate: Holds',
      'Trust: Holds',
    ])
  })

  it('sees an empty console', () => {
    expect(visit().complaints).toEqual([])
  })

  it.each([
    ['/healthz', '200 OK', '"ok": true'],
    ['/me', '200 OK', '"subject": "CN=alice,OU=Ops,O=Acme,C=US"'],
    ['/pay', '200 OK', '"paidBy": "alice"'],
    ['/branch', '403 Forbidden', '"code": "CSN_CERT_FORBIDDEN"'],
    ['/ops', '200 OK', '"operator": "alice"'],
  ])('tries %s with the keyboard and reads %s on the page', async (path, status, body) => {
    const { page } = visit()
    await page.getByRole('button', { name: `Try ${path}`, exact: true }).press('Enter')
    const answer = page.locator(`[data-url="${path}"]`).getByRole('status')
    await answer.locator('.outcome').waitFor()
    expect(await answer.locator('.outcome').textContent()).toContain(status)
    expect(await answer.locator('pre').textContent()).toContain(body)
    expect(page.url()).toBe(`${quickstart.edge.url}/`)
  })

  it('sees only the refused route on the console', () => {
    expect(visit().complaints).toEqual([failedToLoad('403 ()')])
  })

  it('copies the whole fingerprint', async () => {
    const { page } = visit()
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByText('Copied').waitFor()
    const { fingerprint256 } = new X509Certificate(quickstart.edge.clients.alice.cert)
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(fingerprint256)
  })

  it.each(VIEWS)('can read the page: $colorScheme, $width pixels wide', async (view) => {
    expect(await auditPage(visit().page, view, 'alice')).toEqual({ findings: [], overflow: 0 })
  })

  it('sees where the focus is', async () => {
    const { page } = visit()
    await page.keyboard.press('Tab')
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
    expect(outline).toBe('solid')
  })

  it('is safe from markup that a script would write', async () => {
    const inject = `document.body.insertAdjacentHTML('beforeend', '<b>')`
    await expect(visit().page.evaluate(inject)).rejects.toThrow(/TrustedHTML/)
  })
})

describe('alice without JavaScript', () => {
  const visit = visitAs(async () => quickstart.edge.clients.alice, { javaScriptEnabled: false })

  it('reads the same, without buttons, which would have no effect', async () => {
    const { page } = visit()
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('alice')
    expect(await chainOf(page)).toHaveLength(4)
    expect(await page.getByRole('button').count()).toBe(0)
  })

  it('tries a route by its link', async () => {
    const { page } = visit()
    await page.getByRole('link', { name: 'GET /branch' }).click()
    await page.getByText('CSN_CERT_FORBIDDEN').waitFor()
    expect(await chainOf(page)).toContain('This address: Failed')
  })
})

describe('mallory, with a CA that has the name of ours', () => {
  // With another name of the CA, the browser would not present the certificate: it uses only CAs that the edge names.
  const visit = visitAs(async () => {
    await using elsewhere = await createDevEdge({ origin: 'http://127.0.0.1:9' })
    return elsewhere.clients.alice
  })

  it('is refused at the certificate', async () => {
    const { page, status } = visit()
    expect(status).toBe(403)
    expect(await page.getByText('CSN_CERT_UNVERIFIED').isVisible()).toBe(true)
    expect(await chainOf(page)).toEqual([
      'Edge signature: Holds',
      'Access token: Holds',
      'Certificate: Failed',
      'Trust: Open',
    ])
  })

  it.each(VIEWS)('can read the reason: $colorScheme, $width pixels wide', async (view) => {
    expect(await auditPage(visit().page, view, 'mallory')).toEqual({ findings: [], overflow: 0 })
  })
})

describe('a visitor without a certificate', () => {
  const visit = visitAs(async () => undefined)

  it('is refused, and reads the remedy', async () => {
    const { page, status } = visit()
    expect(status).toBe(401)
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('A client certificate is required')
    expect(await page.getByText('CSN_CERT_MISSING').isVisible()).toBe(true)
    expect(await page.getByText('Import your client certificate').isVisible()).toBe(true)
  })

  it('sees only the refusal on the console', () => {
    expect(visit().complaints).toEqual([failedToLoad('401 ()')])
  })

  it.each(VIEWS)('can read the page: $colorScheme, $width pixels wide', async (view) => {
    expect(await auditPage(visit().page, view, 'no-certificate')).toEqual({ findings: [], overflow: 0 })
  })
})
