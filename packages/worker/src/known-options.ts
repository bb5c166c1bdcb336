import { CountersignWorkerError } from './errors.ts'

/**
 * Refuses an unknown option and one that is undefined where that would drop a check. A mistyped `require` would
 * otherwise require nothing, and `fetcher: env.ORIGIN` without this binding would send requests to the zone's origin.
 *
 * A `configure` that returns a promise or no object is refused too. It runs for every request, so it allocates nothing.
 *
 * @param known - each option's name, and whether its value must be defined
 * @throws CountersignWorkerError `CSN_WORKER_OPTION_INVALID`
 */
export function checkOptions(options: object, known: ReadonlyMap<string, boolean>): void {
  requireObject(options)
  for (const name in options) {
    const mustBeDefined = known.get(name)
    if (mustBeDefined === undefined) {
      throw new CountersignWorkerError(
        'CSN_WORKER_OPTION_INVALID',
        `unknown option ${JSON.stringify(name)}; known options are ${[...known.keys()].join(', ')}`,
      )
    }
    if (mustBeDefined && (options as Record<string, unknown>)[name] === undefined) {
      throw new CountersignWorkerError(
        'CSN_WORKER_OPTION_INVALID',
        `${name} is undefined; set the variable or binding that it comes from, or leave the option out`,
      )
    }
  }
}

function requireObject(options: unknown): void {
  if (typeof options === 'object' && options !== null && !('then' in options)) return
  throw new CountersignWorkerError(
    'CSN_WORKER_OPTION_INVALID',
    'the options must be an object; return it from configure, and not in a promise',
  )
}

/** Bindings without a fault. workerd hands the same object to every request of an isolate. */
const checked = new WeakSet<object>()

/**
 * Refuses an unknown binding whose name begins with `COUNTERSIGN_`. A mistyped `COUNTERSIGN_REQUIRE_ACCESS` would
 * otherwise require nothing.
 *
 * @throws CountersignWorkerError `CSN_WORKER_OPTION_INVALID`
 */
export function checkBindings(bindings: object, known: readonly string[]): void {
  if (checked.has(bindings)) return
  const unknown = Object.keys(bindings).find((name) => name.startsWith('COUNTERSIGN_') && !known.includes(name))
  if (unknown !== undefined) {
    throw new CountersignWorkerError(
      'CSN_WORKER_OPTION_INVALID',
      `unknown binding ${unknown}; known bindings are ${known.join(', ')}`,
    )
  }
  checked.add(bindings)
}
