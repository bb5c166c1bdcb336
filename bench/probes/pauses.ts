import { once } from 'node:events'
import { argv } from 'node:process'
import { checkMachine, forkPinned, nextMessage } from '../lib/machine.ts'

/**
 * `node bench/probes/pauses.ts`: measures how long the machine itself pauses a busy core.
 *
 * A virtual machine shares its cores with others, and its own clock goes on while it waits for one. No latency below
 * these pauses can be measured, and a load at a constant rate is late by them. One process on each of the two cores of a
 * run only reads the clock: a step of more than a millisecond is a pause.
 */
const SECONDS = 10
/** Milliseconds. Reading the clock takes less than a microsecond. */
const PAUSE = 1

/** The pauses of one core. */
interface Pauses {
  readonly count: number
  /** Milliseconds. */
  readonly sum: number
  readonly longest: number
}

if (argv[2] === 'core') {
  process.send?.(readClock())
  process.disconnect()
} else {
  const { warning } = await checkMachine()
  const measured = (['measured', 'load'] as const).map(async (core) => {
    const child = forkPinned(core, import.meta.filename, ['core'])
    const [pauses] = await Promise.all([nextMessage<Pauses>(child), once(child, 'exit')])
    return `| ${core} | ${pauses.count} | ${pauses.sum.toFixed(1)} | ${pauses.longest.toFixed(1)} |`
  })
  const rows = await Promise.all(measured)
  console.log(`Both cores were busy for ${SECONDS} s.\n`)
  console.log(`| core | pauses over ${PAUSE} ms | ms together | longest, ms |\n|---|---|---|---|\n${rows.join('\n')}`)
  if (warning) console.log(`\n${warning}`)
}

function readClock(): Pauses {
  let [count, sum, longest] = [0, 0, 0]
  let last = performance.now()
  for (const end = last + SECONDS * 1_000; last < end; ) {
    const now = performance.now()
    const step = now - last
    if (step > PAUSE) {
      count += 1
      sum += step
      longest = Math.max(longest, step)
    }
    last = now
  }
  return { count, sum, longest }
}
