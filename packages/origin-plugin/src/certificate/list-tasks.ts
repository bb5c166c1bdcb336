import type { X509Certificate } from 'node:crypto'
import type { Report } from '../lib/background-task.ts'
import { createRevocation, type Revocation } from '../revocation/revocation.ts'
import type { ResolvedRevocation } from '../revocation/revocation-options.ts'

/**
 * Makes the revocation list of a CA, or returns the one in use.
 *
 * @param place - the place of the list among the options, which have one list for a CA there
 */
export type MakeList = (ca: X509Certificate, options: ResolvedRevocation, place: string) => Revocation

/** The revocation lists of trusted issuers that are not in use yet. */
export interface ListDraft {
  readonly make: MakeList
  /** Gets the reports of the issuers themselves. */
  readonly report: Report
  /**
   * Loads the lists that are not in use yet.
   *
   * @param patience - milliseconds to wait
   * @throws Error if a list cannot be loaded whose `onStale` is `refuse`
   */
  start(patience: number): Promise<void>
  /** Puts these lists to use, and ends the others. Reports from before are made now. */
  adopt(): void
  /** Ends the lists of this draft alone. */
  drop(): void
}

/** The revocation lists in use, each kept current by a task of its own. */
export interface ListTasks {
  draft(): ListDraft
  /** Starts the lists in use. */
  start(): Promise<void>
  /** Ends all lists, also those of a draft. */
  stop(): void
}

/** A list of a large CA has megabytes, and a rotation removes one CA or two. */
const MAX_REMOVED = 16

interface Task {
  readonly revocation: Revocation
  /** Place, name and key. They stay if the certificate of a CA is renewed. */
  readonly issuer: string
  adopt(): void
}

/**
 * Keeps revocation lists in use while the trusted issuers change: a CA that stays keeps its list, with the task that
 * loads it.
 *
 * A new certificate of a CA, with its name and its key, takes over the latest list: it is signed by the same key. So does
 * a CA that was removed and comes back. Without it, a renewal or a return while the server of the list is down would admit
 * revoked clients with `onStale: 'accept'`.
 *
 * @param report - gets each failure of a list in use, and its end
 * @param maxRemoved - the removed CAs whose lists are kept, the last ones
 */
export function createListTasks(report: Report, maxRemoved: number = MAX_REMOVED): ListTasks {
  const drafts = new Set<Map<string, Task>>()
  let inUse = new Map<string, Task>()
  let reported = new Set<string>()
  /** The ended lists of removed CAs, by issuer. */
  const removed = new Map<string, Revocation>()

  function draft(): ListDraft {
    const tasks = new Map<string, Task>()
    const reasons = new Set<string>()
    const own = () => [...tasks].filter(([key]) => !inUse.has(key)).map(([, task]) => task)
    drafts.add(tasks)
    return {
      make(ca, options, place) {
        const key = `${place} ${ca.fingerprint256}`
        const task = tasks.get(key) ?? inUse.get(key) ?? createTask(ca, options, place, report)
        tasks.set(key, task)
        return task.revocation
      },
      report: (reason) => void reasons.add(reason),
      async start(patience) {
        await Promise.all(own().map(({ revocation }) => revocation.start(patience)))
      },
      adopt() {
        drafts.delete(tasks)
        for (const task of own()) inheritList(task)
        for (const [key, task] of inUse) if (!tasks.has(key)) remove(task)
        inUse = tasks
        for (const { issuer } of tasks.values()) removed.delete(issuer)
        while (removed.size > maxRemoved) removed.delete(removed.keys().next().value as string)
        for (const task of tasks.values()) task.adopt()
        for (const reason of reasons) if (!reported.has(reason)) report(reason)
        reported = reasons
      },
      drop() {
        drafts.delete(tasks)
        for (const { revocation } of own()) revocation.stop()
      },
    }
  }

  function inheritList({ issuer, revocation }: Task): void {
    for (const earlier of inUse.values()) if (earlier.issuer === issuer) revocation.inherit(earlier.revocation)
    const earlier = removed.get(issuer)
    if (earlier) revocation.inherit(earlier)
  }

  /** Ends a list. Of several certificates of the CA, the latest list stays. */
  function remove({ issuer, revocation }: Task): void {
    revocation.stop()
    const earlier = removed.get(issuer)
    if (earlier) revocation.inherit(earlier)
    removed.delete(issuer)
    if (revocation.list) removed.set(issuer, revocation)
  }

  return {
    draft,
    async start() {
      await Promise.all([...inUse.values()].map(({ revocation }) => revocation.start()))
    },
    stop() {
      for (const tasks of [inUse, ...drafts]) for (const { revocation } of tasks.values()) revocation.stop()
    },
  }
}

/** A list that is dropped before its use would otherwise report a failure, and never its end. */
function createTask(ca: X509Certificate, options: ResolvedRevocation, place: string, report: Report): Task {
  const waiting: Parameters<Report>[] = []
  let isInUse = false
  return {
    issuer: JSON.stringify([
      place,
      ca.subject,
      ca.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    ]),
    revocation: createRevocation(ca, options, (...given) => void (isInUse ? report(...given) : waiting.push(given))),
    adopt() {
      isInUse = true
      for (const given of waiting.splice(0)) report(...given)
    },
  }
}
