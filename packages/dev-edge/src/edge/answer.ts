import { STATUS_CODES } from 'node:http'
import { RefusedByEdge } from '../errors.ts'
import type { RawHeaders } from '../net/raw-headers.ts'
import type { ClientAnswer } from './client-answer.ts'

/** Answers any request with JSON. */
export function answerJson(answer: ClientAnswer, statusCode: number, value: object, headers: RawHeaders = []): void {
  answerText(answer, statusCode, 'application/json', JSON.stringify(value), headers)
}

/** Answers with text in UTF-8. */
export function answerText(
  answer: ClientAnswer,
  statusCode: number,
  mediaType: string,
  text: string,
  headers: RawHeaders = [],
): void {
  const body = Buffer.from(text)
  answer.begin(statusCode, STATUS_CODES[statusCode] ?? '', [
    'Content-Type',
    `${mediaType}; charset=utf-8`,
    'Content-Length',
    String(body.length),
    ...headers,
  ])
  answer.body.end(body)
}

/** Answers a request that the edge could not forward. An answer that has begun can only be cut. */
export function answerFailure(answer: ClientAnswer, error: unknown): void {
  if (answer.isBroken) return
  if (answer.status !== undefined) {
    answer.cut()
    return
  }
  const refused = error instanceof RefusedByEdge ? error : failed(error)
  answer.code = refused.code
  answerJson(answer, refused.statusCode, refused)
}

function failed(error: unknown): RefusedByEdge {
  const reason = error instanceof Error ? error.message : String(error)
  return new RefusedByEdge(500, 'CSN_DEV_EDGE_FAILED', `The local edge failed: ${reason}`)
}
