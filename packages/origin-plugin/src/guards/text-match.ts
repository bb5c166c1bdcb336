import type { TextMatch } from './requirement.ts'

/** A compiled {@link TextMatch}: its cost does not grow with the length of a list. */
export type TextTest = (value: string) => boolean

/**
 * Checks and compiles how one value must read.
 *
 * @param match - the configured value
 * @param where - what it is, for the error message
 * @param canonical - brings a configured text into the one spelling in which the certificate's value comes
 * @throws TypeError with a sentence that says what to write
 */
export function compileTextMatch(
  match: unknown,
  where: string,
  canonical: (text: string) => string = (text) => text,
): TextTest {
  if (match instanceof RegExp) {
    requireAnchors(match, where)
    return (value) => match.test(value)
  }
  const texts = typeof match === 'string' ? [match] : match
  if (!Array.isArray(texts) || texts.length === 0 || !texts.every((text) => typeof text === 'string' && text !== '')) {
    throw new TypeError(`${where} must be a text, a list of texts, or an anchored RegExp such as /^pay-\\d+$/`)
  }
  const accepted = new Set(
    texts.map((text) => {
      try {
        return canonical(text)
      } catch (error) {
        throw new TypeError(`${where}: "${text}": ${(error as Error).message}`)
      }
    }),
  )
  return (value) => accepted.has(value)
}

/** Writes a {@link TextMatch} for people: in the list of routes, and in the reason of a refusal. */
export function describeTextMatch(match: TextMatch): string {
  if (typeof match === 'string' || match instanceof RegExp) return String(match)
  return match.length <= 3 ? match.join('|') : `${match.slice(0, 2).join('|')}|… (${match.length})`
}

/**
 * Refuses a RegExp that could match a part of the value: `/pay/` admits `CN=not-pay-at-all`, and so does `/^a|pay$/`,
 * where each anchor holds for one alternative only.
 */
function requireAnchors(pattern: RegExp, where: string): void {
  const { source, flags } = pattern
  if (/[gmy]/.test(flags)) {
    // m: ^ and $ match at every line. g and y: test() remembers where it stopped.
    throw new TypeError(`${where}: the RegExp ${pattern} must not have the flags g, m or y`)
  }
  if (!source.startsWith('^') || !endsAnchored(source) || hasTopLevelAlternative(source)) {
    throw new TypeError(`${where}: the RegExp ${pattern} is not anchored: write /^(?:…)$/ around all of it`)
  }
}

function endsAnchored(source: string): boolean {
  const backslashes = /\\*$/.exec(source.slice(0, -1))?.[0].length ?? 0
  return source.endsWith('$') && backslashes % 2 === 0
}

function hasTopLevelAlternative(source: string): boolean {
  let depth = 0
  let inClass = false
  for (let at = 0; at < source.length; at += 1) {
    const char = source[at]
    if (char === '\\') at += 1
    else if (inClass) inClass = char !== ']'
    else if (char === '[') inClass = true
    else if (char === '(') depth += 1
    else if (char === ')') depth -= 1
    else if (char === '|' && depth === 0) return true
  }
  return false
}
