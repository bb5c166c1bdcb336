import { join } from 'node:path'

/** The root of the workspace. */
export const ROOT = join(import.meta.dirname, '..')

/** The folder of this package, with the configuration of VitePress. */
export const SITE = import.meta.dirname

/** The Markdown that VitePress reads: written anew for each build, and ignored by git. */
export const PAGES = join(SITE, '.pages')

/** The finished site, which any file server can deliver. */
export const OUTPUT = join(SITE, '.output')

/** The folder of {@link PAGES} with the API reference. */
export const API = 'api'

/** The folder of {@link PAGES} with the files of the repository that documents link to. */
export const FILES = 'files'

/** The documents of the site, as globs from the root. */
export const DOCUMENTS: readonly string[] = [
  '*.md',
  'docs/**/*.md',
  'packages/*/*.md',
  'examples/*/*.md',
  'bench/*.md',
  'test/*/*.md',
]
