import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

/** The views of a page: colour scheme and width of the screen in CSS pixels. */
export const VIEWS = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 1280 },
  { colorScheme: 'light', width: 360 },
  { colorScheme: 'dark', width: 360 },
] as const

/** The faults of a page in one view. */
export interface Audit {
  /** Broken rules of axe, and those it could not decide, each with the element. */
  readonly findings: readonly string[]
  /** CSS pixels by which the page is wider than the screen. */
  readonly overflow: number
}

const SCREENSHOTS = join(import.meta.dirname, 'screenshots')

/** Checks a page in one view and saves a picture of it. */
export async function auditPage(
  page: Page,
  { colorScheme, width }: (typeof VIEWS)[number],
  name: string,
): Promise<Audit> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
  await page.setViewportSize({ width, height: 860 })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}-${colorScheme}-${width}.png`), fullPage: true })
  // axe cannot determine the colour under text on a pattern, so the check removes the pattern of the card.
  await page.evaluate(`document.styleSheets[0].insertRule('main .card::before { display: none }')`)
  const { violations, incomplete } = await new AxeBuilder({ page }).analyze()
  return {
    findings: [...violations, ...incomplete].flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`)),
    overflow: await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    ),
  }
}
