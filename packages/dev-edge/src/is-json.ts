/**
 * Whether JSON carries a value without a change. A date would arrive as text, and `undefined` not at all.
 *
 * @example
 * ```ts
 * isJson({ limits: [1, null] }) // true
 * isJson({ since: new Date() }) // false
 * ```
 */
export function isJson(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value)
    case 'object':
      return value === null || isPlain(value)
    default:
      return false
  }
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  const isKnown = Array.isArray(value) || prototype === null || prototype === Object.prototype
  return isKnown && Object.values(value).every(isJson)
}
