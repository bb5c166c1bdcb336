/**
 * Goes on with a value: at once when it is there, later when it is promised.
 *
 * Nearly every request has all it needs. An `await` would send it through the queue of microtasks all the same.
 */
export function andThen<Value, Result>(
  value: Value | Promise<Value>,
  next: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(next) : next(value)
}
