import type { RequestListener } from 'node:http'
import { startServer } from '@countersign/test-support/local-server'

/** An HTTP server on 127.0.0.1 with faults on demand. */
export interface FaultServer {
  readonly url: string
  /** `null` restores the correct answer. */
  setFault(fault: RequestListener | null): void
  close(): Promise<void>
}

/** Faults of a server that serves one file. */
export const FAULTS = {
  hang: () => {},
  'hang half-way': (_request, response) => void response.writeHead(200, { 'content-length': 1000 }).write('{"keys":'),
  '500': (_request, response) => void response.writeHead(500).end('{"keys":[]}'),
  reset: (request) => void request.socket.destroy(),
  rubbish: (_request, response) => void response.end('<html>sign in</html>'),
  'an empty set': (_request, response) => void response.end('{"keys":[]}'),
  'a redirect': (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
} satisfies Record<string, RequestListener>

/** Starts the server. `answer` is its correct answer. */
export async function startFaultServer(answer: RequestListener): Promise<FaultServer> {
  let fault: RequestListener | null = null
  const { url, server, close } = await startServer((request, response) => (fault ?? answer)(request, response))
  return {
    url: `${url}/`,
    setFault(next) {
      fault = next
      // Otherwise a hanging request would outlast the fault, until the client's own time-out.
      server.closeAllConnections()
    },
    close,
  }
}
