/**
 * Freezes a plain object or a list with everything in it. Requests share such values, and a handler must not change
 * them for the others.
 *
 * Bytes stay as they are: a typed array cannot be frozen. A date keeps its setters, so the caller has to hand out
 * copies.
 *
 * @returns the same value
 * @example
 * ```ts
 * const claims = deepFreeze({ aud: ['a'] })
 * claims.aud.push('b') // throws TypeError
 * ```
 */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value) && !ArrayBuffer.isView(value)) {
    Object.freeze(value)
    if (Array.isArray(value)) for (const each of value) deepFreeze(each)
    else for (const each of Object.values(value)) deepFreeze(each)
  }
  return value
}
