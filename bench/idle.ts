import { closeSync, openSync, writeSync } from 'node:fs'
import { loadavg } from 'node:os'

const LATENCY = '/dev/cpu_dma_latency'

/**
 * Keeps idle processors awake for as long as the process lives, where the system allows it.
 *
 * A server that is slower than its load lets the load fall asleep, and is then charged for waking it with every answer:
 * the slower a contender, the worse it would look.
 *
 * @returns whether it could be done
 * @see {@link https://docs.kernel.org/power/pm_qos_interface.html Linux: PM quality of service}
 */
export function keepAwake(): { readonly awake: boolean; readonly release: () => void } {
  try {
    const file = openSync(LATENCY, 'w')
    // Microseconds, as a 32-bit integer; it holds while the file is open.
    writeSync(file, new Uint8Array(4))
    return { awake: true, release: () => closeSync(file) }
  } catch {
    return { awake: false, release: () => {} }
  }
}

/** More than this, and something else is at work. */
const QUIET = 0.5

/** The load of the last minute, and a warning when figures taken now would not mean much. */
export function checkLoad(): number {
  const [load = 0] = loadavg()
  if (load > QUIET) {
    console.warn(
      `The load of this machine is ${load.toFixed(1)}: something else is at work, and the figures will show it.`,
    )
  }
  return load
}
