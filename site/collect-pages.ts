import { copyFileSync, globSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { DOCUMENTS, FILES, PAGES, ROOT } from './places.ts'
import { rewriteLinks } from './rewrite-links.ts'

/**
 * Copies each document to the pages, and a page for each file or folder that a document links to.
 *
 * @returns the number of documents
 */
export function collectPages(): number {
  const documents = new Set(listDocuments())
  const linked = new Set<string>()
  for (const path of documents) {
    const text = readFileSync(join(ROOT, path), 'utf8')
    write(
      pageOf(path),
      rewriteLinks(text, path, (target) => placeOf(target, documents, linked)),
    )
  }
  // A page of a folder links to the files in it, which a loop over a set reaches too.
  for (const path of linked) write(join(FILES, path, 'index.md'), describePath(path, documents, linked))
  return documents.size
}

/** The documents of the site, by their paths from the root. */
export function listDocuments(): string[] {
  return DOCUMENTS.flatMap((pattern) => globSync(pattern, { cwd: ROOT, exclude: isExcluded })).sort()
}

const isExcluded = (path: string) => ['node_modules', 'dist'].includes(basename(path))

/** The page of a document. A README is the page of its folder. */
export function pageOf(path: string): string {
  return basename(path) === 'README.md' ? join(dirname(path), 'index.md') : path
}

/** The place of a linked path on the site, from its root. An image is copied. */
function placeOf(path: string, documents: ReadonlySet<string>, linked: Set<string>): string {
  if (documents.has(path)) return pageOf(path)
  if (documents.has(join(path, 'README.md'))) return pageOf(join(path, 'README.md'))
  if (extname(path) === '.png') {
    mkdirSync(join(PAGES, dirname(path)), { recursive: true })
    copyFileSync(join(ROOT, path), join(PAGES, path))
    return path
  }
  linked.add(path)
  return join(FILES, path, 'index.md')
}

/** A page with the text of a file, or with the list of a folder. The search does not show it. */
function describePath(path: string, documents: ReadonlySet<string>, linked: Set<string>): string {
  const head = `---\nsearch: false\noutline: false\n---\n\n# ${path}\n\n`
  const full = join(ROOT, path)
  if (!statSync(full).isDirectory()) {
    const fence = '`````'
    return `${head}${fence}${languageOf(path)}\n${readFileSync(full, 'utf8').trimEnd()}\n${fence}\n`
  }
  const rows = readdirSync(full, { withFileTypes: true })
    .filter(({ name }) => !/^(?:\.|node_modules$|dist$)/.test(name))
    .sort((one, other) => one.name.localeCompare(other.name, 'en'))
    .map((entry) => {
      if (entry.isDirectory()) return `- ${entry.name}/`
      return `- [${entry.name}](/${placeOf(join(path, entry.name), documents, linked)})`
    })
  return `${head}${rows.join('\n')}\n`
}

/** The language of a file for the colours of its code. */
function languageOf(path: string): string {
  const known: Readonly<Record<string, string>> = {
    '.ts': 'ts',
    '.js': 'js',
    '.json': 'json',
    '.jsonc': 'jsonc',
    '.yml': 'yaml',
    '.tf': 'hcl',
    '.sh': 'sh',
    '.py': 'python',
    '.css': 'css',
  }
  return known[extname(path)] ?? 'txt'
}

function write(page: string, text: string): void {
  const path = join(PAGES, page)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
