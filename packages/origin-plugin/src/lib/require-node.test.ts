import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { requireNode } from './require-node.ts'

it.each(['22.13.0', '22.13.1', '22.20.0', '23.0.0', '24.21.0'])('accepts Node %s', (running) => {
  expect(() => requireNode(running)).not.toThrow()
})

it.each(['22.12.9', '21.99.0', '20.20.2', '18.20.8'])(
  'refuses Node %s, and names the version to install',
  (running) => {
    expect(() => requireNode(running)).toThrow(new TypeError(`Node ${running} is too old; install Node 22.13 or later`))
  },
)

it('requires the version of the manifest', () => {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const oldest = JSON.parse(manifest).engines.node.replace('>=', '')
  expect(oldest).toMatch(/^\d+\.\d+$/)
  expect(() => requireNode(`${oldest}.0`)).not.toThrow()
  expect(() => requireNode('0.0.0')).toThrow(new TypeError(`Node 0.0.0 is too old; install Node ${oldest} or later`))
})
