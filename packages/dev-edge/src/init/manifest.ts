import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** The part of a `package.json` that decides. */
export interface Manifest {
  readonly type?: string
  readonly scripts?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/**
 * Reads the `package.json` of a folder; `undefined` without one.
 *
 * @throws TypeError if it is not an object in JSON
 */
export function readManifest(folder: string): Manifest | undefined {
  const path = join(folder, 'package.json')
  if (!existsSync(path)) return undefined
  try {
    const manifest = JSON.parse(readProjectText(path))
    if (typeof manifest === 'object' && manifest !== null) return manifest
  } catch {}
  throw new TypeError(`${path} is not an object in JSON; mend it, or choose another folder with --folder`)
}

/** Reads a file of the project. An editor may begin it with a mark of its byte order, which Node and npm skip too. */
export const readProjectText = (path: string): string => new TextDecoder().decode(readFileSync(path))

/** The `package.json` of a folder or of the nearest folder above it, as Node and npm find it. */
export function nearestManifest(folder: string): Manifest | undefined {
  const path = resolve(folder)
  return readManifest(path) ?? (path === dirname(path) ? undefined : nearestManifest(dirname(path)))
}
