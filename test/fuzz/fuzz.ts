import { appendFileSync } from 'node:fs'
import { env } from 'node:process'
import fc from 'fast-check'

/** A seed that is always the same and few cases, unless `pnpm fuzz` says otherwise. */
const { FUZZ_SEED = '9421', FUZZ_RUNS = '1500', FUZZ_LEDGER } = env

/**
 * Checks a property on random cases, and notes for the report how many were really run.
 *
 * @param share - how many of FUZZ_RUNS it gets: less than one for a property whose cases are expensive
 * @throws Error with the smallest case that disagrees, and the seed
 */
export async function fuzz<Case>(property: fc.IRawProperty<Case>, share = 1): Promise<void> {
  const result = await fc.check(property, { seed: Number(FUZZ_SEED), numRuns: Math.ceil(Number(FUZZ_RUNS) * share) })
  if (FUZZ_LEDGER) appendFileSync(FUZZ_LEDGER, `${result.numRuns} ${Number(result.failed)}\n`)
  if (result.failed) throw new Error(await fc.asyncDefaultReportMessage(result), { cause: result.errorInstance })
}
