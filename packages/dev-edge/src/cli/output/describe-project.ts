import { relative } from 'node:path'
import type { InitializedProject } from '../../init/init-project.ts'
import { quoteForShell } from './curl-command.ts'
import { style } from './print.ts'

const READ_NEW = 'has the steps at Cloudflare, in order'
const READ_EXISTING = 'has the lines for your server, and then the steps at Cloudflare, in order'

/** Formats the written files, those that were left alone, and the next steps. */
export function formatProject(folder: string, project: InitializedProject): string {
  const { written, extended, leftAlone, withoutKey, isNew, install, readme } = project
  const path = relative(process.cwd(), folder)
  const enter = path === '' ? [] : [`cd ${quoteForShell(path)}`]
  const next = isNew ? ['npm test', 'npm run dev          # a local Cloudflare in front of npm run start:local'] : []
  return [
    ...section(written.length > 0 ? 'Written' : 'Nothing was written', written),
    ...section('Extended', extended),
    ...section('Left alone, because it was there', leftAlone),
    ...(leftAlone.some((path) => path !== '.gitignore')
      ? ['The values of this run are not in these files. Remove a file to have it written again.\n']
      : []),
    ...withoutKey.map(
      (file) =>
        `${file} was not written, because the key in the other file was there. Remove that file for a new pair of keys.\n`,
    ),
    ...section('Next', [...enter, ...install, ...next, `${readme} ${isNew ? READ_NEW : READ_EXISTING}`]),
  ]
    .join('\n')
    .trimEnd()
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0 && !title.startsWith('Nothing')) return []
  return [style('bold', title), ...lines.map((line) => `  ${line}`), '']
}
