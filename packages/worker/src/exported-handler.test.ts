import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

it("satisfies ExportedHandler under workerd's own types", () => {
  const tsc = spawnSync(path('../../../node_modules/.bin/tsc'), ['--project', path('../types-test')], {
    encoding: 'utf8',
  })
  expect(tsc.stdout).toBe('')
  expect(tsc.status).toBe(0)
}, 30_000)
