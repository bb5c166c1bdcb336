// The entry of the thread that loads revocation lists. `load-crl.ts` starts it, and nothing imports it.
import { access } from 'node:fs'
import * as os from 'node:os'
import { workerData } from 'node:worker_threads'

/** A tenth of a core, where requests take all of the rest: a list of a million entries then takes ten seconds. */
const NICER = 10
const NICEST = 19

/**
 * Lets requests go first, on a core that they share with this thread.
 *
 * Only Linux has a priority for each thread. Elsewhere the call would change that of the process.
 */
function giveWay(): void {
  if (process.platform !== 'linux') return
  startPool()
  try {
    os.setPriority(Math.min(NICEST, os.getPriority() + NICER))
  } catch {
    // A sandbox can forbid it. The list loads all the same.
  }
}

/**
 * Starts the pool of threads that read files and resolve names for the whole process, unless it runs already. Its first
 * task starts it, and a thread has the priority of the one that starts it: the look-up of the list's server would leave
 * all later requests a pool with this one's.
 */
function startPool(): void {
  access('/', () => {})
}

giveWay()
// Not a static import: the thread would compile the reader of lists before it gives way, which doubled the wait of requests.
const { loadList } = await import('./crl-task.ts')
await loadList(workerData)
