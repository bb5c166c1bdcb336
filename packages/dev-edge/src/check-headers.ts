import type { HeaderSourceName } from '@countersign/origin-plugin'

/** Every sender of certificate headers, as the origin's option `source`. */
export const SOURCE_NAMES: readonly HeaderSourceName[] = ['worker', 'rfc9440', 'cf-cert']

/**
 * Returns the option `headers`. In a zone without a Worker, the Worker's options would have no effect.
 *
 * @param ofTheWorker - the names of the options that belong to the Worker
 * @throws TypeError for another value, and for an option of the Worker in a zone without one
 */
export function checkHeaders<Options extends { readonly headers?: HeaderSourceName | undefined }>(
  options: Options,
  ofTheWorker: readonly (string & keyof Options)[],
): HeaderSourceName {
  const { headers = 'worker' } = options
  if (!SOURCE_NAMES.includes(headers)) throw new TypeError('headers must be "worker", "rfc9440" or "cf-cert"')
  const given = ofTheWorker.find((name) => options[name] !== undefined)
  if (headers === 'worker' || given === undefined) return headers
  throw new TypeError(
    `${given} belongs to the Worker, and headers: "${headers}" is a zone without one; remove ${given}`,
  )
}
