import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { listDocuments, pageOf } from './collect-pages.ts'
import { ROOT } from './places.ts'
import { listEntries, pageOfEntry } from './write-api-reference.ts'

/** A group of the menu. Its documents stand in the order of its patterns. */
interface Group {
  readonly text: string
  readonly patterns: readonly RegExp[]
  readonly collapsed?: boolean
}

/** A page in the menu. */
export interface MenuItem {
  readonly text: string
  readonly link: string
}

/** A group of the menu, in the form of VitePress. */
export interface MenuGroup {
  readonly text: string
  readonly items: MenuItem[]
  readonly collapsed?: boolean
}

const GROUPS: readonly Group[] = [
  { text: 'Start', patterns: [/^README\.md$/, /^docs\/local-development\.md$/, /^docs\/testing\.md$/] },
  { text: 'Guides', patterns: [/^docs\/guides\/README\.md$/, /^docs\/guides\//] },
  { text: 'Packages', patterns: [/^packages\/origin-plugin\/README/, /^packages\/[^/]+\/README\.md$/] },
  {
    text: 'In production',
    patterns: [
      /^docs\/deploy\.md$/,
      /^docs\/operations\.md$/,
      /^docs\/errors\.md$/,
      /^docs\/(?!security-review)[^/]+\.md$/,
    ],
  },
  { text: 'Security', patterns: [/^SECURITY\.md$/, /^docs\/security-review\.md$/] },
  { text: 'Examples', patterns: [/^examples\//], collapsed: true },
  { text: 'Measurements', patterns: [/^bench\//], collapsed: true },
  {
    text: 'The project',
    patterns: [
      /^CONTRIBUTING\.md$/,
      /^ARCHITECTURE\.md$/,
      /^[^/]+\.md$/,
      /ARCHITECTURE\.md$/,
      /^test\//,
      /^packages\//,
    ],
    collapsed: true,
  },
  { text: 'Decisions', patterns: [/README\.md$/, /^docs\/decisions\//], collapsed: true },
]

/**
 * The menu: every document of the site once, and every entry of the API.
 *
 * @throws Error for a document that belongs to no group
 */
export function menu(): MenuGroup[] {
  const left = new Set(listDocuments())
  const groups = GROUPS.map(({ text, patterns, collapsed }) => {
    const items = patterns.flatMap((pattern) => {
      const found = [...left].filter((path) => pattern.test(path))
      for (const path of found) left.delete(path)
      return found.map(itemOf)
    })
    return { text, items, ...(collapsed && { collapsed }) }
  })
  if (left.size > 0) throw new Error(`no group of the menu has ${[...left].join(', ')}; add a pattern to GROUPS`)
  const entries = listEntries().map(({ name }) => ({
    text: name.replace('@countersign/', ''),
    link: `/${pageOfEntry(name)}`,
  }))
  groups.splice(3, 0, { text: 'API', items: entries })
  return groups.filter(({ items }) => items.length > 0)
}

function itemOf(path: string): MenuItem {
  return { text: titleOf(path), link: `/${pageOf(path)}` }
}

/** The first heading, without the marks of code. */
function titleOf(path: string): string {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const heading = /^# (.+)$/m.exec(text)?.[1]
  if (heading === undefined) throw new Error(`${path} has no heading`)
  return heading.replaceAll('`', '')
}
