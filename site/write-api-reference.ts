import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Application, type ProjectReflection } from 'typedoc'
import { API, PAGES, ROOT, SITE } from './places.ts'

/** The packages with a public API. */
export const PACKAGES: readonly string[] = ['origin-plugin', 'worker', 'dev-edge', 'wire']

/** An entry of a package: its name for `import`, and its source. */
export interface PackageEntry {
  readonly name: string
  readonly source: string
}

/** The entries of the packages, in the order of their `exports`. */
export function listEntries(): PackageEntry[] {
  return PACKAGES.flatMap((folder) => {
    const { name, exports } = JSON.parse(readFileSync(join(ROOT, 'packages', folder, 'package.json'), 'utf8'))
    return Object.entries<string>(exports)
      .filter(([, path]) => path.endsWith('.ts'))
      .map(([entry, path]) => ({ name: join(name, entry), source: join('packages', folder, path) }))
  })
}

/** The page of an entry, from the root of the site. */
export function pageOfEntry(name: string): string {
  return `${API}/${name}.md`
}

/**
 * Writes a page of Markdown for each entry, from the TSDoc of its exports.
 *
 * @returns the number of entries
 * @throws Error if TypeDoc finds an error, or a link without a target
 */
export async function writeApiReference(): Promise<number> {
  const entries = listEntries()
  const app = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: entries.map(({ source }) => join(ROOT, source)),
    tsconfig: join(SITE, 'tsconfig.api.json'),
    name: 'API',
    out: join(PAGES, API),
    readme: 'none',
    disableSources: true,
    disableGit: true,
    excludeInternal: true,
    excludeExternals: true,
    excludePrivate: true,
    sort: ['kind', 'alphabetical'],
    treatWarningsAsErrors: true,
    externalSymbolLinkMappings: {
      '@types/node': { '*': 'https://nodejs.org/docs/latest-v24.x/api/' },
      fastify: { '*': 'https://fastify.dev/docs/latest/' },
    },
    ...({
      outputFileStrategy: 'modules',
      groupOrder: ['Functions', 'Variables', 'Classes', 'Interfaces', 'Type Aliases', '*'],
      entryFileName: 'index',
      useHTMLAnchors: true,
      anchorPrefix: 'api-',
      hidePageHeader: true,
      hideBreadcrumbs: true,
      hideGroupHeadings: false,
      useCodeBlocks: true,
      expandObjects: false,
      parametersFormat: 'table',
      interfacePropertiesFormat: 'list',
      enumMembersFormat: 'table',
      indexFormat: 'table',
      tableColumnSettings: { hideSources: true },
      publicPath: '/api/',
    } as object),
  })
  const project = await app.convert()
  if (!project) throw new Error('TypeDoc could not read the sources')
  nameModules(project, entries)
  app.validate(project)
  await app.generateOutputs(project)
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error('TypeDoc has found the faults above')
  return entries.length
}

/** Names each module as its users import it. TypeDoc names it by its path. */
function nameModules(project: ProjectReflection, entries: readonly PackageEntry[]): void {
  for (const module of project.children ?? []) {
    const path = module.sources?.[0]?.fullFileName ?? project.files.getReflectionPath(module) ?? ''
    const entry = entries.find(({ source }) => join(ROOT, source) === path)
    if (!entry) throw new Error(`${module.name} is not an entry of a package`)
    module.name = entry.name
  }
}
