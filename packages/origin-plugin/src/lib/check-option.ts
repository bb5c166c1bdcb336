/**
 * Returns the value as an object, whose properties can be checked one by one.
 *
 * @param example - what to write, for the message
 * @throws TypeError if it is not an object
 */
export function checkObject(value: unknown, name: string, example?: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new TypeError(`${name} must be an object${example === undefined ? '' : `; write ${example}`}`)
}

/**
 * Refuses an unknown property, and one whose value is undefined. A mistyped option or an unset variable would otherwise
 * silently skip a check.
 */
export function checkKnown(
  given: object,
  known: readonly string[],
  name: string,
  alsoKnown: readonly string[] = [],
): void {
  const unknown = Object.keys(given).find((key) => !known.includes(key) && !alsoKnown.includes(key))
  if (unknown !== undefined)
    throw new TypeError(`${name}: unknown option "${unknown}"; known options are ${known.join(', ')}`)
  const unset = known.find((key) => key in given && (given as Record<string, unknown>)[key] === undefined)
  if (unset !== undefined) throw new TypeError(`${name}: option "${unset}" is undefined; set a value or remove it`)
}

/**
 * Refuses an option that is mandatory and comes from an unset variable. Call it before {@link checkKnown}, whose advice
 * is to remove the option.
 */
export function checkSet(given: object, names: readonly string[], name?: string): void {
  const unset = names.find((key) => key in given && (given as Record<string, unknown>)[key] === undefined)
  if (unset !== undefined) {
    throw new TypeError(
      `${name === undefined ? '' : `${name}.`}${unset} is undefined; set the environment variable that it comes from, or write a value`,
    )
  }
}

/** A scheme has two characters or more here, because `C:\crl.pem` is a path. */
const URL_TEXT = /^[a-z][a-z0-9+.-]+:/i

/** Whether a value is a `URL`, or text that begins as one. The text can be malformed after its scheme. */
export function isUrl(value: unknown): value is string | URL {
  return value instanceof URL || (typeof value === 'string' && URL_TEXT.test(value))
}

/** Returns a number within bounds; `unit` is for the message. @throws TypeError if it is not such a number */
export function checkNumber(value: unknown, min: number, max: number, unit: string, name: string): number {
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw new TypeError(`${name} must be a number of ${unit} from ${min} to ${max}`)
}

/** Returns one of a few values. @throws TypeError that lists them */
export function checkChoice<Choice>(value: unknown, choices: readonly Choice[], name: string): Choice {
  if (choices.includes(value as Choice)) return value as Choice
  throw new TypeError(`${name} must be ${choices.map((choice) => JSON.stringify(choice)).join(' or ')}`)
}

/** The names of the options of a type. The compiler refuses a list that misses one. */
export function optionNames<Name extends PropertyKey>(names: Readonly<Record<Name, true>>): readonly string[] {
  return Object.keys(names)
}
