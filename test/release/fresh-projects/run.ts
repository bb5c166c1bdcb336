import { publishWorkspace, startLocalRegistry } from '../local-registry.ts'
import { installNodes } from './node-versions.ts'
import { type Machine, runTrial, type Trial } from './trial.ts'
import { TRIALS } from './trials.ts'

/**
 * Makes fresh projects outside of the repository, installs the packages from a local registry, and runs each set-up in
 * which they must work. Needs a build. Prints the time of each step, and fails with the output of each failed one.
 *
 * `--only nest` runs the trials with this text in their name.
 */
const at = process.argv.indexOf('--only')
const only = at < 0 ? '' : (process.argv[at + 1] ?? '').toLowerCase()
const trials = TRIALS.filter(({ name }) => name.toLowerCase().includes(only))
if (trials.length === 0) throw new TypeError(`--only: no trial has "${only}" in its name`)

/** The machine of CI has two cores, and npm waits for the network. */
const AT_ONCE = 2

const started = performance.now()
const tell = (text: string) =>
  console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`)

async function runAll(queue: Trial[], machine: Machine): Promise<string[]> {
  const failures: string[] = []
  const lane = async () => {
    for (let trial = queue.shift(); trial !== undefined; trial = queue.shift()) {
      failures.push(...(await runTrial(trial, machine)))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return failures
}

const registry = await startLocalRegistry()
try {
  await publishWorkspace(registry)
  tell('published to the local registry')
  const versions = trials.flatMap(({ steps }) => steps.flatMap(({ node }) => node ?? []))
  const nodes = await installNodes(new Set(versions), registry.env)
  tell(`installed ${['Node', ...nodes.keys()].join(' ')}`)
  const nodeOf = (version: string | undefined) => (version && nodes.get(version)) || process.execPath
  const failures = await runAll([...trials], { registry, nodeOf, tell })
  for (const failure of failures) console.error(`\nfailed: ${failure}`)
  tell(`${trials.length} set-ups, ${failures.length} failures`)
  if (failures.length > 0) process.exitCode = 1
} finally {
  await registry.close()
}
