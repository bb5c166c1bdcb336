import type { TextMatch } from './requirement.ts'
import type { TextComparison } from './text-comparison.ts'

/** A compiled {@link TextMatch}. Its cost does not grow with the length of a list. */
export type TextTest = (value: string) => 'match' | 'mismatch' | 'undecided'

/**
 * Checks and compiles a {@link TextMatch}.
 *
 * @param match - the configured value
 * @param where - its path, for the error message
 * @param comparison - how texts of this kind compare
 * @returns a test that leaves it undecided whether two spellings of probably the same text match
 * @throws TypeError whose message states the correction
 */
export function compileTextMatch(match: unknown, where: string, comparison: TextComparison): TextTest {
  if (match instanceof RegExp) return patternTest(match, where, comparison)
  const texts = typeof match === 'string' ? [match] : match
  if (!Array.isArray(texts) || texts.length === 0 || !texts.every((text) => typeof text === 'string' && text !== '')) {
    throw new TypeError(
      `${where} must be ${comparison.pattern ? 'a text, a list of texts, or an anchored RegExp such as /^pay-\\d+$/' : 'a text or a list of texts'}${describeEmpty(match)}`,
    )
  }
  return textTest(
    texts.map((text) => parseText(text, where, comparison)),
    comparison,
  )
}

/**
 * Describes an empty text or list, and a wrong item of a list, for the end of an error message. An item that is
 * `undefined` is often a variable that is not set.
 *
 * @returns `""` for every other value. The text contains no value, which can be a secret
 */
export function describeEmpty(match: unknown): string {
  if (match === '') return '; the text is empty'
  if (!Array.isArray(match)) return ''
  if (match.length === 0) return '; the list is empty'
  const at = match.findIndex((item) => item === '' || item === undefined || item === null)
  return at < 0 ? '' : `; item [${at}] of the list is ${match[at] === '' ? 'an empty text' : match[at]}`
}

function parseText(text: string, where: string, { parse, secret, pattern }: TextComparison): string {
  try {
    if (pattern && !secret && text.includes('*')) throw new SyntaxError(`"*" is not a wildcard; ${patternFor(text)}`)
    return parse(text)
  } catch (error) {
    throw new TypeError(`${where}${secret ? '' : `: "${text}"`}: ${(error as Error).message}`)
  }
}

function patternFor(glob: string): string {
  const escaped = glob.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  return `write the RegExp /^${escaped.replaceAll('\\*', '.*')}$/, or /^${escaped}$/ for the character itself`
}

function textTest(texts: readonly string[], { normalize, fold }: TextComparison): TextTest {
  const accepted = new Set(texts)
  // Most texts are their own coarse form. A list of a million texts needs no second set for these.
  const alike = new Set(texts.map(fold).filter((text) => !accepted.has(text)))
  return (value) => {
    const normal = normalize(value)
    if (accepted.has(normal)) return 'match'
    const coarse = fold(normal)
    return accepted.has(coarse) || alike.has(coarse) ? 'undecided' : 'mismatch'
  }
}

function patternTest(match: RegExp, where: string, comparison: TextComparison): TextTest {
  const { normalize, fold, others = () => [], pattern } = comparison
  // A value has many spellings. A pattern sees only ours, and the operator may have another one in mind.
  if (!pattern) throw new TypeError(`${where} must be a text or a list of texts`)
  const ignoreCase = match.flags.includes('i') ? match.flags : `${match.flags}i`
  // Copies: `match.compile()` would change a RegExp that requests share.
  const exact = new RegExp(match.source, pattern === 'ignore-case' ? ignoreCase : match.flags)
  const loose = new RegExp(match.source, ignoreCase)
  requireAnchors(exact, where)
  return (value) => {
    const normal = normalize(value)
    if (exact.test(normal)) return 'match'
    const alike = [normal, fold(normal), ...others(normal)]
    return alike.some((spelling) => loose.test(spelling)) ? 'undecided' : 'mismatch'
  }
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
