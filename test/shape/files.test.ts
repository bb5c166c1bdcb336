import { basename, dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesMatching, readText } from '../support/files.ts'
import { keepPieces, scanSource } from './scan-source.ts'

/** Files that are short because a tool, a process or a package starts there. */
const ENTRY_POINTS: Readonly<Record<string, string>> = {
  'packages/worker/src/index.ts': 'exports entry of the package',
  'packages/create-countersign/src/create-countersign.ts': 'the command',
  'packages/dev-edge/src/cli/countersign-command.ts': 'exports entry of the package',
  'packages/dev-edge/src/cli/main.ts': 'the command',
  'packages/dev-edge/templates/server.ts': 'the process of a new project',
  'packages/dev-edge/templates/worker/worker.ts': 'the Worker of a new project',
  'examples/autoload/plugins/cors.ts': 'a file of autoload',
  'examples/autoload/routes/jobs/archive/index.ts': 'a file of autoload',
  'examples/autoload/routes/jobs/autohooks.ts': 'a file of autoload',
  'examples/autoload/routes/root.ts': 'a file of autoload',
  'examples/nest/app-module.ts': 'the root module of the application',
  'examples/nest/main.ts': 'the process',
  'examples/guides/client-certificate-auth.d.ts': 'types of a library without any',
  'examples/guides/ops-origin.ts': 'the origin after a guide',
  'examples/guides/proven-header-origin.ts': 'the origin after a guide',
  'examples/guides/proven-token-origin.ts': 'the origin after a guide',
  'examples/guides/signing-worker.ts': 'the Worker after a guide',
  'examples/quickstart/server.ts': 'the process in production',
  'examples/testing/app.ts': 'the application of the example',
  'test/release/own-worker/server.ts': 'the process of a user',
  'test/release/own-worker/src/index.ts': 'the Worker of a user',
  'test/mutation/vitest.config.ts': 'configuration of Vitest under Stryker',
  'bench/growth/make-clients.ts': 'a process that makes clients',
  'bench/worker/unsigned.ts': 'a measured Worker',
}

/** Names that several files of the packages and their tests export, each with the reason. */
const SHARED_EXPORTS: Readonly<Record<string, string>> = {
  countersign: 'public: the plugin of the origin, and the function of the Worker',
  DerValue: 'two readers of DER: the edge and the origin must not share a mistake',
  readDerChildren: 'two readers of DER: the edge and the origin must not share a mistake',
  SubjectAltNames: 'public: the names to issue, and the names of a verified certificate',
}

/** File names that several folders of the packages and their tests have, each with the reason. */
const SHARED_FILE_NAMES: Readonly<Record<string, string>> = {
  index: 'exports entry',
  errors: 'the errors of one package',
  der: 'two readers of DER: the edge and the origin must not share a mistake',
  'distinguished-name': 'wire parses and formats the text, the origin has the value that guards ask',
  'signing-key': 'wire checks a key before use, the Worker imports it',
}

const SOURCES = filesMatching('{packages,examples,bench,test,site}/**/*.{ts,js}').filter(
  (path) => !path.endsWith('.test.ts'),
)
const NAMED = SOURCES.filter((path) => /^(?:packages\/[^/]+\/(?:src|test)|test\/support)\//.test(path))

const EXPORT =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\*?|class|interface|type|const|let|enum)\s+(\w+)/gm

/** The names that a file declares and exports. Re-exports are not declared here. */
function declaredExports(text: string): string[] {
  const code = keepPieces(text, scanSource(text, 'script'), ['code'])
  return [...new Set([...code.matchAll(EXPORT)].map((match) => match[1] as string))]
}

/** The keys that have several paths, with these paths. */
function shared(entries: readonly (readonly [key: string, path: string])[]): Map<string, string[]> {
  const groups = Map.groupBy(entries, ([key]) => key)
  return new Map([...groups].filter(([, of]) => of.length > 1).map(([key, of]) => [key, of.map(([, path]) => path)]))
}

const lineCount = (path: string) => readText(path).trimEnd().split('\n').length

describe('source files', () => {
  it('have 20 lines or more, except for entry points', () => {
    const short = SOURCES.filter((path) => lineCount(path) < 20)
    expect(short.toSorted()).toEqual(Object.keys(ENTRY_POINTS).toSorted())
  })

  it('have 350 lines at most', () => {
    expect(SOURCES.filter((path) => lineCount(path) > 350)).toEqual([])
  })

  it('are 16 at most in a folder', () => {
    const crowded = [...Map.groupBy(SOURCES, (path) => dirname(path))]
      .filter(([, paths]) => paths.length > 16)
      .map(([folder, paths]) => `${folder}: ${paths.length}`)
    expect(crowded).toEqual([])
  })

  it('declare an exported name once, except for those with a reason', () => {
    const found = shared(NAMED.flatMap((path) => declaredExports(readText(path)).map((name) => [name, path])))
    const known = new Map([...found].filter(([name]) => name in SHARED_EXPORTS))
    expect(found).toEqual(known)
    expect([...known.keys()].toSorted()).toEqual(Object.keys(SHARED_EXPORTS).toSorted())
  })

  it('have a name of their own, except for those with a reason', () => {
    const found = shared(NAMED.map((path) => [basename(path, '.ts'), path]))
    const known = new Map([...found].filter(([name]) => name in SHARED_FILE_NAMES))
    expect(found).toEqual(known)
    expect([...known.keys()].toSorted()).toEqual(Object.keys(SHARED_FILE_NAMES).toSorted())
  })
})

describe('declaredExports', () => {
  it('finds declarations of every kind, once', () => {
    const text = [
      'export function one(a: string): void',
      'export function one(a: unknown) {}',
      'export async function two() {}',
      'export const three = 3, notFound = 4',
      'export type Four = 4',
      'export interface Five {}',
      'export abstract class Six {}',
    ].join('\n')
    expect(declaredExports(text)).toEqual(['one', 'two', 'three', 'Four', 'Five', 'Six'])
  })

  it('finds no re-export, comment or string', () => {
    expect(
      declaredExports("export { one } from 'one'\n/*\nexport const two = 2\n*/\nconst a = `\nexport const b`"),
    ).toEqual([])
  })
})
