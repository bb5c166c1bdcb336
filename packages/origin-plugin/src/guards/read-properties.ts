/**
 * Reads an object that is a part of a requirement. It refuses unknown properties, because a mistyped condition would
 * otherwise be dropped.
 *
 * @param known - the names of the possible properties
 * @param where - the object's path, for error messages
 * @returns its properties, at least one
 * @throws TypeError whose message states the correction
 */
export function readProperties(match: unknown, known: readonly string[], where: string): [string, unknown][] {
  const entries = typeof match === 'object' && match !== null ? Object.entries(match) : []
  if (entries.length === 0) throw new TypeError(`${where} must be an object with ${known.join(', ')}`)
  for (const [property] of entries) requireKnown(property, known, where)
  return entries
}

/**
 * Requires that a property is one of the known ones.
 *
 * @throws TypeError whose message lists them
 */
export function requireKnown(property: string, known: readonly string[], where: string): void {
  if (known.includes(property)) return
  throw new TypeError(`${where}: unknown property "${property}"; known properties are ${known.join(', ')}`)
}

/** Whether a value is an object literal. A prototype could have properties too, and they would not be required. */
export function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value))
}
