/** What can be wrong with the Worker's own set-up. Each is logged by this code and answered with 500. */
export type CountersignWorkerErrorCode =
  | 'CSN_WORKER_KEY_MISSING'
  | 'CSN_WORKER_KEY_INVALID'
  | 'CSN_WORKER_OPTION_INVALID'

/** A Worker that is set up wrongly. The message says what to write and never contains key material. */
export class CountersignWorkerError extends Error {
  override readonly name = 'CountersignWorkerError'
  readonly code: CountersignWorkerErrorCode

  constructor(code: CountersignWorkerErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
