import { describe, expect, it } from 'vitest'
import { pageOf } from './collect-pages.ts'
import { menu } from './navigation.ts'
import { rewriteLinks } from './rewrite-links.ts'

const rewritten = (text: string, path = 'docs/wire.md') => rewriteLinks(text, path, (target) => `[${target}]`)

describe('rewriteLinks', () => {
  it('replaces links, images and definitions by their places from the root', () => {
    expect(rewritten('[a](errors.md) ![b](quickstart.png) [c](../README.md#install)')).toBe(
      '[a](/[docs/errors.md]) ![b](/[docs/quickstart.png]) [c](/[README.md]#install)',
    )
    expect(rewritten('[a]: ../test/threats/\n')).toBe('[a]: /[test/threats]\n')
  })

  it('leaves other sites, anchors and code', () => {
    const text = '[a](https://a.example/b) [c](#d) `[e](f.md)`\n\n```md\n[g](h.md)\n```\n'
    expect(rewritten(text)).toBe(text)
  })

  it('refuses a link without a target', () => {
    expect(() => rewritten('[a](none.md)')).toThrow('docs/wire.md links to none.md, which does not exist')
  })
})

describe('pageOf', () => {
  it('makes a README the page of its folder', () => {
    expect(['README.md', 'docs/wire.md', 'packages/wire/README.md'].map(pageOf)).toEqual([
      'index.md',
      'docs/wire.md',
      'packages/wire/index.md',
    ])
  })
})

describe('menu', () => {
  it('has every document once, with its heading, and every entry of the API', () => {
    const items = menu().flatMap((group) => group.items)
    expect(new Set(items.map(({ link }) => link)).size).toBe(items.length)
    expect(items).toContainEqual({ text: 'The wire', link: '/docs/wire.md' })
    expect(items).toContainEqual({ text: 'Countersign', link: '/index.md' })
    expect(items).toContainEqual({
      text: 'origin-plugin/redis',
      link: '/api/@countersign/origin-plugin/redis.md',
    })
  })
})
