import { UncaughtExceptions } from './uncaught-exceptions.ts'
import { startWorker, type WorkerAddress, type WorkerRuntime, type WorkerRuntimeOptions } from './worker-runtime.ts'

/** The Worker, leased for one request. */
export interface WorkerLease extends WorkerAddress {
  /** Ends the lease. Call it when the request is over. */
  release(): void
}

/**
 * The running Worker, which can be replaced while requests are open.
 *
 * A new Worker starts while the old one still runs. The old one ends with its last request. There are never more than
 * two: a third cuts the requests of the first.
 */
export class RunningWorker {
  #options: WorkerRuntimeOptions
  #current: LeasedWorker
  #former: LeasedWorker | undefined
  /** Replacements run one at a time. */
  #queue: Promise<unknown> = Promise.resolve()
  /** The exceptions that workerd answered with a bare 500. */
  readonly uncaught: UncaughtExceptions

  private constructor(options: WorkerRuntimeOptions, runtime: WorkerRuntime, uncaught: UncaughtExceptions) {
    this.#options = options
    this.#current = new LeasedWorker(runtime)
    this.uncaught = uncaught
  }

  /** @throws Error if the Worker does not compile or does not start */
  static async start(options: Omit<WorkerRuntimeOptions, 'uncaught'>): Promise<RunningWorker> {
    const uncaught = new UncaughtExceptions()
    const all = { ...options, uncaught }
    return new RunningWorker(all, await startWorker(all), uncaught)
  }

  get origin(): URL {
    return this.#options.origin
  }

  lease(): WorkerLease {
    return this.#current.lease()
  }

  /**
   * Bundles the Worker again and replaces the running one.
   *
   * @throws Error if it does not compile or does not start. The running Worker is kept.
   */
  async exchange(changes: Partial<WorkerRuntimeOptions> = {}): Promise<void> {
    await this.#inTurn(async () => {
      const options = { ...this.#options, ...changes }
      const next = new LeasedWorker(await startWorker(options))
      await this.#former?.close()
      this.#former = this.#current
      this.#current = next
      this.#options = options
      this.#former.retire()
    })
  }

  async close(): Promise<void> {
    await this.#inTurn(() => Promise.all([this.#former?.close(), this.#current.close()]))
  }

  async #inTurn(step: () => Promise<unknown>): Promise<void> {
    const turn = this.#queue.then(step)
    this.#queue = turn.catch(() => {})
    await turn
  }
}

/** A Worker that counts its open requests. */
class LeasedWorker {
  readonly #runtime: WorkerRuntime
  #leases = 0
  #isRetired = false
  #closed: Promise<void> | undefined

  constructor(runtime: WorkerRuntime) {
    this.#runtime = runtime
  }

  lease(): WorkerLease {
    this.#leases++
    let isOver = false
    const release = () => {
      if (isOver) return
      isOver = true
      this.#leases--
      this.#closeWhenIdle()
    }
    return { ...this.#runtime.address, release }
  }

  retire(): void {
    this.#isRetired = true
    this.#closeWhenIdle()
  }

  #closeWhenIdle(): void {
    if (this.#isRetired && this.#leases === 0) void this.close()
  }

  close(): Promise<void> {
    this.#closed ??= this.#runtime.close()
    return this.#closed
  }
}
