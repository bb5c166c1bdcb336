import type { BackgroundTask } from './lib/background-task.ts'
import type { Settings } from './resolve-options.ts'

/** What is kept current beside the requests: the keys of Access, and the revocation lists. */
export function backgroundTasks({ access, trustedIssuers }: Settings): BackgroundTask[] {
  const revocations = (trustedIssuers ?? []).map(({ revocation }) => revocation)
  return [access?.refresh, ...revocations].filter((task) => task != null)
}
