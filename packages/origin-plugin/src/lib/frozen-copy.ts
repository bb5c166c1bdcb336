/**
 * Copies plain data, and freezes the copy with everything in it. Requests share it, and a handler must not change it for
 * the others.
 *
 * Plain data are objects, lists, texts, numbers, booleans, `null` and `undefined`. A date, a map, bytes and an instance
 * of a class have state that cannot be frozen: `setTime()` changes a frozen date for all requests.
 *
 * @param path - the name of the value, for the error
 * @throws TypeError for a value that is not plain, with the plain data to return, or that contains itself
 * @example
 * ```ts
 * const copy = frozenCopy({ roles: ['ops'] }, 'user')
 * copy.roles.push('admin') // throws TypeError
 * ```
 */
export function frozenCopy<Value>(value: Value, path: string): Value {
  return copy(value, path, []) as Value
}

const PLAIN = ['string', 'number', 'bigint', 'boolean', 'undefined']

function copy(value: unknown, path: string, around: readonly unknown[]): unknown {
  if (value === null || PLAIN.includes(typeof value)) return value
  if (typeof value !== 'object') throw notPlain(path, `a ${typeof value}`)
  if (around.includes(value)) throw new TypeError(`${path} contains itself`)
  const inner = [...around, value]
  if (Array.isArray(value)) return Object.freeze(value.map((each, at) => copy(each, `${path}[${at}]`, inner)))
  if (!isPlain(value)) {
    const name = value.constructor?.name || 'a class'
    throw notPlain(path, `an instance of ${name}`, ADVICE.get(name))
  }
  const entries = Object.entries(value).map(([key, each]) => [key, copy(each, `${path}.${key}`, inner)])
  return Object.freeze(Object.fromEntries(entries))
}

/** Whether an object is a literal, or was parsed from JSON, in any realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** The plain data for a common class. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ['Date', 'return the text of its toISOString()'],
  ['Map', 'return the object of Object.fromEntries()'],
  ['Set', 'return a list, [...set]'],
])

function notPlain(path: string, kind: string, advice = 'return plain data'): TypeError {
  return new TypeError(`${path} is ${kind}; ${advice}`)
}
