import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { filesMatching, ROOT, readText } from '../support/files.ts'

const run = promisify(execFile)

/** The server of the example with a browser is linked, and not quoted. */
const QUOTED = filesMatching('examples/{testing,end-to-end}/*.ts').filter((path) => !path.endsWith('/server.ts'))

describe('docs/testing.md', () => {
  it('quotes every example exactly', () => {
    const quoted = readText('docs/testing.md').matchAll(/^\[(examples\/\S+)\]\(\S+\)\n\n```ts\n(.*?)^```$/gms)
    expect(Object.fromEntries([...quoted].map(([, path, code]) => [path, code]))).toEqual(
      Object.fromEntries(QUOTED.map((path) => [path, readText(path)])),
    )
  })

  it('has a workflow that runs the example with a browser', () => {
    const [, yaml = ''] = /^```yaml\n(.*?)^```$/ms.exec(readText('docs/testing.md')) ?? []
    const { steps } = parse(yaml).jobs.browser
    expect(steps.flatMap(({ run: command }: { run?: string }) => command ?? [])).toEqual([
      'npm ci',
      'npx playwright install --with-deps chromium',
      'npx playwright test',
    ])
    const { test } = JSON.parse(readText('examples/end-to-end/package.json')).scripts
    expect(test).toBe('playwright test')
  })

  // The example for Vitest is itself one of the tests.
  it('has an example for node:test that passes', async () => {
    const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', 'with-node-test.ts'], {
      cwd: join(ROOT, 'examples/testing'),
    })
    expect(stdout).toMatch(/^# pass 4$/m)
  })
})
