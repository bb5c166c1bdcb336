/** Freezes plain objects and lists all the way down: what requests share, no handler may change for the others. */
export function deepFreeze<Value>(value: Value): Value {
  // Bytes cannot be frozen.
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value) && !ArrayBuffer.isView(value)) {
    Object.freeze(value)
    for (const each of Object.values(value)) deepFreeze(each)
  }
  return value
}
