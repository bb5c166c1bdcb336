import { describe, expect, it } from 'vitest'
import { filesMatching, readText } from '../support/files.ts'

/** Who may import whom: the arrows of ARCHITECTURE.md. `node:` stands for every module of Node. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  worker: ['@countersign/wire'],
  'origin-plugin': ['@countersign/wire', '@fastify/error', 'fastify', 'fastify-plugin', 'jose', 'node:'],
  'dev-edge': [
    '@countersign/origin-plugin',
    '@countersign/wire',
    '@countersign/worker',
    '@peculiar/x509',
    'commander',
    'esbuild',
    'fastify',
    'jose',
    'miniflare',
    'node:',
    'reflect-metadata',
  ],
}

const SPECIFIER = /(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g

/** `jose/errors` is of `jose`. */
const packageOf = (specifier: string) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier

function importsOf(path: string): string[] {
  // An example in a comment imports nothing.
  const code = readText(path).replace(/\/\*[\s\S]*?\*\//g, '')
  return [...code.matchAll(SPECIFIER)].map((match) => match[1] as string).filter((name) => !name.startsWith('.'))
}

function sources(name: string): string[] {
  return filesMatching(`packages/${name}/src/**/*.ts`).filter(
    (path) => !/\.test\.ts$|\/(?:origin-plugin|worker)\/src\/testing\//.test(path),
  )
}

describe('imports', () => {
  it('are read from the sources', () => {
    expect(importsOf('packages/worker/src/strip-headers.ts')).toEqual(['@countersign/wire'])
    expect(importsOf('packages/origin-plugin/src/plugin.ts')).toContain('node:diagnostics_channel')
  })

  for (const [name, allowed] of Object.entries(ALLOWED)) {
    it(`of ${name} follow the arrows`, () => {
      const paths = sources(name)
      expect(paths.length).toBeGreaterThan(3)
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

  it('never reach into another package by path', () => {
    const paths = ['packages', 'examples'].flatMap((folder) => filesMatching(`${folder}/**/*.ts`))
    const reaching = paths.filter((path) =>
      /'(?:\.\.\/)+(?:packages|wire|worker|origin-plugin|dev-edge)\//.test(readText(path)),
    )
    expect(reaching).toEqual([])
  })
})
