import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, readText } from '../support/files.ts'
import type { Figure } from './figure.ts'

const REPORT = 'reports/mutation/mutation.json'
const CONFIG = 'test/mutation/stryker.config.json'

/** The used part of a report in the mutation-testing schema. */
interface MutationReport {
  readonly files: Readonly<Record<string, { readonly mutants: readonly { readonly status: string }[] }>>
}

/** Reads the score of the latest `pnpm mutate`. A run takes about an hour, so this does not start one. */
export function readMutationScore(): Figure {
  const name = 'mutation score'
  if (!existsSync(join(ROOT, REPORT))) return { name, value: 'not measured: run pnpm mutate', isClean: true }
  const { files } = JSON.parse(readText(REPORT)) as MutationReport
  const statuses = Object.values(files).flatMap(({ mutants }) => mutants.map(({ status }) => status))
  const count = (...wanted: string[]) => statuses.filter((status) => wanted.includes(status)).length
  const detected = count('Killed', 'Timeout')
  const all = detected + count('Survived', 'NoCoverage')
  const score = (100 * detected) / all
  const { thresholds } = JSON.parse(readText(CONFIG)) as { thresholds: { break: number } }
  return {
    name,
    value: `${score.toFixed(1)} % (${detected} of ${all}; at least ${thresholds.break} %)`,
    isClean: score >= thresholds.break,
  }
}
