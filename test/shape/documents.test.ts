import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { countersignErrors } from '@countersign/origin-plugin'
import { CERTIFICATE_HEADERS } from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import { filesMatching, ROOT, readText, tableRows } from '../support/files.ts'

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

describe('Markdown links', () => {
  it('lead to files that exist', () => {
    const dead = filesMatching('**/*.md').flatMap((path) =>
      [...readText(path).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)]
        .map((match) => match[1] as string)
        .filter((target) => !existsSync(join(ROOT, dirname(path), target)))
        .map((target) => `${path}: ${target}`),
    )
    expect(dead).toEqual([])
  })
})
