/** The options that all published runs share, for `parseArgs()`. */
export const RUN_OPTIONS = {
  rounds: { type: 'string' },
  /** The length of one measurement. */
  seconds: { type: 'string' },
  /** Runs one round of one second, prints the figures and publishes nothing. */
  quick: { type: 'boolean', default: false },
} as const

/** The length of a run. */
export interface RunLength {
  readonly rounds: number
  readonly seconds: number
}

/**
 * Resolves the length of a run from its options.
 *
 * @param defaults - for a run that is not `--quick`
 * @throws TypeError for a value that is not a positive integer
 */
export function resolveLength(
  values: { readonly rounds?: string | undefined; readonly seconds?: string | undefined; readonly quick: boolean },
  defaults: RunLength,
): RunLength {
  const usual = values.quick ? { rounds: 1, seconds: 1 } : defaults
  return {
    rounds: parseCount('--rounds', values.rounds) ?? usual.rounds,
    seconds: parseCount('--seconds', values.seconds) ?? usual.seconds,
  }
}

function parseCount(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d*$/.test(text)) throw new TypeError(`${option} must be a positive integer, not "${text}"`)
  return Number(text)
}
