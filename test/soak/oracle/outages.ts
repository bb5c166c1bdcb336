interface Outage {
  readonly from: number
  solidFrom: number
  solidTo: number
  to: number
}

/** A signal to a process arrives in its own time. */
const SIGNAL = 100

/** When something was out of order: from when to when perhaps, and from when to when surely. */
export class Outages {
  readonly #grace: number
  #outages: Outage[] = []

  /** @param grace - milliseconds after the end in which its effects may still show */
  constructor(grace: number) {
    this.#grace = grace
  }

  get count(): number {
    return this.#outages.length
  }

  get isOpen(): boolean {
    return this.#outages.at(-1)?.to === Number.POSITIVE_INFINITY
  }

  begin(): void {
    const never = Number.POSITIVE_INFINITY
    this.#outages.push({ from: performance.now(), solidFrom: never, solidTo: never, to: never })
  }

  /** From now on nothing can work, until {@link Outages.wane}. */
  solidify(): void {
    const outage = this.#outages.at(-1)
    if (outage) outage.solidFrom = performance.now() + SIGNAL
  }

  wane(): void {
    const outage = this.#outages.at(-1)
    if (outage) outage.solidTo = performance.now()
  }

  end(): void {
    const outage = this.#outages.at(-1)
    if (outage) outage.to = performance.now()
  }

  /** Whether an outage can have had an effect between two moments. */
  touch(from: number, to: number): boolean {
    return this.#outages.some((outage) => outage.from <= to && from <= outage.to + this.#grace)
  }

  /** Whether nothing can have worked between two moments. */
  cover(from: number, to: number): boolean {
    return this.#outages.some(({ solidFrom, solidTo }) => solidFrom <= from && to <= solidTo)
  }
}
