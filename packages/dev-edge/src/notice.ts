/** An answer of the edge itself, for people: the failure, its facts, and the remedy. */
export interface Notice {
  readonly title: string
  readonly facts: readonly (readonly [name: string, value: string])[]
  readonly advice: readonly string[]
}

/** Formats a notice for a terminal. */
export function formatPlain({ title, facts, advice }: Notice): string {
  const rows = facts.map(([name, value]) => `${name.padEnd(8)} ${value}`)
  return `${[title, '', ...rows, '', ...advice].join('\n')}\n`
}

/** Formats a notice for a browser. Its facts contain text of the client and of the Worker, so they are escaped. */
export function formatPage({ title, facts, advice }: Notice): string {
  const rows = facts.map(([name, value]) => `<tr><th>${name}<td><code>${escapeHtml(value)}</code>`)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${title}</title>
<style>body{font:16px/1.5 sans-serif;max-width:44em;margin:4em auto;padding:0 1em}th{text-align:left;padding-right:2em;vertical-align:top}</style>
<h1>${title}</h1>
<table>${rows.join('\n')}</table>
<p>${advice.map(escapeHtml).join('\n')}</p>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
