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
 * It asks one question at a time. After the time-out, the source may still be at work, for example in a file system that
 * hangs. Until it ends, no further question is asked: each would take a thread of Node, and there are four.
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
  let isAtWork = false
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

  function ask(): Promise<string> {
    if (isAtWork) throw new Error('the call before has not ended yet')
    underway = new AbortController()
    const { signal } = underway
    isAtWork = true
    const answer = source.read(signal).finally(() => {
      isAtWork = false
    })
    return new Promise((resolve, reject) => {
      const late = new Error(`no answer within ${timing.timeout / 1000} s`)
      const limit = setTimeout(() => underway.abort(late), timing.timeout)
      signal.addEventListener('abort', () => {
        clearTimeout(limit)
        reject(signal.reason)
      })
      answer.then(resolve, reject).finally(() => clearTimeout(limit))
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
