import type { Watched } from './health.ts'

/**
 * Reports a failure outside of requests, or its end.
 *
 * @param state - `degraded` if it is left out
 */
export type Report = (reason: string, state?: 'degraded' | 'recovered') => void

/** Work beside the requests, from the server's start to its end, such as keeping keys current. */
export interface BackgroundTask {
  /**
   * Fetches the data that requests need, and keeps it current from then on.
   *
   * @throws Error if the server must not start without that data
   */
  start(): Promise<void>
  /**
   * Ends the work for good, and aborts a fetch that is under way. A `start` that waits for this fetch ends with it, and
   * a later `start` does nothing.
   */
  stop(): void
}

/** A task that keeps data current, and knows its health. */
export interface WatchedTask extends BackgroundTask, Watched {}

/** Makes one task of several. It starts all of them at once, and its start fails with the first that fails. */
export function combineTasks(tasks: readonly BackgroundTask[]): BackgroundTask {
  return {
    async start() {
      await Promise.all(tasks.map((task) => task.start()))
    },
    stop() {
      for (const task of tasks) task.stop()
    },
  }
}
