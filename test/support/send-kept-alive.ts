import { type Agent, request as httpRequest } from 'node:http'
import { codeOf } from '@countersign/test-support/raw-http'
import { headerLines, type WireRequest } from '@countersign/test-support/wire-request'

/** The answer to a request, or the lack of one. */
export interface KeptAliveAnswer {
  /** The code of a refusal, the status of any other answer, or `no answer:` with the reason. */
  readonly outcome: string
  readonly status: number
  readonly body: string
}

/** Milliseconds. Longer than the sum of the origin's time-outs. */
const PATIENCE = 20_000

/** Sends a request on a kept-alive connection. Never rejects: a missing answer is an outcome. */
export function sendKeptAlive(port: number, request: WireRequest, agent: Agent, body = ''): Promise<KeptAliveAnswer> {
  const { method, target } = request
  const headers = headerLines(request)
    .filter(([name]) => !['connection', 'content-length', 'transfer-encoding'].includes(name.toLowerCase()))
    .flat()
  if (body !== '') headers.push('Content-Length', String(body.length), 'Content-Type', 'text/plain')
  return new Promise((resolve) => {
    const failed = (error: Error) => resolve({ outcome: `no answer: ${error.message}`, status: 0, body: '' })
    const outgoing = httpRequest({ host: '127.0.0.1', port, method, path: target, headers, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('error', failed)
      response.on('end', () => {
        const status = response.statusCode ?? 0
        resolve({ outcome: codeOf(text) ?? String(status), status, body: text })
      })
    })
    outgoing.setTimeout(PATIENCE, () => outgoing.destroy(new Error(`nothing within ${PATIENCE} ms`)))
    outgoing.on('error', failed)
    outgoing.end(body)
  })
}
