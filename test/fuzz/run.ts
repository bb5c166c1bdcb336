import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, execPath } from 'node:process'
import { ROOT } from '../support/files.ts'

/** `pnpm fuzz`: runs the tests of this folder with a random seed and many more cases. FUZZ_SEED repeats a run. */
const { FUZZ_SEED = String(randomInt(2 ** 31)), FUZZ_RUNS = '20000' } = env
const folder = mkdtempSync(join(tmpdir(), 'countersign-fuzz-'))
const ledger = join(folder, 'ledger')

console.log(`FUZZ_SEED=${FUZZ_SEED} FUZZ_RUNS=${FUZZ_RUNS}`)
const { status } = spawnSync(execPath, ['node_modules/vitest/vitest.mjs', 'run', '--project', 'fuzz'], {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...env, FUZZ_SEED, FUZZ_RUNS, FUZZ_LEDGER: ledger },
})

let cases = 0
let disagreements = 0
for (const line of existsSync(ledger) ? readFileSync(ledger, 'utf8').trim().split('\n') : []) {
  const [ran, failed] = line.split(' ').map(Number) as [number, number]
  cases += ran
  disagreements += failed
}
rmSync(folder, { recursive: true })
console.log(`fuzz: ${cases} cases, ${disagreements} disagreements`)
// A test that fails before its property is checked leaves no line in the ledger, so the exit code counts too.
process.exitCode = status === 0 && cases > 0 ? 0 : 1
