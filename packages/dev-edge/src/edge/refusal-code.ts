import type { IncomingMessage } from 'node:http'
import { readErrorCode } from '../errors.ts'
import { headerPairs } from '../net/raw-headers.ts'
import type { ClientRequest } from './client-request.ts'
import type { NextHop } from './worker-request.ts'

/** Bytes. Countersign's refusals are much shorter. Longer bodies are not buffered further. */
const LONGEST = 4096

/** Reads the `CSN_*` code of a passing answer without delaying it. */
export function readRefusalCode(response: IncomingMessage, found: (code: string) => void): void {
  if (!mayHaveCode(response)) return
  const chunks: Buffer[] = []
  let length = 0
  response.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= LONGEST) chunks.push(chunk)
  })
  response.on('end', () => {
    const code = length <= LONGEST ? parseCode(Buffer.concat(chunks).toString()) : undefined
    if (code) found(code)
  })
}

function mayHaveCode({ statusCode = 0, headers }: IncomingMessage): boolean {
  const isJson = /^application\/(?:[\w.-]+\+)?json\b/i.test(headers['content-type'] ?? '')
  return statusCode >= 400 && isJson && headers['content-encoding'] === undefined
}

function parseCode(text: string): string | undefined {
  try {
    const { code } = JSON.parse(text)
    return readErrorCode(code)
  } catch {
    return undefined
  }
}

const FAILED_FETCH = '"code":"CSN_WORKER_FETCHER_FAILED"'

/** Bytes. The Worker's own answer has some 120. */
const LONGEST_OF_WORKER = 500

/**
 * Whether an answer is the Worker's own, to a `fetch()` that got no answer from the origin. The body is put back, so
 * that any other answer can be forwarded. An answer to HEAD has no body with the code, so it is forwarded.
 */
export async function isFailedFetch(
  { method }: Pick<ClientRequest, 'method'>,
  response: IncomingMessage,
  { sender }: Pick<NextHop, 'sender'>,
): Promise<boolean> {
  const length = Number(response.headers['content-length'])
  const hasShortBody = method !== 'HEAD' && length > 0 && length <= LONGEST_OF_WORKER
  if (sender !== 'The Worker' || response.statusCode !== 502 || !hasShortBody) return false
  const body = await peek(response, length)
  return body === undefined || body.includes(FAILED_FETCH)
}

/** The lines of workerd's answer to an exception that left the Worker. */
const LINES_OF_WORKERD = 'Connection: close, Content-Length: 21'

/**
 * Whether an answer is workerd's own, to an exception that left the Worker. A Worker cannot give it: workerd drops its
 * `Connection`, and that of an origin.
 */
export function isRuntimeFailure({ statusCode, rawHeaders }: IncomingMessage): boolean {
  const lines = [...headerPairs(rawHeaders)].map(([name, value]) => `${name}: ${value}`)
  return statusCode === 500 && lines.join(', ') === LINES_OF_WORKERD
}

/** Reads a body and puts it back. Resolves to `undefined` if the body ends early. */
function peek(response: IncomingMessage, length: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const finish = (text: string | undefined) => {
      response.off('readable', read).off('close', abandon)
      resolve(text)
    }
    const abandon = () => finish(undefined)
    const read = () => {
      const body: Buffer | null = response.read(length)
      if (body === null) return
      response.unshift(body)
      finish(body.toString())
    }
    response.on('readable', read).on('close', abandon)
  })
}
