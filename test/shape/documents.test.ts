import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { countersignErrors } from '@countersign/origin-plugin'
import { CERTIFICATE_HEADERS } from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import { filesMatching, ROOT, readText, tableRows } from '../support/files.ts'
import { headingAnchors, inlineCode, linkTargets } from './markdown.ts'

/** The packages that are published. */
const PACKAGES = ['wire', 'worker', 'origin-plugin', 'dev-edge'].map((name) => `packages/${name}`)

const code = (cell: string | undefined) => cell?.replaceAll('`', '') ?? ''

describe('docs/errors.md', () => {
  const rows = tableRows(readText('docs/errors.md'))

  it('lists every code of the origin with its status', () => {
    const documented = rows
      .filter(([, status]) => /^\d{3}$/.test(status ?? ''))
      .map(([name, status]) => [code(name), Number(status)])
    const actual = [...countersignErrors].map(([name, { statusCode }]) => [name, statusCode])
    expect(documented.sort()).toEqual(actual.sort())
  })

  it('lists every code of the Worker', () => {
    const documented = rows.map(([name]) => code(name)).filter((name) => name.startsWith('CSN_WORKER_'))
    const sources = filesMatching('packages/worker/src/*.ts').filter((path) => !path.endsWith('.test.ts'))
    const actual = new Set(sources.flatMap((path) => readText(path).match(/CSN_WORKER_[A-Z_]+/g) ?? []))
    expect(documented.sort()).toEqual([...actual].sort())
  })

  it('quotes a message that is the code', () => {
    const quoted = JSON.parse(/```json\n([^`]*)\n```/.exec(readText('docs/errors.md'))?.[1] ?? '{}')
    expect(quoted).toMatchObject(countersignErrors.get(quoted.code) ?? { message: 'no such code' })
  })
})

describe('the table of docs/operations.md for the person on call', () => {
  it('has each code of the origin once', () => {
    const rows = tableRows(readText('docs/operations.md')).filter(([, name]) => /^`CSN_[A-Z_]+`$/.test(name ?? ''))
    expect(rows.map(([, name]) => code(name)).sort()).toEqual([...countersignErrors.keys()].sort())
    for (const [symptom, , query, promql, cause, remedy, ...rest] of rows) {
      for (const cell of [symptom, query, promql, cause, remedy]) expect(cell?.length).toBeGreaterThan(10)
      expect(rest).toEqual([])
    }
  })
})

describe('docs/wire.md', () => {
  it('has the headers of the table, in order, with their fields', () => {
    const rows = tableRows(readText('docs/wire.md')).filter(([names]) => /^`(?:X-CERT|Client-Cert)/.test(names ?? ''))
    const documented = rows.flatMap(([names, fields]) => {
      const fieldNames = code(fields).split(', ')
      return code(names)
        .split(', ')
        .map((name, at) => [name.toLowerCase(), name.startsWith('Client') ? undefined : fieldNames[at]])
    })
    const actual = CERTIFICATE_HEADERS.map(({ name, field }) => [name, name.startsWith('client') ? undefined : field])
    expect(documented).toEqual(actual)
  })
})

describe('SECURITY.md', () => {
  it('has a row for each test of a threat, and a test for each row', () => {
    const linked = [...readText('SECURITY.md').matchAll(/\]\((test\/threats\/[^)]+)\)/g)].map((match) => match[1])
    expect(linked.sort()).toEqual(filesMatching('test/threats/*.test.ts'))
  })
})

/** The documents of the layout, and the folder that their first paths start from. */
const LAYOUT = [
  ['ARCHITECTURE.md', ''],
  ['packages/dev-edge/ARCHITECTURE.md', 'packages/dev-edge/src'],
] as const

/**
 * The files and folders that a document names, as paths from the root.
 *
 * A path starts from the root, from `packages/`, from the folder `packages/…/src` that the text named last, or from any
 * such folder. A test file may stand without its path.
 */
function namedPaths(path: string, start: string): { readonly found: Set<string>; readonly missing: string[] } {
  const found = new Set<string>()
  const missing: string[] = []
  let base = start
  for (const word of inlineCode(readText(path))) {
    if (/^packages\/[^/]+\/src\/?$/.test(word)) base = word.replace(/\/$/, '')
    if (!/^[\w./-]+(?:\.ts|\/)$/.test(word)) continue
    const places = [word, join(base, word), join('packages', word), ...PACKAGES.map((name) => join(name, 'src', word))]
    const place = places.find((candidate) => existsSync(join(ROOT, candidate))) ?? testNamed(word)
    if (place === undefined) missing.push(`${path}: ${word}`)
    else found.add(place)
  }
  return { found, missing }
}

const TESTS = filesMatching('**/*.test.ts')

function testNamed(word: string): string | undefined {
  return word.endsWith('.test.ts') ? TESTS.find((path) => path.endsWith(`/${word}`)) : undefined
}

describe('the documents of the layout', () => {
  const named = LAYOUT.filter(([path]) => existsSync(join(ROOT, path))).map(([path, start]) => namedPaths(path, start))

  it('name every source file, or the folder it is in', () => {
    const places = new Set(named.flatMap(({ found }) => [...found]))
    const sources = PACKAGES.flatMap((folder) => filesMatching(`${folder}/src/**/*.ts`)).filter(
      (path) => !path.endsWith('.test.ts'),
    )
    expect(sources.length).toBeGreaterThan(150)
    const foldersOf = (path: string): string[] =>
      path.split('/').flatMap((_, at, parts) => (at > 3 ? [`${parts.slice(0, at).join('/')}/`] : []))
    const unnamed = sources.filter((path) => ![path, ...foldersOf(path)].some((place) => places.has(place)))
    expect(unnamed).toEqual([])
  })

  it('name files and folders that exist', () => {
    expect(named.flatMap(({ missing }) => missing)).toEqual([])
  })
})

describe('Markdown links', () => {
  const links = [...filesMatching('**/*.md'), ...filesMatching('.changeset/*.md')].flatMap((path) =>
    linkTargets(readText(path))
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target) => {
        const [file = '', anchor] = target.split('#')
        return { link: `${path}: ${target}`, file: file === '' ? path : join(dirname(path), file), anchor }
      }),
  )

  it('are read from the documents', () => {
    expect(links.length).toBeGreaterThan(40)
    expect(links.filter(({ anchor }) => anchor !== undefined).length).toBeGreaterThan(5)
  })

  it('lead to files that exist', () => {
    expect(links.filter(({ file }) => !existsSync(join(ROOT, file))).map(({ link }) => link)).toEqual([])
  })

  it('lead to headings that exist', () => {
    const dead = links.filter(
      ({ file, anchor }) =>
        anchor !== undefined && existsSync(join(ROOT, file)) && !headingAnchors(readText(file)).has(anchor),
    )
    expect(dead.map(({ link }) => link)).toEqual([])
  })
})

describe('the table of docs/set-ups.md', () => {
  const pluginsIn = (text: string, pattern: RegExp) =>
    [...new Set([...text.matchAll(pattern)].map(([, name = '']) => name))].toSorted()

  it('lists the plugins that the tests of set-ups register', () => {
    const rows = readText('docs/set-ups.md').match(/^\| `@fastify[^|]*/gm) ?? []
    const tests = filesMatching('test/setups/*.test.ts').map(readText).join()
    expect(rows.length).toBeGreaterThan(10)
    expect(pluginsIn(rows.join(), /`(@fastify\/[\w-]+)`/g)).toEqual(pluginsIn(tests, /from '(@fastify\/[\w-]+)'/g))
  })
})
