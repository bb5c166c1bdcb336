import { type ServerResponse, STATUS_CODES } from 'node:http'
import { RefusedByEdge } from './refused-by-edge.ts'

/** Answers with JSON, whatever the request was. */
export function answerJson(response: ServerResponse, statusCode: number, value: object): void {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(statusCode, STATUS_CODES[statusCode] ?? '', [
    'Content-Type',
    'application/json; charset=utf-8',
    'Content-Length',
    String(body.length),
  ])
  response.end(body)
}

/** Answers a request that the edge could not hand on. An answer that has begun can only be cut. */
export function answerFailure(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const refused = error instanceof RefusedByEdge ? error : failed(error)
  answerJson(response, refused.statusCode, refused)
}

function failed(error: unknown): RefusedByEdge {
  const reason = error instanceof Error ? error.message : String(error)
  return new RefusedByEdge(500, 'CSN_DEV_EDGE_FAILED', `The local edge failed: ${reason}`)
}
