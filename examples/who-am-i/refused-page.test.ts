import { type CountersignError, countersignErrors } from '@countersign/origin-plugin'
import { describe, expect, it } from 'vitest'
import { REFUSALS } from './refusals.ts'
import { prefersHtml, renderRefusedPage } from './refused-page.ts'

describe('renderRefusedPage', () => {
  const options = { edge: null, access: { team: 'acme', audience: 'a' }, trustedIssuers: null }

  it.each([...countersignErrors.keys()])('has a way back after %s', (code) => {
    const { statusCode = 0, message = '' } = countersignErrors.get(code) ?? {}
    const error = { code, statusCode, message, reason: 'the reason' } as CountersignError
    expect(String(renderRefusedPage(error, options, false))).toContain('<a href="/">Open the start page</a>')
  })

  it('tells the owner of an expired certificate, which no browser offers, to get a new one', () => {
    for (const code of ['CSN_CERT_MISSING', 'CSN_CERT_EXPIRED'] as const) {
      expect(REFUSALS[code].advice).toMatch(/a new (?:one|certificate) from its issuer/)
    }
  })
})

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
