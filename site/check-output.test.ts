import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkOutput } from './check-output.ts'
import { ROOT } from './places.ts'

/** A site with these files. */
function site(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-site-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'docs'))
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text)
  return folder
}

describe('checkOutput', () => {
  it('follows links to pages, folders, files and anchors, and counts them', () => {
    const folder = site({
      'index.html': '<h2 id="a">A</h2><a href="#a">a</a><a href="/docs/">b</a><a href="docs/wire.html#keys">c</a>',
      'docs/index.html': '<a href="../index.html#a">a</a><img src="/docs/one.png"><a href="https://a.example/">b</a>',
      'docs/wire.html': '<h2 id="keys">Keys</h2>',
      'docs/one.png': '',
    })
    expect(checkOutput(folder)).toEqual({ files: 3, links: 6 })
  })

  it.each([
    ['/docs/none.html', 'leads to no page'],
    ['docs/none.png', 'leads to no page'],
    ['#none', 'leads to no anchor'],
    ['docs/index.html#none', 'leads to no anchor'],
  ])('refuses a link to %s', (target, fault) => {
    const folder = site({ 'index.html': `<a href="${target}">a</a>`, 'docs/index.html': '' })
    expect(() => checkOutput(folder)).toThrow(`The site has faults:\nindex.html: ${target} ${fault}`)
  })

  it.each(['html', 'js', 'json', 'css'])('refuses a path of this machine in a file .%s', (extension) => {
    const folder = site({ 'index.html': '', [`docs/one.${extension}`]: `read from ${ROOT}/docs` })
    expect(() => checkOutput(folder)).toThrow(`docs/one.${extension}: contains ${ROOT}`)
  })

  it('reads the page of a file whose name ends in .js', () => {
    const folder = site({ 'index.html': '<a href="/docs/one.js/">a</a>' })
    mkdirSync(join(folder, 'docs/one.js'))
    writeFileSync(join(folder, 'docs/one.js/index.html'), '')
    expect(checkOutput(folder)).toEqual({ files: 2, links: 1 })
  })

  it('refuses a folder without a page', () => {
    const folder = site({})
    expect(() => checkOutput(folder)).toThrow(`${folder} has no page`)
  })
})
