import type { HeaderSourceName } from '../header-source.ts'
import type { BackgroundTask, Report, WatchedTask } from '../lib/background-task.ts'
import { checkRefresh, createReloaded } from '../lib/reloaded.ts'
import { checkTextSource, isTextSource, WrongAnswer } from '../lib/text-source.ts'
import { REVOCATION_TIMING, type Revocation } from '../revocation/revocation.ts'
import { createListTasks, type ListDraft } from './list-tasks.ts'
import { requirePemText } from './require-pem-text.ts'
import { type CompiledIssuer, compileTrustedIssuers, revocationsOf } from './trusted-issuers.ts'

/** The trusted issuers, which change as a whole. Read `current` once for a decision. `null` trusts every issuer. */
export interface IssuersInUse {
  readonly current: readonly CompiledIssuer[] | null
}

/** The option `trustedIssuers`, checked, with the work that keeps it current. */
export interface ConfiguredIssuers {
  readonly issuers: IssuersInUse
  /** The files and functions of CAs, each with its health. */
  readonly sources: readonly WatchedTask[]
  /** The revocation lists in use. */
  revocations(): readonly Revocation[]
  /** Loads CAs and revocation lists, and keeps them current. */
  readonly background: BackgroundTask
}

/** The receivers of events of {@link resolveTrustedIssuers}. */
export interface IssuerEvents {
  /** Gets the reason of each failed load of a revocation list, and its end. */
  readonly reportList: Report
  /** Gets the reason of each failed reload of a CA, and its end. */
  readonly reportIssuers: Report
  /** Is called after the issuers have changed. */
  onChange(): void
}

/**
 * Checks the option `trustedIssuers`, and keeps the CAs current that come from a file or a function.
 *
 * Each answer is compiled together with all other issuers, so that it passes every check of the configuration. The new
 * issuers take the place of the old ones in one step, after the revocation lists of new CAs are loaded. If a check or a
 * load fails, nothing changes.
 *
 * @param source - as in {@link compileTrustedIssuers}
 * @throws TypeError whose message states the correction
 */
export function resolveTrustedIssuers(
  given: unknown,
  source: HeaderSourceName,
  { reportList, reportIssuers, onChange }: IssuerEvents,
): ConfiguredIssuers {
  const lists = createListTasks(reportList)
  const compile = (texts: Texts, draft: ListDraft) =>
    compileTrustedIssuers(given, draft.report, source, { texts, makeList: draft.make })
  const first = lists.draft()
  const issuers = { current: compile(new Map(), first) }
  first.adopt()

  const reloaded = sourcesIn(given)
  const sources = reloaded.map(({ at, ca, refresh }) => {
    const where = `trustedIssuers[${at}].ca`
    const text = checkTextSource(ca, where, toText)
    return createReloaded({
      name: `${where} from ${text.name}`,
      source: text,
      refresh: checkRefresh(refresh, `trustedIssuers[${at}].refresh`),
      use: (pem) => inTurn(() => use(at, pem)),
      report: reportIssuers,
    })
  })

  let texts: Texts = new Map()
  let stopped = false
  let startedAt = 0
  let turn: Promise<unknown> = Promise.resolve()

  /** Two answers at once would each miss the other's CA. */
  function inTurn(change: () => Promise<void>): Promise<void> {
    const changed = turn.then(change)
    turn = changed.catch(() => {})
    return changed
  }

  async function use(at: number, text: string): Promise<void> {
    if (texts.get(at) === text) return
    const answers = new Map([...texts, [at, text]])
    const draft = lists.draft()
    try {
      const compiled = compile(answers, draft)
      // The last first answer loads the lists of all CAs at once.
      const isComplete = answers.size === sources.length
      if (isComplete) await draft.start(patience())
      if (stopped) throw new Error('the server was closed')
      texts = answers
      if (!isComplete) return draft.drop()
      draft.adopt()
      issuers.current = compiled
      onChange()
    } catch (error) {
      draft.drop()
      throw error
    }
  }

  /** The start waits for the answer and the lists together, because Fastify ends it after 10 s. */
  function patience(): number {
    if (texts.size === sources.length) return REVOCATION_TIMING.timeout
    return Math.max(REVOCATION_TIMING.patience - (performance.now() - startedAt), LEAST_PATIENCE)
  }

  return {
    issuers,
    sources,
    revocations: () => revocationsOf(issuers.current ?? []),
    background: {
      async start() {
        startedAt = performance.now()
        await Promise.all([lists.start(), ...sources.map((each) => each.start())])
      },
      stop() {
        stopped = true
        for (const each of sources) each.stop()
        lists.stop()
      },
    },
  }
}

/** The PEM text of each CA that a source has given, by the position of its entry. */
type Texts = ReadonlyMap<number, string>

/** In milliseconds. A source takes 5 s of the 8, so less than 3 s are left on a busy machine alone. */
const LEAST_PATIENCE = 1_000

interface ReloadedCa {
  readonly at: number
  readonly ca: object
  readonly refresh: unknown
}

function sourcesIn(given: unknown): ReloadedCa[] {
  if (!Array.isArray(given)) return []
  return given.flatMap(({ ca, refresh }, at) => (isTextSource(ca) ? [{ at, ca, refresh }] : []))
}

function toText(answer: unknown): string {
  try {
    requirePemText(answer)
  } catch (error) {
    throw new WrongAnswer((error as Error).message)
  }
  throw new WrongAnswer('the answer must be the text of one or several PEM certificates')
}
