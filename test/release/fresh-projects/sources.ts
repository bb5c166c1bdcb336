import { parse } from 'yaml'
import { filesMatching, readText } from '../../support/files.ts'

/** The text of a file in `files`. */
export function source(name: string): string {
  return readText(`test/release/fresh-projects/files/${name}`)
}

/** The sources of an example, by their path in it. */
export function exampleFiles(name: string): Record<string, string> {
  const root = `examples/${name}/`
  return Object.fromEntries(filesMatching(`${root}**/*.ts`).map((path) => [path.slice(root.length), readText(path)]))
}

const { catalog } = parse(readText('pnpm-workspace.yaml')) as { readonly catalog: Readonly<Record<string, string>> }

/** A library in the version of the workspace, as an argument of `npm install`. */
export function atCatalog(name: string): string {
  const version = catalog[name]
  if (version === undefined) throw new TypeError(`${name} is not in the catalog of pnpm-workspace.yaml`)
  return `${name}@${version}`
}

/** The libraries of an example as arguments of `npm install`. */
export function exampleLibraries(name: string): string[] {
  const { dependencies, devDependencies } = JSON.parse(readText(`examples/${name}/package.json`))
  return Object.entries<string>({ ...dependencies, ...devDependencies }).map(([library, version]) =>
    version === 'catalog:' ? atCatalog(library) : library,
  )
}

/** The text of a `package.json`. */
export function manifest(type: 'module' | 'commonjs'): string {
  return JSON.stringify({ name: 'fresh-project', private: true, type })
}
