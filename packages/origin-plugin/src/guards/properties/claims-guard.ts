import { foldText } from '../../x509/text/fold-text.ts'
import { allGuards, type Guard, MATCH, mismatch, undecided } from '../guard.ts'
import { isPlainObject } from '../read-properties.ts'
import type { ClaimMatch, TextMatch } from '../requirement.ts'
import { PLAIN } from '../text-comparison.ts'
import { compileTextMatch, describeEmpty, describeTextMatch, type TextTest } from '../text-match.ts'
import { parseClaimPath, readClaim } from './claim-path.ts'

/**
 * Compiles the requirement on claims of the verified Access token: each must have one of its values.
 *
 * @param match - as configured, not yet checked
 * @param where - its path, for error messages
 * @throws TypeError whose message states the correction
 */
export function claimsGuard(match: unknown, where: string): Guard {
  const entries = isPlainObject(match) ? Object.entries(match) : []
  if (entries.length === 0) {
    throw new TypeError(
      `${where} must be an object with paths of claims and their values, such as { "custom.role": "admin" }`,
    )
  }
  return allGuards(entries.map(([path, values]) => claimGuard(path, values, where)))
}

function claimGuard(text: string, match: unknown, where: string): Guard {
  const path = parsePath(text, where)
  const test = compileClaimMatch(match, `${where}[${JSON.stringify(text)}]`)
  const values = [match].flat() as ClaimMatch[]
  const expected = `${text}=${match instanceof RegExp ? match : describeTextMatch(values.map(String))}`
  const other = mismatch(`access claim does not match: ${expected}`)
  const unknown = undecided('the request has no Access identity')
  const advice = path.length > 1 ? '; a dot that is a part of a name needs a backslash before it' : ''
  const missing = undecided(`the Access token has no claim ${text}${advice}`)
  const doubt = undecided(
    `access claim has another type than ${expected}, or differs only in letter case, spaces or unseen characters`,
  )
  return {
    description: `access claim ${expected}`,
    decide(_cert, request) {
      if (!request.access) return unknown
      const value = readClaim(request.access.claims, path)
      if (value === undefined) return missing
      const outcome = anyOutcome(value, test)
      return outcome === 'match' ? MATCH : outcome === 'mismatch' ? other : doubt
    },
  }
}

function parsePath(text: string, where: string): readonly string[] {
  try {
    return parseClaimPath(text)
  } catch (error) {
    throw new TypeError(`${where}: "${text}": ${(error as Error).message}`)
  }
}

type Outcome = ReturnType<TextTest>

/** Of a list, one element must match. */
function anyOutcome(value: unknown, test: (value: unknown) => Outcome): Outcome {
  if (!Array.isArray(value)) return test(value)
  const outcomes = value.map(test)
  return outcomes.find((each) => each === 'match') ?? outcomes.find((each) => each === 'undecided') ?? 'mismatch'
}

/**
 * Compares exactly, with the type. A value of another type with the same text is undecided: a team that writes the
 * number 7 as text must not get around the exclusion of 7.
 */
function compileClaimMatch(match: unknown, where: string): (value: unknown) => Outcome {
  const values: readonly unknown[] = Array.isArray(match) ? match : [match]
  const scalars = new Set(values.filter((value) => typeof value === 'boolean' || isExact(value)))
  const texts = values.filter((value) => typeof value === 'string' && value !== '')
  if (
    !(match instanceof RegExp) &&
    (values.length === 0 || scalars.size + new Set(texts).size < new Set(values).size)
  ) {
    throw new TypeError(
      `${where} must be a text, an exact number, a boolean, a list of these, or an anchored RegExp such as /^pay-\\d+$/${describeEmpty(match)}`,
    )
  }
  const ofTexts = match instanceof RegExp ? match : texts.length > 0 ? (texts as string[]) : undefined
  const test: TextTest = ofTexts ? compileTextMatch(ofTexts as TextMatch, where, PLAIN) : () => 'mismatch'
  const shown = new Set([...scalars].map(String))

  return (value) => {
    if (typeof value === 'string') {
      const outcome = test(value)
      return outcome === 'mismatch' && shown.has(foldText(value)) ? 'undecided' : outcome
    }
    if (scalars.has(value)) return 'match'
    if (typeof value !== 'boolean' && !isExact(value)) return 'undecided'
    return test(String(value)) === 'mismatch' ? 'mismatch' : 'undecided'
  }
}

/** Two large whole numbers of a token can become one when JSON is parsed. */
function isExact(value: unknown): boolean {
  return (
    typeof value === 'number' && Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
  )
}
