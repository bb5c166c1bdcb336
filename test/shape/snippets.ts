import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { filesMatching, ROOT, readText } from '../support/files.ts'
import { type CodeBlock, codeBlocks } from './markdown.ts'
import { keepPieces, scanSource } from './scan-source.ts'

/** A block of TypeScript in a document or in the TSDoc of a source. */
export interface Snippet extends CodeBlock {
  /** The document or source, relative to the root. */
  readonly path: string
}

/**
 * The names that may be declared for a block. In a document, a note before the block lists them: `<!-- ts: app, ops -->`.
 * In TSDoc, each name is declared that the code uses.
 */
const DECLARATIONS: Readonly<Record<string, string>> = {
  app: "const app: import('fastify').FastifyInstance",
  health: "const health: import('fastify').RouteHandlerMethod",
  ops: "const ops: import('fastify').RouteHandlerMethod",
  pay: "const pay: import('fastify').RouteHandlerMethod",
  keys: "const keys: import('@countersign/dev-edge').DevEdge['keys']",
  devEdge: "const edge: import('@countersign/dev-edge').DevEdge",
  testEdge: "const edge: import('@countersign/dev-edge/testing').TestEdge",
  options: "const options: import('@countersign/origin-plugin').CountersignPluginOptions",
  cors: "const cors: import('fastify').FastifyPluginCallback<{ readonly origin: string }>",
  allowed: 'const allowed: string[]',
  rawHeaders: 'const rawHeaders: string[]',
  audience: 'const audience: string',
  event: "const event: import('@countersign/dev-edge').EdgeRequestEvent",
}

/** A note that exempts a block from compilation. */
const EXEMPT = /^does not compile, \S/

/** Where the blocks are compiled: below `test`, so that they resolve every package by name. Ignored by git. */
const FOLDER = 'test/.markdown'

/** Every TypeScript block of the documents, and of the comments in the sources of the packages. */
export function collectSnippets(): Snippet[] {
  const documents = [...filesMatching('**/*.md'), ...filesMatching('.changeset/*.md')]
  const sources = filesMatching('packages/*/src/**/*.ts').filter((path) => !path.endsWith('.test.ts'))
  const blocksOf = (path: string, text: string) =>
    codeBlocks(text)
      .filter(({ language, note }) => /^(?:ts|typescript)\b/.test(language) && !EXEMPT.test(note ?? ''))
      .map((block) => ({ ...block, path }))
  return [
    ...documents.flatMap((path) => blocksOf(path, readText(path))),
    ...sources.flatMap((path) => blocksOf(path, commentsOf(readText(path)))),
  ]
}

/**
 * Compiles snippets, each as a module of its own, under the options of the workspace.
 *
 * @returns the errors, each with the file and the line of the snippet
 */
export async function compileSnippets(snippets: readonly Snippet[]): Promise<string[]> {
  const root = join(ROOT, FOLDER)
  rmSync(root, { recursive: true, force: true })
  const modules = new Map(snippets.map((snippet) => [moduleOf(snippet), snippet]))
  if (modules.size !== snippets.length) throw new Error('two blocks of one document quote the same file')
  for (const [path, snippet] of modules) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), moduleText(snippet))
  }
  writeFileSync(
    join(root, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.json', include: [], files: [...modules.keys()] }),
  )
  const output = await runTsc(root)
  rmSync(root, { recursive: true })
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, path = '', row, message] = /^(.+?)\((\d+),\d+\): (.*)$/.exec(line) ?? []
      const snippet = modules.get(path)
      // The fence is the snippet's line, and the prologue the module's first.
      return snippet ? `${snippet.path}:${snippet.line + Number(row) - 1}: ${message}` : line
    })
}

/** A snippet as a module: one line with its declarations, and its code. */
export function moduleText(snippet: Snippet): string {
  return `${prologueOf(snippet)}\n${snippet.code}`
}

/** The block comments of a source, without their frame. Lines keep their numbers. */
function commentsOf(text: string): string {
  return keepPieces(text, scanSource(text, 'script'), ['comment']).replace(/^[ \t]*\* ?/gm, '')
}

function moduleOf({ path, line, file }: Snippet): string {
  return join(path.replaceAll('/', '+'), file ?? `${line}.ts`)
}

/** One line before the code: the declarations of its note, or the names that TSDoc takes for known. */
function prologueOf({ path, code, note }: Snippet): string {
  if (path.endsWith('.ts')) return [...importsFor(path, code), ...declarationsFor(path, code)].join('; ')
  const names = note?.split(/,\s*/) ?? []
  return names
    .map((name) => `declare ${DECLARATIONS[name] ?? `const ${name}: 'not in the table of declarations'`}`)
    .join('; ')
}

/** Imports of the exports of the example's file, of its package and of the plugin, as far as the code uses them. */
function importsFor(path: string, code: string): string[] {
  const modules = [path, ...entriesOf(path.split('/')[1] ?? ''), ...entriesOf('origin-plugin')]
  const imported = new Set<string>()
  return modules.flatMap((module) => {
    // An entry can export the type alone of a class, which the example's file exports whole.
    const isNew = (name: string) => !imported.has(name.replace(/^type\s+/, ''))
    const names = exportedNames(readText(module)).filter((name) => isNew(name) && isFree(code, name))
    for (const name of names) imported.add(name.replace(/^type\s+/, ''))
    return names.length === 0 ? [] : [`import { ${names.join(', ')} } from '${join('../../..', module)}'`]
  })
}

function declarationsFor(path: string, code: string): string[] {
  const edge = path.startsWith('packages/dev-edge/src/testing/') ? 'testEdge' : 'devEdge'
  return Object.entries(DECLARATIONS)
    .filter(([name]) => (name.endsWith('Edge') ? name === edge && isFree(code, 'edge') : isFree(code, name)))
    .map(([, declaration]) => `declare ${declaration}`)
}

/** The modules that a package exports. */
function entriesOf(name: string): string[] {
  const entries: string[] = Object.values(JSON.parse(readText(`packages/${name}/package.json`)).exports)
  return entries.filter((entry) => entry.endsWith('.ts')).map((entry) => join('packages', name, entry))
}

/** The names that a module exports, types with the word `type` before them. */
function exportedNames(text: string): string[] {
  const code = keepPieces(text, scanSource(text, 'script'), ['code'])
  const declared = [
    ...code.matchAll(/^export\s+(?:abstract\s+|async\s+)*(function|class|const|interface|type)\s+(\w+)/gm),
  ]
  const listed = [...code.matchAll(/^export\s+(type\s+)?\{([^}]*)\}/gm)].flatMap(([, type = '', names = '']) =>
    names.split(',').map((name) => (name.trim() === '' ? '' : `${type}${name.trim()}`)),
  )
  const names = [
    ...declared.map(([, kind = '', name]) => (/interface|type/.test(kind) ? `type ${name}` : `${name}`)),
    ...listed.filter((name) => /^(?:type\s+)?(?!default$)\w+$/.test(name)),
  ]
  // A function with overloads is declared several times.
  return [...new Set(names)]
}

/** Whether code mentions an exported name and neither imports nor declares it. */
function isFree(code: string, exported: string): boolean {
  const name = exported.replace(/^type\s+/, '')
  const text = keepPieces(code, scanSource(code, 'script'), ['code'])
  const declaration = /\b(?:import|const|let|function|class|interface|type)\b([^=(:\n]*?)(?:[=(:\n]|\bfrom\b)/g
  // Three dots before a name spread it, and one reads a property.
  const mentioned = new RegExp(`(?<!\\w)(?<!(?<!\\.\\.)\\.)${name}\\b(?!:)`)
  const declared = [...text.matchAll(declaration)].some(([, names = '']) => new RegExp(`\\b${name}\\b`).test(names))
  return mentioned.test(text) && !declared
}

/** The output of the compiler. Compile errors make its exit code 1, so only a failure without output rejects. */
async function runTsc(folder: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  execFile(
    join(ROOT, 'node_modules/.bin/tsc'),
    ['--project', '.', '--pretty', 'false'],
    { cwd: folder },
    (error, stdout, stderr) => {
      if (error && stdout === '') reject(new Error(`tsc failed: ${stderr}`, { cause: error }))
      else resolve(stdout)
    },
  )
  return await promise
}
