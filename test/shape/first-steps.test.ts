import { describe, expect, it } from 'vitest'
import { requireNode } from '../../packages/origin-plugin/src/lib/require-node.ts'
import { dropFirstReleaseNotes, firstReleaseNotes } from '../release/drop-first-release-notes.ts'
import { filesMatching, readText } from '../support/files.ts'
import { codeBlocks } from './markdown.ts'
import { collectSnippets } from './snippets.ts'

const PUBLISHED = ['wire', 'worker', 'origin-plugin', 'dev-edge', 'create-countersign']
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

  it('is that of the check at the start of the plugin', () => {
    expect(() => requireNode('0.0.0')).toThrow(`; install Node ${OLDEST_NODE} or later`)
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
  it('states until the first release, and no longer, that the packages are not published yet', () => {
    const versions = PUBLISHED.map((name) => JSON.parse(readText(`packages/${name}/package.json`)).version)
    const isBefore = versions.every((version) => version === '0.0.0')
    const installing = documents.filter((path) => /npm install.*@countersign\//.test(readText(path)))
    expect(installing.length).toBeGreaterThan(3)
    for (const path of installing) {
      const notes = firstReleaseNotes(readText(path)).filter((text) => text.includes('not published yet'))
      expect(notes, path).toHaveLength(isBefore ? 1 : 0)
    }
  })

  it('loses that passage with the first release', () => {
    const passage = (text: string) => `<!-- until the first release -->\n${text}\n<!-- /until the first release -->\n`
    const text = `one\n\n${passage('two')}\nthree\n${passage('four')}\nfive\n`
    expect(firstReleaseNotes(text)).toEqual(['two\n', 'four\n'])
    expect(dropFirstReleaseNotes(text)).toBe('one\n\nthree\n\nfive\n')
    const lasting = documents.filter((path) => /published yet/.test(dropFirstReleaseNotes(readText(path))))
    expect(lasting).toEqual([])
  })
})
