import { atCatalog, manifest, source } from '../sources.ts'
import type { Step, Trial } from '../trial.ts'

const COMPILERS = ['5.6', '7'] as const

/** The values of `moduleResolution`, with the `module` that each needs. */
const RESOLUTIONS = { node16: 'node16', nodenext: 'nodenext', bundler: 'preserve' } as const

function config(moduleResolution: keyof typeof RESOLUTIONS): string {
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023'],
    module: RESOLUTIONS[moduleResolution],
    moduleResolution,
    types: ['node'],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  }
  return JSON.stringify({ compilerOptions, files: ['app.ts'] })
}

const compile = (compiler: string, project: string) => [
  `node_modules/typescript-${compiler}/bin/tsc`,
  '--project',
  project,
]

export const typedApp: Trial = {
  name: 'TypeScript 5.6 and 7',
  libraries: [
    '@countersign/origin-plugin',
    '@countersign/worker',
    '@countersign/dev-edge',
    'fastify@5',
    atCatalog('@types/node'),
    'typescript-5.6@npm:typescript@~5.6.3',
    'typescript-5.8@npm:typescript@~5.8.3',
    `typescript-7@npm:${atCatalog('typescript')}`,
  ],
  files: {
    'package.json': manifest('module'),
    'app.ts': source('typed-app.ts'),
    'tsconfig.node16.json': config('node16'),
    'tsconfig.nodenext.json': config('nodenext'),
    'tsconfig.bundler.json': config('bundler'),
    'commonjs/package.json': manifest('commonjs'),
    'commonjs/app.ts': source('typed-app.ts'),
    'commonjs/tsconfig.json': config('nodenext'),
  },
  steps: [
    ...COMPILERS.flatMap((compiler) =>
      Object.keys(RESOLUTIONS).map((resolution): Step => {
        return {
          name: `TypeScript ${compiler}, ${resolution}`,
          command: compile(compiler, `tsconfig.${resolution}.json`),
        }
      }),
    ),
    // Compilers before 5.8 do not know that require() loads an ES module.
    { name: 'TypeScript 5.8, nodenext, CommonJS', command: compile('5.8', 'commonjs') },
    { name: 'TypeScript 7, nodenext, CommonJS', command: compile('7', 'commonjs') },
    {
      name: 'TypeScript 5.6, nodenext, CommonJS',
      command: compile('5.6', 'commonjs'),
      prints: [/error TS1479: The current file is a CommonJS module/],
      fails: true,
    },
  ],
}
