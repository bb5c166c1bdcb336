import { manifest, source } from '../sources.ts'
import type { Step, Trial } from '../trial.ts'

/** The oldest version that the packages support, and the current ones. */
const VERSIONS = ['22.13', '24', '26']

const ANSWERS = [/^admitted 200 pay-1$/m, /^refused 401 CSN_SIGNATURE_MISSING$/m]

/** Files in the two module systems, each with the ending that names its system. */
const SYSTEMS = { 'ES modules': 'mjs', CommonJS: 'cjs' } as const

export const origins: Trial = {
  name: 'Origin in ES modules and in CommonJS',
  libraries: ['@countersign/origin-plugin', '@countersign/dev-edge', 'fastify@5'],
  files: {
    'package.json': manifest('commonjs'),
    'origin.mjs': source('origin.mjs'),
    'origin.cjs': source('origin.cjs'),
  },
  steps: VERSIONS.flatMap((node) =>
    Object.entries(SYSTEMS).map(([system, ending]): Step => {
      return { name: `Node ${node}, ${system}`, node, command: [`origin.${ending}`], prints: ANSWERS }
    }),
  ),
}

const TOO_OLD = /^(?:TypeError|countersign): Node 20\.\d+\.\d+ is too old; install Node 22\.13 or later$/m
const COMMAND = 'node_modules/@countersign/dev-edge/dist/cli/main.js'

/** The first release of Node 20 lacks names of Node's modules that the last one has. */
export const tooOldNode: Trial = {
  name: 'Node 20',
  libraries: ['@countersign/origin-plugin', '@countersign/dev-edge', 'fastify@5'],
  files: {
    'package.json': manifest('commonjs'),
    'start.mjs': source('start.mjs'),
    'start.cjs': source('start.cjs'),
    'origin.mjs': source('origin.mjs'),
  },
  steps: [
    ...['20.0', '20'].flatMap((node): Step[] => [
      { name: `Node ${node}, plugin`, node, command: ['start.mjs'], prints: [TOO_OLD], fails: true },
      { name: `Node ${node}, test kit`, node, command: ['origin.mjs'], prints: [TOO_OLD], fails: true },
      { name: `Node ${node}, command`, node, command: [COMMAND, 'keygen'], prints: [TOO_OLD], fails: true },
    ]),
    { name: 'Node 20, CommonJS', node: '20', command: ['start.cjs'], prints: [TOO_OLD], fails: true },
  ],
}

const OTHER_FASTIFY = /@countersign\/origin-plugin - expected '5\.x' fastify version, '4\.\d+\.\d+' is installed/

export const tooOldFastify: Trial = {
  name: 'Fastify 4',
  libraries: ['fastify@4'],
  files: {
    'package.json': manifest('commonjs'),
    'start.mjs': source('start.mjs'),
    'start.cjs': source('start.cjs'),
  },
  steps: [
    {
      name: 'npm refuses the installation',
      command: ['npm', 'install', '@countersign/origin-plugin'],
      prints: [/peer fastify@"\^5\.0\.0" from @countersign\/origin-plugin/],
      fails: true,
    },
    { name: 'npm is forced', command: ['npm', 'install', '--legacy-peer-deps', '@countersign/origin-plugin'] },
    { name: 'ES modules', command: ['start.mjs'], prints: [OTHER_FASTIFY], fails: true },
    { name: 'CommonJS', command: ['start.cjs'], prints: [OTHER_FASTIFY], fails: true },
  ],
}
