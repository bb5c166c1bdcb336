import type { ScriptRun } from './run-script.ts'

/** One line of the report. */
export interface Figure {
  readonly name: string
  readonly value: string
  /** `false` makes the report fail. A script that did not run keeps it `true`, and its value states the reason. */
  readonly isClean: boolean
}

/**
 * Reads two numbers, such as cases and disagreements, from the last matching line of a script's output.
 *
 * A script that printed no numbers is not clean, even with exit code 0: a missing number must not look like zero.
 */
export function readFigure(name: string, sentence: RegExp, { exitCode, output }: ScriptRun): Figure {
  const [, tried, bad] = [...output.matchAll(sentence)].at(-1) ?? []
  if (tried === undefined || bad === undefined) {
    return { name, value: `it printed no figures (exit code ${exitCode})`, isClean: false }
  }
  const isClean = exitCode === 0 && number(tried) > 0 && number(bad) === 0
  const failed = exitCode === 0 ? '' : `, exit code ${exitCode}`
  return { name, value: `${number(tried)} / ${number(bad)}${failed}`, isClean }
}

function number(text: string): number {
  return Number(text.replaceAll(/[, ]/g, ''))
}
