import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { forkPinned, nextMessage } from '../lib/machine.ts'

/**
 * Starts the upstream of a measured Worker, in its own process on the core of the load.
 *
 * It answers 200 to a request with the header, and 500 without. It ends with this process at the latest.
 */
export async function startUpstream(header: string): Promise<{ readonly port: number; readonly stop: () => void }> {
  const server = forkPinned('load', import.meta.filename, [header])
  const { port } = await nextMessage<{ port: number }>(server)
  return { port, stop: () => server.disconnect() }
}

function serve(header: string): void {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    response.statusCode = request.headers[header] ? 200 : 500
    response.end('ok')
  })
  process.on('disconnect', () => process.exit())
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
}

if (import.meta.main) serve(process.argv[2] ?? '')
