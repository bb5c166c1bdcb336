import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { filesMatching, ROOT, readText } from '../support/files.ts'

const run = promisify(execFile)

describe('docs/testing.md', () => {
  it('quotes every example exactly', () => {
    const quoted = readText('docs/testing.md').matchAll(/^\[(examples\/\S+)\]\(\S+\)\n\n```ts\n(.*?)^```$/gms)
    expect(Object.fromEntries([...quoted].map(([, path, code]) => [path, code]))).toEqual(
      Object.fromEntries(filesMatching('examples/testing/*.ts').map((path) => [path, readText(path)])),
    )
  })

  // The example for Vitest is itself one of the tests.
  it('has an example for node:test that passes', async () => {
    const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', 'with-node-test.ts'], {
      cwd: join(ROOT, 'examples/testing'),
    })
    expect(stdout).toMatch(/^# pass 4$/m)
  })
})
