/** One step of a round. */
export interface Step {
  readonly name: string
  /** A guess of its duration. The last measured duration replaces it. */
  readonly seconds: number
}

/**
 * Prints the results of a run, its current step and the time left.
 *
 * On a terminal the last line is updated in place every second. Elsewhere each result is one line with the time left.
 */
export class Progress {
  readonly #rounds: number
  readonly #durations: Map<string, number>
  readonly #measured = new Set<string>()
  /** Names of the steps that are not finished, one entry per round. */
  readonly #pending: string[]
  #current: { readonly round: number; readonly name: string; readonly begin: number } | undefined
  readonly #timer: NodeJS.Timeout | undefined
  /** Measured seconds per guessed second: corrects the guesses for a slow machine. */
  #measuredTotal = 0
  #guessedTotal = 0

  /** @param firstRound - 0 for a run that begins with a round of warm-up */
  constructor(rounds: number, steps: readonly Step[], firstRound: 0 | 1 = 1) {
    this.#rounds = rounds
    this.#durations = new Map(steps.map(({ name, seconds }) => [name, seconds]))
    this.#pending = Array.from({ length: rounds + 1 - firstRound }, () => steps.map(({ name }) => name)).flat()
    if (process.stdout.isTTY) this.#timer = setInterval(() => this.#draw(), 1_000).unref()
    else console.log(`${this.#pending.length} measurements, ${formatDuration(this.#secondsLeft())}.`)
  }

  /**
   * Runs one step and prints its result.
   *
   * @param format - formats the result for the line
   */
  async run<Result>(
    round: number,
    name: string,
    step: () => Promise<Result>,
    format: (result: Result) => string,
  ): Promise<Result> {
    this.#current = { round, name, begin: performance.now() }
    this.#draw()
    const result = await step()
    this.#finish(name, (performance.now() - this.#current.begin) / 1_000)
    this.#current = undefined
    const line = `${round}/${this.#rounds}  ${name.padEnd(38)} ${format(result)}`
    if (this.#timer) process.stdout.write(`${CLEAR_LINE}${line}\n`)
    else console.log(this.#pending.length > 0 ? `${line}   ${formatDuration(this.#secondsLeft())}` : line)
    return result
  }

  /** Leaves out one step of a round. */
  skip(name: string): void {
    this.#pending.splice(this.#pending.indexOf(name), 1)
  }

  /** Removes the line in place. Call it at the end of a run, failed or not. */
  close(): void {
    if (!this.#timer) return
    clearInterval(this.#timer)
    process.stdout.write(CLEAR_LINE)
  }

  #finish(name: string, seconds: number): void {
    this.#pending.splice(this.#pending.indexOf(name), 1)
    if (!this.#measured.has(name)) {
      this.#measuredTotal += seconds
      this.#guessedTotal += this.#durations.get(name) ?? 0
    }
    this.#measured.add(name)
    this.#durations.set(name, seconds)
  }

  #secondsLeft(): number {
    const pace = this.#guessedTotal > 0 ? this.#measuredTotal / this.#guessedTotal : 1
    const expected = (name: string) => (this.#durations.get(name) ?? 0) * (this.#measured.has(name) ? 1 : pace)
    const all = this.#pending.reduce((sum, name) => sum + expected(name), 0)
    if (!this.#current) return all
    const spent = (performance.now() - this.#current.begin) / 1_000
    return all - Math.min(spent, expected(this.#current.name))
  }

  #draw(): void {
    if (!this.#timer || !this.#current) return
    const { round, name } = this.#current
    const text = `${round === 0 ? 'warm-up' : `round ${round} of ${this.#rounds}`}: ${name}, ${formatDuration(this.#secondsLeft())}`
    process.stdout.write(`${CLEAR_LINE}${text.slice(0, process.stdout.columns - 1)}`)
  }
}

/** ECMA-48: carriage return, then erase the line. */
const CLEAR_LINE = '\r\x1b[2K'

function formatDuration(seconds: number): string {
  const whole = Math.round(seconds)
  return whole < 60 ? `${whole} s left` : `${Math.floor(whole / 60)} min ${whole % 60} s left`
}
