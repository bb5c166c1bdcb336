/** Something that is kept current beside the requests, from the server's start to its end. */
export interface BackgroundTask {
  /**
   * Gets what requests will need, and goes on from there.
   *
   * @throws Error when the server must not start without
   */
  start(): Promise<void>
  stop(): void
}
