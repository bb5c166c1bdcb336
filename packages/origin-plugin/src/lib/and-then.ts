/**
 * Calls `next` with a value: immediately, or after the promise of the value resolves.
 *
 * The plain form is `next(await value)`. An `await` sends every request through the microtask queue, although nearly
 * all have their values at hand.
 *
 * A promise that rejects skips `next`.
 *
 * @returns the result of `next`; a promise only if `value` is one, or `next` returns one
 * @example
 * ```ts
 * andThen(2, (value) => value + 1) // 3
 * andThen(Promise.resolve(2), (value) => value + 1) // a promise of 3
 * ```
 */
export function andThen<Value, Result>(
  value: Value | PromiseLike<Value>,
  next: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> {
  return isThenable(value) ? Promise.resolve(value).then(next) : next(value)
}

/**
 * Whether a value is a promise of any library or realm.
 *
 * `instanceof Promise` is false for the promise of an async function once a program has replaced the global `Promise`,
 * as zone.js and bluebird do. A check that is under way would then count as passed.
 */
export function isThenable<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return typeof (value as PromiseLike<Value> | null | undefined)?.then === 'function'
}
