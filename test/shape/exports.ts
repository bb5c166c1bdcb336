import { dirname, join } from 'node:path'
import { filesMatching, readText } from '../support/files.ts'

/** A name that an entry of a package exports. */
export interface PublicExport {
  /** The entry, such as `packages/wire/src/index.ts`. */
  readonly entry: string
  readonly name: string
  /** The file that declares it. */
  readonly path: string
  /** The text of the TSDoc before the declaration, or `''`. */
  readonly comment: string
}

const LIST = /^export\s+(?:type\s+)?\{([^}]*)\}\s*from\s*'([^']+)'/gm
const DECLARED = /^export\s+(?:abstract\s+|async\s+)*(?:function|class|const|interface|type)\s+(\w+)/gm

/** The entries of the published packages: the sources in their `exports`. */
export function publicEntries(): string[] {
  return filesMatching('packages/*/package.json').flatMap((path) => {
    const manifest = JSON.parse(readText(path))
    if (manifest.private) return []
    const sources: string[] = Object.values(manifest.exports)
    return sources.filter((source) => source.endsWith('.ts')).map((source) => join(dirname(path), source))
  })
}

/**
 * Every export of an entry, with the comment of its declaration.
 *
 * @throws Error for an export whose declaration is not found, so that a new way to export cannot escape a check
 */
export function publicExports(entry: string): PublicExport[] {
  const text = readText(entry)
  if (/^export\s+\*/m.test(text)) throw new Error(`${entry} exports with a star; list the names`)
  const own = [...text.matchAll(DECLARED)].map((match) => describe(entry, match[1] as string, entry, text))
  const listed = [...text.matchAll(LIST)].flatMap(([, names = '', from = '']) => {
    const path = join(dirname(entry), from)
    return names
      .split(',')
      .map((name) => name.trim().replace(/^type\s+/, ''))
      .filter((name) => name !== '')
      .map((name) => describe(entry, name, path, readText(path)))
  })
  return [...own, ...listed]
}

/** Finds the declaration of a name in its file. `a as b` is declared as `a`, and `default` has a declaration of its own. */
function describe(entry: string, listed: string, path: string, text: string): PublicExport {
  const [local = '', name = local] = listed.split(/\s+as\s+/)
  const declared = local === 'default' ? (/^export default (\w+)/m.exec(text)?.[1] ?? '') : local
  const declaration = new RegExp(
    `((?:^/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/\\n)?)^(?:export\\s+)?(?:default\\s+)?(?:abstract\\s+|async\\s+|declare\\s+)*(?:function|class|const|interface|type)\\s+${declared}\\b`,
    'm',
  )
  const found = declared === '' ? null : declaration.exec(text)
  if (!found) throw new Error(`${path} does not declare ${local}, which ${entry} exports`)
  return { entry, name, path, comment: found[1] as string }
}
