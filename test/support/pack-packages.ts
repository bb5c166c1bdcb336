import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './files.ts'

/** The published packages, by their folder below `packages`. */
export const PUBLISHED = ['dev-edge', 'origin-plugin', 'wire', 'worker', 'create-countersign'] as const

/** The name of a published package at npm. */
export function npmName(folder: (typeof PUBLISHED)[number]): string {
  return folder === 'create-countersign' ? folder : `@countersign/${folder}`
}

/**
 * Packs the published packages as for publication. Needs a build, and pnpm in the path, as in a script of pnpm.
 *
 * @param folder - the folder for the tarballs; it must be empty
 * @param root - the root of the workspace
 * @returns the path of each tarball, in the order of {@link PUBLISHED}
 */
export function packPackages(folder: string, root = ROOT): string[] {
  const filters = PUBLISHED.flatMap((name) => ['--filter', `./packages/${name}`])
  execFileSync('pnpm', ['--recursive', ...filters, 'exec', 'pnpm', 'pack', '--pack-destination', folder], { cwd: root })
  const tarballs = readdirSync(folder).toSorted()
  if (tarballs.length !== PUBLISHED.length) {
    throw new Error(`expected the tarballs of ${PUBLISHED.join(', ')}, got ${tarballs.join(', ') || 'none'}`)
  }
  return tarballs.map((name) => join(folder, name))
}
