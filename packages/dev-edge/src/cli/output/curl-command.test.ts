import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { formatCurl, quoteForShell, shownPath } from './curl-command.ts'

describe('formatCurl', () => {
  it('writes paths relative to the working directory', () => {
    const client = { cert: resolve('.countersign/clients/a.pem'), key: resolve('.countersign/clients/a-key.pem') }
    expect(formatCurl('https://localhost:8443/me', { caFile: resolve('keys/ca.pem'), client })).toBe(
      'curl --cacert ./keys/ca.pem --cert .countersign/clients/a.pem --key .countersign/clients/a-key.pem https://localhost:8443/me',
    )
  })

  it('quotes words that a shell would interpret', () => {
    expect(formatCurl('https://localhost/?a=b&c', { headers: ["X: it's $HOME"] })).toBe(
      "curl --header 'X: it'\\''s $HOME' 'https://localhost/?a=b&c'",
    )
  })
})

describe('quoteForShell', () => {
  it.each(['plain', '', 'a b', "'", '"$(id)`', '[{"kid":"a"}]', 'a\nb', '~', '*', '#'])('keeps %j one word', (word) => {
    const script = `printf %s ${quoteForShell(word)}`
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(word)
  })
})

describe('shownPath', () => {
  it.each([
    [resolve('a.pem'), './a.pem'],
    [resolve('-a.pem'), './-a.pem'],
    [resolve('..', 'a.pem'), '../a.pem'],
  ])('shows %s', (path, shown) => {
    expect(shownPath(path)).toBe(shown)
  })
})
