import type { Report, WatchedTask } from './background-task.ts'
import { checkNumber } from './check-option.ts'
import { healthOfData, secondsSince } from './health.ts'
import type { TextSource } from './text-source.ts'

/** The timing of {@link createReloaded}, in milliseconds. */
export interface ReloadTiming {
  /** The time for one answer of the source. The start waits so long too: Fastify ends it after 10 s. */
  readonly timeout: number
  /** The longest time between a failure and the next try. */
  readonly retry: number
}

export const RELOAD_TIMING: ReloadTiming = { timeout: 5_000, retry: 60_000 }

/** A source that is asked again and again. */
export interface ReloadedOptions {
  /** For logs: the option and its source. */
  readonly name: string
  readonly source: TextSource
  /** Seconds between two questions. */
  readonly refresh: number
  /** Puts an answer to use as a whole, or throws and changes nothing. Its message contains no secret. */
  readonly use: (text: string) => void | Promise<void>
  /** Gets the reason of every failure, and its end. */
  readonly report: Report
  readonly timing?: ReloadTiming
}

const DEFAULT_REFRESH = 60
const WEEK = 7 * 24 * 3600

/**
 * Checks the option `refresh` next to a source.
 *
 * @throws TypeError whose message states the correction
 */
export function checkRefresh(refresh: unknown, where: string): number {
  return checkNumber(refresh === undefined ? DEFAULT_REFRESH : refresh, 1, WEEK, 'seconds', where)
}

/**
 * Keeps the answers of a source in use: the first from the start on, which fails without it, and each later one in place
 * of the one before. A failure is reported and changes nothing.
 *
 * A call that gives no answer in time is given up, and the next one comes as after any failure. So a function that hung
 * once, on a connection that died, does not need a restart. The source limits the calls that hang.
 */
export function createReloaded({
  name,
  source,
  refresh,
  use,
  report,
  timing = RELOAD_TIMING,
}: ReloadedOptions): WatchedTask {
  let answeredAt: number | undefined
  let failure: string | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let underway = new AbortController()

  /** Asks once, and reports the outcome. It never rejects: `failure` has the reason. */
  async function load(): Promise<void> {
    try {
      const text = await ask()
      if (stopped) throw CLOSED
      await use(text)
      answeredAt = Date.now()
      if (failure !== undefined) report(`${name}: it is loaded again`, 'recovered')
      failure = undefined
    } catch (error) {
      failure = (error as Error).message
      if (!stopped && answeredAt !== undefined) report(`${name}: ${failure}; the last good answer stays in use`)
    }
  }

  /** Ignores the answer of a call that it gave up: it can be older than the next one. */
  function ask(): Promise<string> {
    const call = new AbortController()
    underway = call
    return new Promise((resolve, reject) => {
      const late = new Error(`no answer within ${timing.timeout / 1000} s`)
      const limit = setTimeout(() => call.abort(late), timing.timeout)
      call.signal.addEventListener('abort', () => {
        clearTimeout(limit)
        reject(call.signal.reason)
      })
      source
        .read(call.signal)
        .finally(() => clearTimeout(limit))
        .then(resolve, reject)
    })
  }

  async function keepLoading(): Promise<void> {
    await load()
    const delay = failure === undefined ? refresh * 1000 : Math.min(refresh * 1000, timing.retry)
    if (!stopped) timer = setTimeout(keepLoading, delay).unref()
  }

  return {
    async start() {
      if (stopped) return
      await keepLoading()
      if (answeredAt === undefined) throw new Error(`${name} cannot be loaded: ${failure}`)
    },
    health() {
      const age = answeredAt === undefined ? {} : { age: secondsSince(answeredAt) }
      return healthOfData(name, { isUsable: answeredAt !== undefined, failure, absence: 'it is not loaded yet' }, age)
    },
    stop() {
      stopped = true
      clearTimeout(timer)
      // Otherwise a function that hangs would hold up the end of the start.
      underway.abort(CLOSED)
    },
  }
}

const CLOSED = new Error('the server was closed')
