import { describe, expect, it } from 'vitest'
import { filesMatching, readText } from '../support/files.ts'
import { codeBlocks } from './markdown.ts'
import { collectSnippets } from './snippets.ts'

const PUBLISHED = ['wire', 'worker', 'origin-plugin', 'dev-edge']
const OLDEST_NODE = '22.13'

const documents = filesMatching('**/*.md').filter((path) => !/^(?:\.changeset|bench|test)\//.test(path))
const shellLines = documents.flatMap((path) =>
  codeBlocks(readText(path))
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => code.split('\n').map((line) => ({ path, line }))),
)

/** The document and the line of each shell line that matches. */
const linesMatching = (pattern: RegExp) =>
  shellLines.filter(({ line }) => pattern.test(line)).map(({ path, line }) => `${path}: ${line}`)

describe('the commands of the documents', () => {
  it('are many', () => {
    expect(shellLines.length).toBeGreaterThan(40)
    expect(linesMatching(/npx --package @countersign\/dev-edge countersign /).length).toBeGreaterThan(8)
  })

  it('name the package of countersign: the npm package of that name is not ours', () => {
    expect(linesMatching(/(?:^|[|;&] *)countersign /)).toEqual([])
    expect(documents.filter((path) => /npx (?:--yes )?countersign/.test(readText(path)))).toEqual([])
  })

  it('run wrangler with npx', () => {
    expect(linesMatching(/(?:^|[|;&] *)wrangler |pnpm (?:exec )?wrangler/)).toEqual([])
  })

  it('pass no key in an argument', () => {
    expect(linesMatching(/--(?:rotate|keys) ["']?\$/)).toEqual([])
  })
})

describe('the examples of the documents and the sources', () => {
  it('leave the parsing of keys to the option: the error of JSON.parse quotes a secret', () => {
    const parsing = collectSnippets().filter(({ code }) => /JSON\.parse\((?:process\.)?env\b/.test(code))
    expect(parsing.map(({ path, line }) => `${path}:${line}`)).toEqual([])
  })
})

describe('the oldest version of Node', () => {
  it.each(PUBLISHED)('is that of %s', (name) => {
    const { engines } = JSON.parse(readText(`packages/${name}/package.json`))
    expect(engines.node).toBe(`>=${OLDEST_NODE}`)
  })

  it('is tested, and stands where a reader installs', () => {
    expect(readText('.ci/run')).toContain(`node@${OLDEST_NODE} `)
    for (const path of [
      'README.md',
      'docs/local-development.md',
      'docs/deploy.md',
      'packages/origin-plugin/README.md',
      'packages/dev-edge/README.md',
    ]) {
      expect(readText(path), path).toContain(`Node ${OLDEST_NODE} or later`)
    }
  })
})

describe('a document that installs', () => {
  it('states that the packages are not published yet', () => {
    const versions = PUBLISHED.map((name) => JSON.parse(readText(`packages/${name}/package.json`)).version)
    // With a first release this test fails: then remove the sentences, and this test.
    expect(new Set(versions)).toEqual(new Set(['0.0.0']))
    const installing = documents.filter((path) => /npm install.*@countersign\//.test(readText(path)))
    expect(installing.length).toBeGreaterThan(3)
    for (const path of installing) expect(readText(path), path).toContain('not published yet')
  })
})
