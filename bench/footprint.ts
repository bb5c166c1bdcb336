import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What a package brings along when it is installed. */
export interface Footprint {
  /** How many packages, itself included; what the user has anyway (fastify) is not counted. */
  readonly packages: number
  readonly bytes: number
}

/** Measures what is installed in this workspace; our own packages by what they publish of their sources. */
export function footprintOf(names: readonly string[]): Footprint {
  const found = new Map<string, number>()
  for (const name of names) collect(name, import.meta.dirname, found)
  return { packages: found.size, bytes: [...found.values()].reduce((sum, bytes) => sum + bytes, 0) }
}

function collect(name: string, from: string, found: Map<string, number>): void {
  const root = findPackage(name, from)
  if (found.has(root)) return
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  found.set(root, bytesIn(root))
  for (const dependency of Object.keys(dependencies)) collect(dependency, root, found)
}

function findPackage(name: string, from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    try {
      return realpathSync(join(folder, 'node_modules', name))
    } catch {
      if (folder === dirname(folder)) throw new Error(`${name} is not installed`)
    }
  }
}

/** Not published, or somebody else's. */
const LEFT_OUT = /^(?:node_modules|testing|dist|.*\.test\.ts|.*\.tsbuildinfo)$/

function bytesIn(folder: string): number {
  const own = folder.includes('node_modules') ? /^node_modules$/ : LEFT_OUT
  return readdirSync(folder).reduce((sum, entry) => {
    if (own.test(entry)) return sum
    const path = join(folder, entry)
    const stats = lstatSync(path)
    return sum + (stats.isDirectory() ? bytesIn(path) : stats.size)
  }, 0)
}
