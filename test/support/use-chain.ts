import { afterAll, beforeAll, describe } from 'vitest'
import { type Chain, type ChainOptions, startChain } from './chain.ts'

/**
 * Starts a chain before the tests of a suite, and closes it after them.
 *
 * @returns the chain; it can be used in tests and hooks alone
 */
export function useChain(options?: ChainOptions): Chain {
  let started: Chain | undefined
  beforeAll(async () => {
    started = await startChain(options)
  })
  afterAll(() => started?.close())
  return new Proxy({} as Chain, {
    get(_, name) {
      if (!started) throw new Error('the chain runs only during tests')
      return Reflect.get(started, name)
    },
  })
}

/** A suite of tests of one threat, with a chain of its own. */
export function describeThreat(name: string, options: ChainOptions, define: (chain: Chain) => void): void
/** A suite of tests of one threat, with the usual chain. */
export function describeThreat(name: string, define: (chain: Chain) => void): void
export function describeThreat(
  name: string,
  ...rest: [ChainOptions, (chain: Chain) => void] | [(chain: Chain) => void]
) {
  const [options, define] = rest.length === 1 ? [undefined, rest[0]] : rest
  describe(name, () => define(useChain(options)))
}
