import { describe, expect, it } from 'vitest'
import { prefersHtml } from './refused-page.ts'

describe('prefersHtml', () => {
  it.each([
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8',
    'text/html',
    'Text/HTML; q=0.5',
    'application/json;q=0.2, text/html;q=0.3',
  ])('gives a page for %s', (accept) => {
    expect(prefersHtml(accept)).toBe(true)
  })

  it.each([
    undefined,
    '',
    '*/*',
    'text/*',
    'application/json',
    'application/json, text/html',
    'text/html;q=0',
    'text/html;q=x',
    'text/html-sandboxed',
  ])('gives JSON for %s', (accept) => {
    expect(prefersHtml(accept)).toBe(false)
  })
})
