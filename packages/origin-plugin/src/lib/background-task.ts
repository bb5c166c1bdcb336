/** Work beside the requests, from the server's start to its end, such as keeping keys current. */
export interface BackgroundTask {
  /**
   * Fetches the data that requests need, and keeps it current from then on.
   *
   * @throws Error if the server must not start without that data
   */
  start(): Promise<void>
  /** Ends the work, and aborts a fetch that is under way. */
  stop(): void
}

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
