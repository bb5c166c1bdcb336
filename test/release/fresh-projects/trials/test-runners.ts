import { atCatalog, exampleFiles, manifest, source } from '../sources.ts'
import type { Trial } from '../trial.ts'

const PACKAGES = ['@countersign/origin-plugin', '@countersign/dev-edge', 'fastify@5']

/** The code of `docs/testing.md`. */
export const vitestAndNodeTest: Trial = {
  name: 'Test kit under Vitest and node:test',
  libraries: [...PACKAGES, atCatalog('vitest')],
  files: { 'package.json': manifest('module'), ...exampleFiles('testing') },
  steps: [
    { name: 'Vitest', command: ['node_modules/vitest/vitest.mjs', 'run'], prints: [/Tests .*\d+ passed/] },
    { name: 'node:test', command: ['--test', 'with-node-test.ts'], prints: [/^. pass 4$/m, /^. fail 0$/m] },
  ],
}

const JEST = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js']
const PASSED = [/^Tests: +1 passed, 1 total$/m]

/** A project in CommonJS, as `npm init` makes it. */
export const jest: Trial = {
  name: 'Test kit under Jest',
  libraries: [...PACKAGES, 'jest@30'],
  files: {
    'package.json': manifest('commonjs'),
    'app.js': source('jest-app.cjs'),
    'commonjs.test.js': source('jest-commonjs.cjs'),
    'modules.test.mjs': source('jest-modules.mjs'),
  },
  steps: [
    { name: 'CommonJS', command: [...JEST, 'commonjs'], prints: PASSED },
    { name: 'ES modules', command: [...JEST, 'modules'], prints: PASSED },
  ],
}
