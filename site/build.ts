import { rmSync } from 'node:fs'
import { build } from 'vitepress'
import { checkOutput } from './check-output.ts'
import { collectPages } from './collect-pages.ts'
import { OUTPUT, PAGES, SITE } from './places.ts'
import { writeApiReference } from './write-api-reference.ts'

/**
 * Builds the site: the documents of the repository, and the API reference from the TSDoc of the packages.
 *
 * It fails for a link without a target, an unresolved `{@link}`, or a path of this machine in the output.
 */
for (const folder of [PAGES, OUTPUT]) rmSync(folder, { recursive: true, force: true })
const pages = collectPages()
const entries = await writeApiReference()
await build(SITE)
const { files, links } = checkOutput()
console.log(
  `The site is in ${OUTPUT}: ${pages} documents, ${entries} entries of the API, ${files} pages, ${links} links.`,
)
