import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

const INSTALLED: Readonly<Record<string, readonly string[]>> = {
  Countersign: ['@countersign/origin-plugin'],
  jose: ['jose'],
  '@fastify/jwt + get-jwks': ['@fastify/jwt', 'get-jwks'],
  'fastify-jwt-jwks': ['fastify-jwt-jwks'],
  'aws-jwt-verify': ['aws-jwt-verify'],
  'fast-jwt': ['fast-jwt'],
  '@hono/cloudflare-access': ['@hono/cloudflare-access', 'hono', '@hono/node-server'],
}

/** Formats the table of installed packages and their size. */
export function formatFootprints(): string {
  const lines = Object.entries(INSTALLED).map(([name, packages]) => {
    const footprint = footprintOf(packages)
    return `| ${name} | ${footprint.packages} | ${(footprint.bytes / 1024).toFixed(0)} |`
  })
  return ['| | packages | kB |', '|---|---|---|', ...lines].join('\n')
}

/** The packages and bytes that an installation adds. */
interface Footprint {
  /** Includes the package itself, but not fastify, which every user has. */
  readonly packages: number
  readonly bytes: number
}

/** Measures packages as installed in this workspace. Of our own it counts the published sources. */
function footprintOf(names: readonly string[]): Footprint {
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

/** Entries of our own packages that are not published, or belong to other packages. */
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
