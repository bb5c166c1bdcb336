import { appendFileSync } from 'node:fs'
import { env } from 'node:process'
import fc from 'fast-check'

// By default, the same few cases in every run: `.ci/run` checks twice as many of this seed.
// `pnpm fuzz` sets a random seed, more cases and the ledger.
// Ledger: a file with one line per property, the number of its cases and 1 for a failure.
const { FUZZ_SEED = '9421', FUZZ_RUNS = '700', FUZZ_LEDGER } = env

/**
 * Checks a property on random cases and records in the ledger how many cases ran.
 *
 * @param share - the part of FUZZ_RUNS that the property gets: below 1 if its cases are expensive
 * @throws Error with the smallest failing case and the seed
 *
 * @example
 * await fuzz(fc.property(fc.string(), (text) => expect(decode(encode(text))).toBe(text)), 0.5)
 */
export async function fuzz<Case>(property: fc.IRawProperty<Case>, share = 1): Promise<void> {
  const result = await fc.check(property, { seed: Number(FUZZ_SEED), numRuns: Math.ceil(Number(FUZZ_RUNS) * share) })
  if (FUZZ_LEDGER) appendFileSync(FUZZ_LEDGER, `${result.numRuns} ${Number(result.failed)}\n`)
  if (result.failed) throw new Error(await fc.asyncDefaultReportMessage(result), { cause: result.errorInstance })
}
