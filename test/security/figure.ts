import type { ScriptRun } from './run-script.ts'

/** One line of the report. */
export interface Figure {
  readonly name: string
  readonly value: string
  /** `false` makes the report fail; what was not run is neither clean nor unclean, and says so. */
  readonly isClean: boolean
}

/**
 * Reads two numbers from what a script printed last about itself.
 *
 * A script whose numbers cannot be found is not clean, whatever its exit code is: a report that says nothing must not
 * look like one that says zero.
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
