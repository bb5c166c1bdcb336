import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { type Manifest, nearestManifest } from './manifest.ts'
import type { ProjectKind } from './project-kind.ts'
import type { ProjectValues } from './project-values.ts'

/** The path to the templates is the same from `src` and from `dist`. */
const TEMPLATES = new URL('../../templates/', import.meta.url)

/** A file of the project, by its path in the folder. */
export interface ProjectFile {
  readonly path: string
  readonly text: string
}

/** The templates of an app, by the path of the file. */
const APP = {
  'app.ts': 'app.ts',
  'server.ts': 'server.ts',
  'app.test.ts': 'app.test.ts',
  'package.json': 'project-package.json',
  'tsconfig.json': 'project-tsconfig.json',
} as const

const IN_A_MODULE = `import countersign from '@countersign/origin-plugin'
import { readProofs } from './countersign.ts'

await app.register(countersign, readProofs(process.env))`

/** CommonJS has no \`await\` outside of a function. */
const IN_COMMONJS = `const { countersign } = require('@countersign/origin-plugin')
const { readProofs } = require('./countersign.ts')

async function start() {
  await app.register(countersign, readProofs(process.env))
  app.get('/', handler) // and every other route
  await app.listen({ port: 3000 })
}
start()`

/** Builds the files of the project, without those that contain keys. */
export function projectFiles(folder: string, kind: ProjectKind, values: ProjectValues): ProjectFile[] {
  const fill = filler(folder, kind, values)
  const added = { [`countersign.test.${kind.extension}`]: 'countersign.test.ts' }
  const readme = [
    kind.isNew ? 'readme-new.md' : 'readme-existing.md',
    values.access ? 'readme-with-access.md' : 'readme-without-access.md',
    'readme-cloudflare.md',
  ]
  return [
    ...Object.entries(kind.isNew ? APP : added),
    [`countersign.${kind.extension}`, values.access ? 'countersign.ts' : 'countersign-without-access.ts'] as const,
    ['worker/worker.ts', 'worker/worker.ts'] as const,
    ['worker/wrangler.jsonc', 'worker/wrangler.jsonc'] as const,
  ]
    .map(([path, template]): ProjectFile => ({ path, text: fill(readTemplate(template)) }))
    .concat(
      { path: kind.readme, text: fill(readme.map(readTemplate).join('')) },
      { path: 'client-ca.pem', text: values.ca },
    )
}

/** The commands that install the packages into an app that is there. Those that it has are left out. */
export function installCommands(folder: string): string[] {
  const ours = JSON.parse(fillIn(readTemplate('project-package.json'), { project: '', version: ownVersion() }))
  const { dependencies, devDependencies } = nearestManifest(folder) ?? {}
  const present = new Set(Object.keys({ ...dependencies, ...devDependencies }))
  const missing = (of: NonNullable<Manifest['dependencies']>) =>
    Object.entries(of).flatMap(([name, range]) => (present.has(name) ? [] : [`${name}@${range}`]))
  const lines = [
    ['npm install', missing(ours.dependencies)],
    ['npm install --save-dev', missing(ours.devDependencies)],
  ] as const
  return lines.filter(([, packages]) => packages.length > 0).map(([words, packages]) => [words, ...packages].join(' '))
}

/** Returns a function that replaces the placeholders, and the extension of the files that the app imports. */
function filler(
  folder: string,
  { isNew, extension, isModule, server }: ProjectKind,
  values: ProjectValues,
): (text: string) => string {
  const { hostname, access, algorithm } = values
  const texts = {
    hostname,
    team: access?.team ?? '',
    audience: access?.audience ?? '',
    doctorAccess: access ? `--team ${access.team} --audience ${access.audience}` : '--no-access',
    refusal: access ? "401 CSN_CERT_MISSING, or Access' own page" : "Cloudflare's page, by the rule of step 3",
    worker: workerName(hostname),
    project: packageName(folder),
    version: ownVersion(),
    server,
    registration: isModule ? IN_A_MODULE : IN_COMMONJS,
    install: isNew ? '' : installCommands(folder).join('\n'),
    keyNote:
      algorithm === 'ed25519'
        ? ''
        : '\n`origin.env` contains the same key. With `--algorithm ed25519` the server could verify, and not sign.',
  }
  return (text) =>
    fillIn(access ? text : text.replaceAll('createTestEdge()', 'createTestEdge({ access: null })'), texts).replaceAll(
      /\bcountersign((?:\.test)?)\.ts\b/g,
      `countersign$1.${extension}`,
    )
}

function fillIn(text: string, texts: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => texts[name] ?? '')
}

function readTemplate(name: string): string {
  return readFileSync(new URL(name, TEMPLATES), 'utf8')
}

/** Another hostname gets another Worker: wrangler replaces a Worker of the same name. */
function workerName(hostname: string): string {
  return `countersign-${hostname.replaceAll(/[^a-z0-9]+/g, '-')}`.slice(0, 63).replace(/-+$/, '')
}

/** npm accepts such a name: lower case, and neither a dot nor an underscore first. */
function packageName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
  return name === '' ? 'countersign-app' : name.slice(0, 214)
}

/** All packages of Countersign have one version. */
function ownVersion(): string {
  return JSON.parse(readFileSync(new URL('../package.json', TEMPLATES), 'utf8')).version
}
