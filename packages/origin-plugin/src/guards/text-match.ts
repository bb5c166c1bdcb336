import type { TextMatch } from './requirement.ts'

/** A compiled {@link TextMatch}. Its cost does not grow with the length of a list. */
export type TextTest = (value: string) => boolean

/**
 * Checks and compiles a {@link TextMatch}.
 *
 * @param match - the configured value
 * @param where - its path, for the error message
 * @param canonical - converts a configured text to the spelling of the certificate's values
 * @throws TypeError whose message states the correction
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
 * Refuses a RegExp that could match a part of the value. `/pay/` admits `CN=not-pay-at-all`. `/^a|pay$/` admits
 * `CN=not-pay`, because each anchor applies to one alternative only.
 */
function requireAnchors(pattern: RegExp, where: string): void {
  const { source, flags } = pattern
  if (/[gmy]/.test(flags)) {
    // With m, ^ and $ match at every line. With g or y, test() remembers its last position.
    throw new TypeError(`${where}: the RegExp ${pattern} must not have the flags g, m or y`)
  }
  if (!source.startsWith('^') || !endsAnchored(source) || hasTopLevelAlternative(source)) {
    throw new TypeError(`${where}: the RegExp ${pattern} is not anchored; write /^(?:…)$/ around all of it`)
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
