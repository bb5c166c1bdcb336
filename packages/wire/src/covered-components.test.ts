import { describe, expect, it } from 'vitest'
import { CERTIFICATE_HEADERS } from './certificate-headers.ts'
import { ACCESS_TOKEN_HEADER, COVERED_FIELDS, DERIVED_COMPONENTS, splitRequestTarget } from './covered-components.ts'

describe('COVERED_FIELDS', () => {
  it('begins with the Access token, then follows the table of certificate headers', () => {
    expect(ACCESS_TOKEN_HEADER).toBe('cf-access-jwt-assertion')
    expect(COVERED_FIELDS).toEqual(['cf-access-jwt-assertion', ...CERTIFICATE_HEADERS.map((header) => header.name)])
  })

  it('contains each field once', () => {
    expect(new Set(COVERED_FIELDS).size).toBe(CERTIFICATE_HEADERS.length + 1)
  })
})

describe('DERIVED_COMPONENTS', () => {
  it('binds the signature to host, method, path and query, in this order', () => {
    expect(DERIVED_COMPONENTS).toEqual(['@authority', '@method', '@path', '@query'])
  })
})

describe('splitRequestTarget', () => {
  it.each([
    ['/', { path: '/', query: '?' }],
    ['/?', { path: '/', query: '?' }],
    ['/a/b', { path: '/a/b', query: '?' }],
    ['/a?b=c', { path: '/a', query: '?b=c' }],
    ['/a?b=c?d', { path: '/a', query: '?b=c?d' }],
    ['/a??', { path: '/a', query: '??' }],
  ])('splits %s at its first question mark', (target, parts) => {
    expect(splitRequestTarget(target)).toEqual(parts)
  })

  it.each(['/a%2Fb', '/a%3Fb', '/a/../b', '//a', '/./', '/%7euser', '/A;p=1', '/a+b', '/a#b'])(
    'neither decodes nor normalises %s',
    (path) => {
      expect(splitRequestTarget(`${path}?q=%20+&Q=%2f`)).toEqual({ path, query: '?q=%20+&Q=%2f' })
    },
  )
})
