import { existsSync, globSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, extname, join, relative } from 'node:path'
import { OUTPUT, ROOT } from './places.ts'

/** The size of a checked site. */
export interface CheckedOutput {
  readonly files: number
  readonly links: number
}

/**
 * Checks the finished site: each link leads to a page and an anchor of it, and no file contains a path of this machine.
 *
 * @param folder - the site
 * @throws Error that lists the faults
 */
export function checkOutput(folder: string = OUTPUT): CheckedOutput {
  const pages = new Map(filesIn(folder, '**/*.html'))
  const faults: string[] = []
  let links = 0
  for (const [page, html] of pages) {
    for (const [, target = ''] of html.matchAll(/\s(?:href|src)="([^"]*)"/g)) {
      links++
      const fault = faultOf(decode(target), page, pages, folder)
      if (fault) faults.push(`${page}: ${target} ${fault}`)
    }
  }
  for (const [path, text] of filesIn(folder, '**/*.{html,js,json,css}')) {
    for (const secret of machineTexts()) if (text.includes(secret)) faults.push(`${path}: contains ${secret}`)
  }
  if (pages.size === 0) throw new Error(`${folder} has no page`)
  if (faults.length > 0) throw new Error(`The site has faults:\n${faults.join('\n')}`)
  return { files: pages.size, links }
}

/** The files that match a glob, each with its text. A page of a file such as `one.js` is a folder of this name. */
function filesIn(folder: string, pattern: string): [path: string, text: string][] {
  return globSync(pattern, { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => [relative(folder, path), readFileSync(path, 'utf8')])
}

/** The fault of a link, or `undefined`. Links to other sites are not followed. */
function faultOf(target: string, page: string, pages: ReadonlyMap<string, string>, folder: string): string | undefined {
  if (/^(?:https?|mailto|data):/.test(target) || target === '') return undefined
  const [file = '', anchor = ''] = target.split('#')
  const path = file === '' ? page : file.startsWith('/') ? file.slice(1) : join(dirname(page), file)
  const found = extname(path) === '.html' ? path : join(path, 'index.html')
  const html = pages.get(found)
  if (html === undefined) return existsSync(join(folder, path)) && file !== '' ? undefined : 'leads to no page'
  const isThere = anchor === '' || html.includes(`id="${anchor}"`)
  return isThere ? undefined : 'leads to no anchor'
}

/** Texts of the machine that makes the site. */
function machineTexts(): string[] {
  const registry = process.env['npm_config_registry'] ?? 'https://registry.npmjs.org/'
  const { host } = new URL(registry)
  return [ROOT, `${homedir()}/`, 'file:///', ...(host === 'registry.npmjs.org' ? [] : [host])]
}

function decode(target: string): string {
  return decodeURI(target.replaceAll('&amp;', '&'))
}
