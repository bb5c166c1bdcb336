import { STATUS_CODES } from 'node:http'
import { RefusedByEdge } from '../errors.ts'
import { headerValues, type RawHeaders } from '../net/raw-headers.ts'
import { formatPage, formatPlain, type Notice } from '../notice.ts'
import type { ClientAnswer } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'

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

/** The parts of a notice that differ from one refusal to the next. */
interface RefusalNotice extends Omit<Notice, 'facts'> {
  /** Facts before those of the request. */
  readonly facts?: Notice['facts']
  readonly headers?: RawHeaders
}

/**
 * Answers with a refusal of the edge and its remedy. A browser gets a page, a client that accepts JSON gets JSON, and any
 * other client gets text.
 */
export function answerNotice(
  { method, target, headers }: ClientRequest,
  answer: ClientAnswer,
  refused: RefusedByEdge,
  { title, facts = [], advice, headers: more = [] }: RefusalNotice,
): void {
  answer.code = refused.code
  const notice: Notice = {
    title,
    facts: [
      ...facts,
      ['Request', `${method} ${target.split('?', 1)[0]}`],
      ['Result', refused.message],
      ['Code', refused.code],
      ['CF-Ray', answer.ray],
    ],
    advice,
  }
  const { statusCode } = refused
  const own: RawHeaders = ['Cache-Control', 'no-store', ...more]
  const accept = headerValues(headers, 'accept').join(',').toLowerCase()
  if (accept.includes('text/html')) answerText(answer, statusCode, 'text/html', formatPage(notice), own)
  else if (accept.includes('application/json')) answerJson(answer, statusCode, refused, own)
  else answerText(answer, statusCode, 'text/plain', formatPlain(notice), own)
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
