import { setTimeout as sleep } from 'node:timers/promises'
import { tryOrigin } from '../../net/try-origin.ts'
import { printProgress } from '../output/print.ts'

const RETRY_MS = 300

/** Waits until the origin accepts connections. Prints one message when it does not, and one when it does. */
export async function waitForOrigin(origin: URL, signal: AbortSignal): Promise<void> {
  if (await isListening(origin)) return
  printProgress(`Nothing listens at ${origin.origin} yet. Start your server; the edge waits for it.`)
  while (!signal.aborted) {
    await sleep(RETRY_MS, undefined, { signal }).catch(() => {})
    if (await isListening(origin)) {
      printProgress(`${origin.origin} is up.`)
      return
    }
  }
}

async function isListening(origin: URL): Promise<boolean> {
  return (await tryOrigin(origin)) === undefined
}
