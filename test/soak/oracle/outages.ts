interface Outage {
  readonly from: number
  solidFrom: number
  solidTo: number
  to: number
}

/** The time for a signal to reach a process, in milliseconds. */
const SIGNAL = 100

/** The outages of a server. Each has a time when requests may fail, and within it a time when they must fail. */
export class Outages {
  readonly #grace: number
  #outages: Outage[] = []

  /** @param grace - milliseconds after the end of an outage in which requests may still fail */
  constructor(grace: number) {
    this.#grace = grace
  }

  get count(): number {
    return this.#outages.length
  }

  get isOpen(): boolean {
    return this.#outages.at(-1)?.to === Number.POSITIVE_INFINITY
  }

  /** From now on requests may fail. */
  begin(): void {
    const never = Number.POSITIVE_INFINITY
    this.#outages.push({ from: performance.now(), solidFrom: never, solidTo: never, to: never })
  }

  /** From now on requests must fail, until {@link Outages.wane}. */
  solidify(): void {
    const outage = this.#outages.at(-1)
    if (outage) outage.solidFrom = performance.now() + SIGNAL
  }

  /** From now on requests may succeed again. */
  wane(): void {
    const outage = this.#outages.at(-1)
    if (outage) outage.solidTo = performance.now()
  }

  /** The server works again. */
  end(): void {
    const outage = this.#outages.at(-1)
    if (outage) outage.to = performance.now()
  }

  /** Whether a request between two times may have failed. */
  touch(from: number, to: number): boolean {
    return this.#outages.some((outage) => outage.from <= to && from <= outage.to + this.#grace)
  }

  /** Whether a request between two times must have failed. */
  cover(from: number, to: number): boolean {
    return this.#outages.some(({ solidFrom, solidTo }) => solidFrom <= from && to <= solidTo)
  }
}
