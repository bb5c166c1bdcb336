import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT, tableRows } from '../support/files.ts'
import { npmName, type PUBLISHED } from '../support/pack-packages.ts'

/** The figures of a package that a user weighs before they install it. */
export interface PackageFigures {
  readonly name: string
  /** Bytes of the tarball. */
  readonly packed: number
  /** Bytes of its files. */
  readonly unpacked: number
  /** Libraries that the manifest names, without the ones that the user brings. */
  readonly direct: number
  /** Packages that an installation adds beside it on this platform. Ours count too. */
  readonly all: number
}

type Manifest = Readonly<Record<'dependencies' | 'optionalDependencies', Readonly<Record<string, string>> | undefined>>

/** Reads the figures of a tarball, and counts the libraries of its package in this workspace. */
export function figuresOf(folder: (typeof PUBLISHED)[number], tarball: string): PackageFigures {
  const place = join(ROOT, 'packages', folder)
  const listing = execFileSync('tar', ['-tvzf', tarball], { encoding: 'utf8' }).trim().split('\n')
  return {
    name: npmName(folder),
    packed: statSync(tarball).size,
    unpacked: listing.reduce((bytes, line) => bytes + Number(line.split(/\s+/)[2]), 0),
    direct: Object.keys(manifestIn(place).dependencies ?? {}).length,
    all: installedWith(place).size - 1,
  }
}

function manifestIn(place: string): Manifest {
  return JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'))
}

/** The folders of a package and of each library that comes with it. An optional one of another platform is missing. */
function installedWith(place: string, found = new Set<string>()): Set<string> {
  if (found.has(place)) return found
  found.add(place)
  const { dependencies, optionalDependencies } = manifestIn(place)
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const library = findLibrary(place, name)
    if (library) installedWith(library, found)
    else if (!(name in (optionalDependencies ?? {})))
      throw new Error(`${name}, a library of ${place}, is not installed`)
  }
  return found
}

/** Looks a library up as Node does, from the folder of its user upwards. */
function findLibrary(from: string, name: string): string | undefined {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const library = join(folder, 'node_modules', name)
    if (existsSync(join(library, 'package.json'))) return realpathSync(library)
  }
  return undefined
}

const HEAD = ['package', 'tarball, kB', 'files, kB', 'direct libraries', 'all libraries', 'publint', 'attw']

/** The table in Markdown. The tarballs passed publint and attw. */
export function formatFigures(figures: readonly PackageFigures[]): string {
  const kilobytes = (bytes: number) => String(Math.round(bytes / 1000))
  const rows = figures.map(({ name, packed, unpacked, direct, all }) => [
    `\`${name}\``,
    kilobytes(packed),
    kilobytes(unpacked),
    String(direct),
    String(all),
    'no finding',
    'no problem',
  ])
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  return [HEAD, HEAD.map((_, at) => (at > 0 && at < 5 ? '---:' : '---')), ...rows].map(line).join('')
}

/** Sizes may differ by this share: each change of a source changes them. */
const TOLERANCE = 0.1

/**
 * Compares the table of a document with the measured one. The numbers of libraries must agree.
 *
 * @returns the cells that are not true any more
 */
export function staleFigures(document: string, measured: string): string[] {
  const written = new Map(tableRows(document).map((cells) => [cells[0], cells]))
  return tableRows(measured).flatMap((cells) => {
    const row = written.get(cells[0] as string) ?? []
    return cells.flatMap((cell, at) => {
      const isSize = at === 1 || at === 2
      const holds = isSize ? Math.abs(Number(row[at]) - Number(cell)) <= Number(cell) * TOLERANCE : row[at] === cell
      return holds ? [] : [`${cells[0]}, ${HEAD[at]}: ${row[at] ?? 'missing'}, measured ${cell}`]
    })
  })
}
