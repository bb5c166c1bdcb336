/**
 * The faults of the Worker's own configuration. The Worker logs the code and answers 500.
 *
 * @example
 * ```ts
 * const isOfTheKey = (code: CountersignWorkerErrorCode) => code === 'CSN_WORKER_KEY_INVALID'
 * ```
 */
export type CountersignWorkerErrorCode =
  | 'CSN_WORKER_KEY_MISSING'
  | 'CSN_WORKER_KEY_INVALID'
  | 'CSN_WORKER_OPTION_INVALID'
  | 'CSN_WORKER_FETCHER_INVALID'
  | 'CSN_WORKER_DATE_TOO_OLD'

/**
 * A fault of the Worker's own configuration. The message states the correction and never contains key material.
 *
 * @example
 * ```ts
 * import { CountersignWorkerError, countersign } from '@countersign/worker'
 *
 * export async function forward(request: Request, key: string): Promise<Response> {
 *   try {
 *     return await fetch(await countersign(request, { key }))
 *   } catch (error) {
 *     if (!(error instanceof CountersignWorkerError)) throw error
 *     console.error(error.code, error.message)
 *     return new Response('Internal Server Error', { status: 500 })
 *   }
 * }
 * ```
 */
export class CountersignWorkerError extends Error {
  override readonly name = 'CountersignWorkerError'
  readonly code: CountersignWorkerErrorCode

  constructor(code: CountersignWorkerErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
