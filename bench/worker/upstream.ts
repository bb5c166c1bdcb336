import { once } from 'node:events'
import { join } from 'node:path'
import { forkPinned } from '../pin.ts'

/** Starts what stands behind a measured Worker, on the core of the load. It ends with this process at the latest. */
export async function startUpstream(header: string): Promise<{ readonly port: number; readonly stop: () => void }> {
  const server = forkPinned('load', join(import.meta.dirname, 'upstream-server.ts'), [header])
  const [{ port }] = (await once(server, 'message')) as [{ port: number }]
  return { port, stop: () => server.disconnect() }
}
