import { atCatalog, exampleFiles, exampleLibraries, manifest, source } from '../sources.ts'
import type { Trial } from '../trial.ts'

/** The configuration with which `tsc` compiles sources that import each other by their name in TypeScript. */
function config(more: Readonly<Record<string, unknown>> = {}): string {
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    rewriteRelativeImportExtensions: true,
    rootDir: '.',
    outDir: 'dist',
    ...more,
  }
  return JSON.stringify({ compilerOptions, exclude: ['dist', '**/*.test.ts'] })
}

const BUILD = ['node_modules/typescript/bin/tsc']

export const nest: Trial = {
  name: 'NestJS',
  libraries: [...exampleLibraries('nest'), atCatalog('@types/node')],
  files: {
    'package.json': manifest('module'),
    'tsconfig.json': config({ experimentalDecorators: true }),
    'answers.mjs': source('nest-answers.mjs'),
    ...exampleFiles('nest'),
  },
  steps: [
    { name: 'build', command: BUILD },
    {
      name: 'answers',
      command: ['answers.mjs'],
      prints: [/^admitted 200 \[\]$/m, /^refused 403 CSN_CERT_FORBIDDEN$/m, /^refused 401 CSN_SIGNATURE_MISSING$/m],
    },
  ],
}

/** The certificates of the local edge: alice is of the operators, bob is not. */
export const fastifyCli: Trial = {
  name: 'fastify-cli with autoload, behind the local edge',
  libraries: [...exampleLibraries('autoload'), atCatalog('typescript'), atCatalog('@types/node')],
  files: {
    'package.json': manifest('module'),
    'tsconfig.json': config(),
    'answers.mjs': source('cli-answers.mjs'),
    ...exampleFiles('autoload'),
  },
  steps: [
    { name: 'build', command: BUILD },
    {
      name: 'fastify start',
      command: ['answers.mjs'],
      prints: [/^alice 200 \[\]$/m, /^bob 403 .*CSN_CERT_FORBIDDEN/m, /^refused 401 CSN_SIGNATURE_MISSING$/m],
    },
  ],
}
