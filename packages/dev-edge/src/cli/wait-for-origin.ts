import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { printProgress } from './output.ts'

const RETRY_MS = 300

/** Waits until something listens at the origin. Says once that it does not, and then that it does. */
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

function isListening({ hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, '')
    const socket = connect({ host, port: Number(port) || 80, timeout: 1000 })
    const answer = (listening: boolean) => {
      socket.destroy()
      resolve(listening)
    }
    socket.once('connect', () => answer(true))
    socket.once('error', () => answer(false))
    socket.once('timeout', () => answer(false))
  })
}
