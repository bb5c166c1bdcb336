import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Figure } from './figure.ts'
import { runScript } from './run-script.ts'

/** The used part of Vitest's JSON report. */
interface VitestReport {
  readonly success: boolean
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly message: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

/** Runs every attack of `test/threats`. A failed test is an accepted attack, or a refused good request. */
export async function tryThreats(): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-threats-'))
  const file = join(folder, 'report.json')
  try {
    const options = ['run', '--project', 'threats', '--reporter', 'json', '--outputFile', file]
    const { exitCode } = await runScript('node_modules/vitest/vitest.mjs', ...options)
    const report = JSON.parse(readFileSync(file, 'utf8')) as VitestReport
    for (const { name, message, assertionResults } of report.testResults) {
      const failed = assertionResults.filter(({ status }) => status === 'failed')
      for (const { fullName } of failed) console.log(`✗ ${fullName}`)
      // A file that does not load tries none of its attacks and reports no failed test.
      if (message !== '' && failed.length === 0) console.log(`✗ ${name}: ${message}`)
    }
    const tried = report.numPassedTests + report.numFailedTests
    return {
      name: 'attacks tried / let in',
      value: `${tried} / ${report.numFailedTests}${report.success ? '' : ', and the run failed'}`,
      isClean: exitCode === 0 && report.success && tried > 0 && report.numFailedTests === 0,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
