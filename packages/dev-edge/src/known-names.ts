/**
 * The names of the properties of a type. The compiler refuses a list that misses one.
 *
 * @example
 * ```ts
 * const SIZE = namesOf<{ width?: number; height?: number }>({ width: true, height: true })
 * ```
 */
export function namesOf<Type>(names: Readonly<Record<keyof Type, true>>): readonly string[] {
  return Object.keys(names)
}

/**
 * Refuses an object with an unknown property. A mistyped `subject` would otherwise issue a certificate for another
 * client than the caller meant, and a mistyped `cert` would send the request without one.
 *
 * @param where - the object in the caller's words, such as `cert`; empty for the options themselves
 * @throws TypeError that lists the known names
 */
export function refuseUnknown(given: object, known: readonly string[], where = ''): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const path = where === '' ? '' : `${where}: `
  throw new TypeError(`${path}unknown option "${unknown}"; known options are ${known.join(', ')}`)
}
