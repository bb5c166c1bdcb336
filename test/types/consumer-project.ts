import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { collectSnippets, moduleText } from '../shape/snippets.ts'
import { ROOT } from '../support/files.ts'
import { PUBLISHED, packPackages } from '../support/pack-packages.ts'

/** The compilers, by version. */
export const COMPILERS = {
  '5.6': ['node', join(ROOT, 'test/node_modules/typescript-5.6/bin/tsc')],
  '7': [join(ROOT, 'node_modules/.bin/tsc')],
} as const

/** The values of `moduleResolution` under which the packages are used, with the `module` that each needs. */
export const RESOLUTIONS = { node16: 'node16', nodenext: 'nodenext', bundler: 'preserve' } as const

export type CompilerVersion = keyof typeof COMPILERS
export type Resolution = keyof typeof RESOLUTIONS

/** Below `test`, so that it finds the libraries of an application. Ignored by git. */
const FOLDER = join(ROOT, 'test/types/.consumer')

/**
 * Makes a project of a user: the packages as published, with no library but the ones that they declare, the sources in
 * `consumer` and the examples of the READMEs. Needs a build.
 */
export function createConsumer(): void {
  rmSync(FOLDER, { recursive: true, force: true })
  const tarballs = mkdtempSync(join(tmpdir(), 'countersign-'))
  try {
    for (const [index, tarball] of packPackages(tarballs).entries()) {
      const name = PUBLISHED[index] as string
      // A command, with nothing to import.
      if (name !== 'create-countersign') install(name, tarball)
    }
  } finally {
    rmSync(tarballs, { recursive: true })
  }
  cpSync(join(ROOT, 'test/types/consumer'), FOLDER, { recursive: true })
  writeFileSync(join(FOLDER, 'package.json'), JSON.stringify({ type: 'module' }))
  for (const snippet of collectSnippets().filter(({ path }) => /^(?:packages\/[^/]+\/)?README\.md$/.test(path))) {
    const file = join(FOLDER, snippet.path.replaceAll('/', '+'), snippet.file ?? `${snippet.line}.ts`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, moduleText(snippet))
  }
}

/** Unpacks a package, and links the libraries that it declares. The packages find each other one folder above. */
function install(name: string, tarball: string): void {
  const folder = join(FOLDER, 'node_modules/@countersign', name)
  mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['--extract', '--gzip', '--file', tarball, '--directory', folder, '--strip-components', '1'])
  // The types are those of dist. A declaration that leads back to a source must not find it.
  rmSync(join(folder, 'src'), { recursive: true })
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  for (const library of Object.keys({ ...dependencies, ...peerDependencies })) {
    if (library.startsWith('@countersign/')) continue
    const link = join(folder, 'node_modules', library)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(realpathSync(join(ROOT, 'packages', name, 'node_modules', library)), link)
  }
}

/**
 * Errors in the declarations of other libraries. They need a later TypeScript than the one that reports them.
 */
const OTHERS = /^[^(]*\/node_modules\/fastify-type-provider-zod\//

/**
 * Compiles the project, the declarations of every library included.
 *
 * @returns the errors, each with its file
 */
export async function compileConsumer(version: CompilerVersion, resolution: Resolution): Promise<string[]> {
  const config = `tsconfig.${resolution}.json`
  writeFileSync(join(FOLDER, config), JSON.stringify({ compilerOptions: compilerOptions(resolution) }))
  const [command, ...args] = [...COMPILERS[version], '--project', config, '--pretty', 'false']
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  execFile(command, args, { cwd: FOLDER, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
    // Compile errors make the exit code 1 or 2, so only a failure without output rejects.
    if (error && stdout === '') reject(new Error(`tsc ${version} failed: ${stderr}`, { cause: error }))
    else resolve(stdout)
  })
  return (await promise).split('\n').filter((line) => line !== '' && !OTHERS.test(line))
}

function compilerOptions(resolution: Resolution): Record<string, unknown> {
  return {
    target: 'es2023',
    lib: ['es2023'],
    module: RESOLUTIONS[resolution],
    moduleResolution: resolution,
    allowImportingTsExtensions: true,
    types: ['node'],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  }
}
