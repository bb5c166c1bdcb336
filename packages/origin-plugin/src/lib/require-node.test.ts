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
