import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesMatching, ROOT, readText } from '../support/files.ts'
import { importGraph, resolveSpecifier, specifiersOf } from './import-graph.ts'

/** For each package, the packages that it may import: the arrows of ARCHITECTURE.md. `node:` permits every module of Node. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  worker: ['@countersign/wire'],
  'origin-plugin': [
    '@countersign/wire',
    '@fastify/error',
    '@fastify/swagger',
    '@opentelemetry/api',
    'fastify',
    'fastify-plugin',
    'jose',
    'node:',
  ],
  'dev-edge': [
    '@countersign/origin-plugin',
    '@countersign/wire',
    '@countersign/worker',
    '@peculiar/asn1-cms',
    '@peculiar/asn1-pfx',
    '@peculiar/asn1-rsa',
    '@peculiar/asn1-schema',
    '@peculiar/asn1-x509',
    '@peculiar/x509',
    'commander',
    'esbuild',
    'fastify',
    'jose',
    'jsonc-parser',
    'miniflare',
    'node:',
    'reflect-metadata',
    'smol-toml',
  ],
  'create-countersign': ['@countersign/dev-edge', 'node:'],
  'test-support': ['@countersign/wire', '@peculiar/x509', 'jose', 'node:', 'reflect-metadata'],
}

/**
 * Values of Node 24 that its release 20.0 lacks. An import by name of one of them is a `SyntaxError` there, before the
 * package can name the version to install. `import * as crypto` reads it later.
 */
const LATER_VALUES: Readonly<Record<string, readonly string[]>> = {
  crypto: ['argon2', 'argon2Sync', 'decapsulate', 'encapsulate', 'hash', 'randomUUIDv7'],
  events: ['addAbortListener'],
  fs: ['Utf8Stream', 'glob', 'globSync', 'mkdtempDisposableSync'],
  'fs/promises': ['glob', 'mkdtempDisposable'],
  module: ['enableCompileCache', 'findPackageJSON', 'register', 'registerHooks', 'stripTypeScriptTypes'],
  path: ['matchesGlob'],
  perf_hooks: ['eventLoopUtilization', 'timerify'],
  process: ['availableMemory', 'execve', 'finalization', 'getBuiltinModule', 'loadEnvFile', 'ref', 'unref'],
  stream: ['duplexPair'],
  'stream/consumers': ['bytes'],
  tls: ['getCACertificates', 'getCertificateCompressionAlgorithms', 'setDefaultCACertificates'],
  url: ['URLPattern', 'fileURLToPathBuffer'],
  util: ['diff', 'getCallSites', 'getSystemErrorMessage', 'parseEnv', 'setTraceSigInt', 'styleText'],
  worker_threads: ['isInternalThread', 'isMarkedAsUntransferable', 'locks', 'postMessageToThread', 'threadName'],
  zlib: ['ZstdCompress', 'ZstdDecompress', 'crc32', 'createZstdCompress', 'zstdCompressSync', 'zstdDecompressSync'],
}

/** The values that a source imports by name from modules of Node, such as `crypto: hash`. */
function namedValues(text: string): string[] {
  return [...text.matchAll(/^import \{([^}]*)\} from 'node:([^']+)'/gm)].flatMap(([, names = '', module]) =>
    names
      .split(',')
      .map((name) => name.trim().split(' as ')[0] ?? '')
      .filter((name) => name !== '' && !name.startsWith('type '))
      .map((name) => `${module}: ${name}`),
  )
}

/** `jose/errors` is of `jose`. */
const packageOf = (specifier: string) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier

function importsOf(path: string): string[] {
  return specifiersOf(readText(path)).filter((name) => !name.startsWith('.'))
}

function sources(name: string): string[] {
  return filesMatching(`packages/${name}/src/**/*.ts`).filter((path) => !path.endsWith('.test.ts'))
}

describe('imports', () => {
  it('are read from the sources', () => {
    expect(importsOf('packages/worker/src/strip-headers.ts')).toEqual(['@countersign/wire'])
    expect(importsOf('packages/origin-plugin/src/events/channels.ts')).toContain('node:diagnostics_channel')
  })

  for (const [name, allowed] of Object.entries(ALLOWED)) {
    it(`of ${name} follow the arrows`, () => {
      const paths = sources(name)
      expect(paths.length).toBeGreaterThan(0)
      const against = paths.flatMap((path) =>
        importsOf(path)
          .filter(
            (specifier) =>
              !allowed.some(
                (entry) => packageOf(specifier) === entry || (entry === 'node:' && specifier.startsWith(entry)),
              ),
          )
          .map((specifier) => `${path} imports ${specifier}`),
      )
      expect(against).toEqual([])
    })

    it(`of ${name} are its declared dependencies`, () => {
      const manifest = JSON.parse(readText(`packages/${name}/package.json`))
      const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
      const undeclared = sources(name)
        .flatMap(importsOf)
        .filter((specifier) => !specifier.startsWith('node:') && !declared.includes(packageOf(specifier)))
      expect(undeclared).toEqual([])
    })
  }

  it('of names that an old Node lacks are from the module, so that the check of the version runs', () => {
    expect(namedValues("import { hash as h, type KeyObject, verify } from 'node:crypto'\n")).toEqual([
      'crypto: hash',
      'crypto: verify',
    ])
    const later = Object.entries(LATER_VALUES).flatMap(([module, names]) => names.map((name) => `${module}: ${name}`))
    const wrong = Object.keys(ALLOWED)
      .filter((name) => name !== 'test-support')
      .flatMap(sources)
      .flatMap((path) =>
        namedValues(readText(path)).flatMap((value) => (later.includes(value) ? `${path}: ${value}` : [])),
      )
    expect(wrong).toEqual([])
  })

  it.each([
    ['@opentelemetry/api', 'otel'],
    ['@fastify/swagger', 'openapi'],
  ])('of the optional library %s are behind their own entry', (library, room) => {
    const isInRoom = (path: string) => path.startsWith(`packages/origin-plugin/src/${room}/`)
    const importers = sources('origin-plugin').filter((path) => importsOf(path).includes(library))
    expect(importers.length).toBeGreaterThan(0)
    expect(importers.filter((path) => !isInRoom(path))).toEqual([])
    const outside = [...importGraph('packages/origin-plugin/src/**/*.ts')].filter(([path]) => !isInRoom(path))
    expect(outside.flatMap(([, targets]) => targets.filter(isInRoom))).toEqual([])
  })

  it('never reach into another package by path', () => {
    const graph = importGraph('{packages,examples}/**/*.{ts,js}')
    expect(graph.size).toBeGreaterThan(200)
    const homeOf = (path: string) => path.split('/').slice(0, 2).join('/')
    const reaching = [...graph.keys()].flatMap((path) =>
      specifiersOf(readText(path))
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => resolveSpecifier(specifier, path) as string)
        .filter((target) => homeOf(target) !== homeOf(path))
        .map((target) => `${path} imports ${target}`),
    )
    expect(reaching).toEqual([])
  })

  it('lead to files that exist', () => {
    const graph = importGraph('{packages,examples,test,bench}/**/*.{ts,js}')
    const missing = [...graph].flatMap(([path, targets]) =>
      targets.filter((target) => !existsSync(join(ROOT, target))).map((target) => `${path} imports ${target}`),
    )
    expect(missing).toEqual([])
  })
})
