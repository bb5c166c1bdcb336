import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Comparison } from './compare.ts'
import { entrantOf } from './compare.ts'

/** The contenders that run the plugin of both checkouts. */
const COMPARED = ['Countersign, in full', 'Countersign, edge: null'] as const

/**
 * The comparison with another checkout of this repository.
 *
 * Both use this checkout's Fastify, requests and options. The plugin and its own imports are the only difference.
 *
 * @param folder - the other checkout, with its dependencies installed
 * @throws TypeError when the folder has no plugin
 */
export function compareAgainst(folder: string): Comparison {
  const other = resolve(folder)
  if (!existsSync(join(other, 'packages/origin-plugin/src/index.ts'))) {
    throw new TypeError(`--against: "${folder}" is not a checkout of this repository; pass its root folder`)
  }
  if (!existsSync(join(other, 'packages/origin-plugin/node_modules'))) {
    throw new TypeError(`--against: "${folder}" has no dependencies; run pnpm install there`)
  }
  return {
    pairs: COMPARED.map((name) => ({
      own: entrantOf(name),
      base: { row: `${name}, other checkout`, name, checkout: other },
    })),
    title: 'this checkout / the other',
  }
}
