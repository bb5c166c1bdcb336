import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The names of the file, in wrangler's order. */
const NAMES = ['wrangler.json', 'wrangler.jsonc', 'wrangler.toml']

/** Returns the path of wrangler's file in a folder. */
export function configFileIn(folder: string): string | undefined {
  return NAMES.map((name) => join(folder, name)).find((path) => existsSync(path))
}

/**
 * Finds wrangler's file for a Worker, in the folder of its module or the nearest folder above it. wrangler looks there
 * too.
 *
 * @param module - the absolute path of the Worker's module
 */
export function findConfigFile(module: string): string | undefined {
  const folder = dirname(module)
  return configFileIn(folder) ?? (folder === module ? undefined : findConfigFile(folder))
}
