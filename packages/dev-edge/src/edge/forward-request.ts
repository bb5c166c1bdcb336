import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { hangUp, streamBody } from '../net/stream-body.ts'
import { readThrown } from '../workerd/thrown-exception.ts'
import { answerFailure } from './answer.ts'
import { answerBadGateway } from './answer-bad-gateway.ts'
import { answerThrown } from './answer-thrown.ts'
import type { ClientAnswer } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'
import { isFailedFetch, isRuntimeFailure, readRefusalCode } from './refusal-code.ts'
import type { NextHop, WorkerRequest } from './worker-request.ts'

/**
 * Sends a request to the next server and its answer to the client. Both bodies stream. When one side breaks off, the other
 * is cut.
 */
export function forwardRequest(
  request: ClientRequest,
  answer: ClientAnswer,
  { method, target, headers }: WorkerRequest,
  next: NextHop,
  agent: Agent,
): void {
  const { host, port, release } = next.lease()
  const upstream = httpRequest({
    host,
    port,
    agent,
    method,
    path: target,
    headers: [...headers, ...request.framing],
  })
  upstream.on('response', (response) => void takeAnswer(request, response, answer, next))
  upstream.on('error', (error) => void answerBadGateway(request, answer, next, error))
  upstream.on('close', release)
  answer.body.on('close', () => {
    if (answer.isBroken) hangUp(upstream)
  })
  streamBody(request, upstream)
}

/**
 * Forwards an answer. The Worker's own answer to a missing origin and the answer to its exception are replaced by the
 * cause and the remedy.
 */
export async function takeAnswer(
  request: ClientRequest,
  response: IncomingMessage,
  answer: ClientAnswer,
  next: NextHop,
): Promise<void> {
  const thrown = readThrown(response.headers) ?? (isRuntimeFailure(response) ? await next.takeUncaught?.() : undefined)
  if (thrown !== undefined) {
    response.resume()
    return answerThrown(request, answer, thrown)
  }
  if (!(await isFailedFetch(request, response, next))) return forwardAnswer(response, answer)
  response.resume()
  await answerBadGateway(request, answer, next, new Error('the fetch() of the Worker failed'))
}

/**
 * Forwards an answer unchanged. Repeated lines such as Set-Cookie are kept, and the head is sent before the body
 * begins.
 */
function forwardAnswer(response: IncomingMessage, answer: ClientAnswer): void {
  if (answer.isBroken) return
  try {
    answer.begin(response.statusCode ?? 502, response.statusMessage ?? '', response.rawHeaders)
  } catch (error) {
    response.destroy()
    answerFailure(answer, error)
    return
  }
  answer.fromCache = response.headers['cf-cache-status'] === 'HIT'
  response.on('close', () => {
    if (!response.complete) answer.cut()
  })
  readRefusalCode(response, (code) => {
    answer.code = code
  })
  response.pipe(answer.body)
}
