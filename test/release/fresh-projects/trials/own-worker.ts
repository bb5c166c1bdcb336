import { atCatalog, manifest, source } from '../sources.ts'
import type { Trial } from '../trial.ts'

const WRANGLER = {
  name: 'own-worker',
  main: 'worker.ts',
  compatibility_date: '2026-07-30',
}

const CONFIG = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2023'],
    module: 'es2022',
    moduleResolution: 'bundler',
    types: ['@cloudflare/workers-types'],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  },
  files: ['worker.ts'],
}

/** A Worker that calls `countersign()`. */
export const ownWorker: Trial = {
  name: 'Worker of your own',
  libraries: [
    '@countersign/worker',
    atCatalog('@cloudflare/workers-types'),
    atCatalog('typescript'),
    atCatalog('wrangler'),
  ],
  files: {
    'package.json': manifest('module'),
    'tsconfig.json': JSON.stringify(CONFIG),
    'wrangler.jsonc': JSON.stringify(WRANGLER),
    'worker.ts': source('own-worker.ts'),
    'answer.mjs': source('worker-answer.mjs'),
  },
  steps: [
    { name: 'types', command: ['node_modules/typescript/bin/tsc'] },
    {
      name: 'wrangler deploy --dry-run',
      command: ['node_modules/wrangler/bin/wrangler.js', 'deploy', '--dry-run', '--outdir', 'dist'],
      prints: [/Total Upload: /],
    },
    {
      name: 'answer of the bundle',
      command: ['answer.mjs'],
      prints: [
        /^https:\/\/app\.example\.com\/me (?!SUCCESS).* .*keyid="fresh";alg="hmac-sha256"/m,
        /^answered 200 the origin$/m,
      ],
    },
  ],
}
