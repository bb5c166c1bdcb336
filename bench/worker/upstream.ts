import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { canPin } from '../load.ts'

/** Starts what stands behind a measured Worker, on the core of the load. It ends with this process at the latest. */
export async function startUpstream(header: string): Promise<{ readonly port: number; readonly stop: () => void }> {
  const pinned = canPin ? { execPath: 'taskset', execArgv: ['-c', '1', process.execPath] } : {}
  const server = fork(join(import.meta.dirname, 'upstream-server.ts'), [header], pinned)
  const [{ port }] = (await once(server, 'message')) as [{ port: number }]
  return { port, stop: () => server.disconnect() }
}
