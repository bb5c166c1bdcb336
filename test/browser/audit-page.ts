import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

/** The ways in which people see a page: the scheme that they prefer, and how wide their screen is. */
export const VIEWS = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 1280 },
  { colorScheme: 'light', width: 360 },
  { colorScheme: 'dark', width: 360 },
] as const

/** What is wrong with a page in one view. */
export interface Audit {
  /** Rules of axe that are broken, or that it could not decide, each with the element. */
  readonly findings: readonly string[]
  /** CSS pixels by which the page is wider than the screen. */
  readonly overflow: number
}

const SCREENSHOTS = join(import.meta.dirname, 'screenshots')

/** Looks at a page as somebody with that view does, and keeps a picture of it. */
export async function auditPage(
  page: Page,
  { colorScheme, width }: (typeof VIEWS)[number],
  name: string,
): Promise<Audit> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
  await page.setViewportSize({ width, height: 860 })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}-${colorScheme}-${width}.png`), fullPage: true })
  // axe cannot tell what colour is behind text on a pattern. The text has to stand on the card without it.
  await page.evaluate(`document.styleSheets[0].insertRule('main .card::before { display: none }')`)
  const { violations, incomplete } = await new AxeBuilder({ page }).analyze()
  return {
    findings: [...violations, ...incomplete].flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`)),
    overflow: await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    ),
  }
}
