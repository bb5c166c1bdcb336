import { get as getByHttp, type IncomingMessage } from 'node:http'
import { get as getByHttps } from 'node:https'
import { quoteUrl } from './quote-value.ts'

/** Bounds of {@link fetchBytes}. */
export interface FetchBounds {
  /** Milliseconds for everything: connection, headers and body. */
  readonly timeout: number
  /** The largest number of bytes to read. */
  readonly maxBytes: number
  /** Aborts the fetch immediately. */
  readonly signal: AbortSignal
}

/**
 * Fetches bytes within bounds. It follows no redirect, which would choose another server. It reads at most `maxBytes`,
 * and ends at the time-out even if the server hangs.
 *
 * The plain form is the global `fetch()`. Its parser is WebAssembly, which V8 optimizes after some fetches. That took 45 ms
 * of the processor, at a rotation of keys, with the priority of the requests.
 *
 * @param memory - the bytes are written into it if it is large enough. Its contents are lost
 * @throws Error with the cause, in words for a log
 */
export async function fetchBytes(
  url: URL,
  { timeout, maxBytes, signal }: FetchBounds,
  memory: Buffer = Buffer.alloc(0),
): Promise<Buffer> {
  const late = AbortSignal.timeout(timeout)
  try {
    const response = await request(url, AbortSignal.any([late, signal]))
    try {
      requirePlainBody(response, url)
      return await readBody(response, maxBytes, memory)
    } finally {
      response.destroy()
    }
  } catch (error) {
    if (late.aborted) throw new Error(`no answer within ${timeout} ms`)
    throw new Error(describe(signal.aborted ? signal.reason : error))
  }
}

/** A kept connection can end just as the next fetch uses it. Some firewalls refuse a request without a user agent. */
const HEADERS = { accept: '*/*', 'accept-encoding': 'identity', connection: 'close', 'user-agent': 'countersign' }

function request(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const get = url.protocol === 'https:' ? getByHttps : getByHttp
  get(url, { signal, headers: HEADERS }, resolve)
    .on('error', reject)
    // After an answer that changes the protocol, nothing else comes.
    .on('close', () => reject(new Error('the server ended the connection without an answer')))
  return promise
}

function requirePlainBody({ statusCode = 0, headers }: IncomingMessage, url: URL): void {
  if (statusCode !== 200) {
    throw new Error(`the server answered ${statusCode}${describeRedirect(statusCode, headers.location, url)}`)
  }
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') throw new Error('the server compressed its answer, without being asked')
}

/** In bytes. The buffer grows from here. */
const FIRST_CAPACITY = 64 * 1024

/**
 * Reads a body to its end. It copies the chunks into one buffer, because an object for each of a million tiny chunks
 * would take a hundred times their size.
 */
async function readBody(body: AsyncIterable<Buffer>, maxBytes: number, memory: Buffer): Promise<Buffer> {
  let bytes = memory
  let length = 0
  for await (const chunk of body) {
    const end = length + chunk.length
    // Leaving the loop closes the connection.
    if (end > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`)
    if (end > bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(end, bytes.length * 2, FIRST_CAPACITY), maxBytes))
      bytes.copy(larger, 0, 0, length)
      bytes = larger
    }
    bytes.set(chunk, length)
    length = end
  }
  return bytes.subarray(0, length)
}

const MAX_TARGET_LENGTH = 200

/** The target of a redirect for the log. The server chose it, so it is parsed and its length is limited. */
function describeRedirect(status: number, location: string | undefined, url: URL): string {
  if (status < 300 || status > 399 || location === undefined || !URL.canParse(location, url.href)) return ''
  const target = quoteUrl(new URL(location, url.href)).slice(0, MAX_TARGET_LENGTH)
  return `, a redirect to ${target}; write the URL that answers itself`
}

/** As {@link fetchBytes}, and parses the bytes. */
export async function fetchJson(url: URL, bounds: FetchBounds): Promise<unknown> {
  const bytes = await fetchBytes(url, bounds)
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new Error('the answer is not JSON')
  }
}

/** The code of a network failure says more than its message, for example "socket hang up". */
function describe(error: unknown): string {
  const { code, message = String(error) } = error as { code?: unknown; message?: string }
  return typeof code === 'string' ? code : message
}
