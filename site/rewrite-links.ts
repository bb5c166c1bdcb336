import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { blankCode } from '../test/shape/markdown.ts'
import { ROOT } from './places.ts'

/** The target of a link or an image, or of a definition of one. */
const TARGET = /(\]\()([^)\s]+)|^(\[[^\]]+\]:\s*)(\S+)/gm

/**
 * Replaces each relative link of a document by its place on the site.
 *
 * @param text - Markdown
 * @param path - the document, from the root of the workspace
 * @param placeOf - returns the page or the file of a linked path, from the root of the site
 * @throws Error for a link without a target. Its message contains the document and the link.
 */
export function rewriteLinks(text: string, path: string, placeOf: (target: string) => string): string {
  const prose = blankCode(text)
  let at = 0
  let rewritten = ''
  for (const match of prose.matchAll(TARGET)) {
    const before = match[1] ?? match[3] ?? ''
    const target = match[2] ?? match[4] ?? ''
    const start = match.index + before.length
    rewritten += text.slice(at, start) + placeOfLink(target, path, placeOf)
    at = start + target.length
  }
  return rewritten + text.slice(at)
}

function placeOfLink(target: string, path: string, placeOf: (target: string) => string): string {
  if (/^(?:[a-z]+:|#)/i.test(target)) return target
  const [file = '', anchor] = target.split('#')
  const linked = join(dirname(path), decodeURI(file)).replace(/\/$/, '')
  if (!existsSync(join(ROOT, linked))) throw new Error(`${path} links to ${target}, which does not exist`)
  return `/${placeOf(linked)}${anchor === undefined ? '' : `#${anchor}`}`
}
