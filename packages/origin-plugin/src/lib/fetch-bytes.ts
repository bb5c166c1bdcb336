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
    const response = await fetch(url, { signal: AbortSignal.any([late, signal]), redirect: 'manual' })
    if (response.status !== 200 || !response.body) {
      await response.body?.cancel()
      throw new Error(`the server answered ${response.status}${describeRedirect(response, url)}`)
    }
    return await readBody(response.body, maxBytes, memory)
  } catch (error) {
    if (late.aborted) throw new Error(`no answer within ${timeout} ms`)
    throw new Error(describe(error))
  }
}

/** In bytes. The buffer grows from here. */
const FIRST_CAPACITY = 64 * 1024

/**
 * Reads a body to its end. It copies the chunks into one buffer, because an object for each of a million tiny chunks
 * would take a hundred times their size.
 */
async function readBody(body: NonNullable<Response['body']>, maxBytes: number, memory: Buffer): Promise<Buffer> {
  let bytes = memory
  let length = 0
  for await (const chunk of body) {
    const end = length + chunk.length
    // Leaving the loop cancels the body, which closes the connection.
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
function describeRedirect({ status, headers }: Response, url: URL): string {
  const location = headers.get('location')
  if (status < 300 || status > 399 || location === null || !URL.canParse(location, url.href)) return ''
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

/** undici's message is "fetch failed". The reason is in the cause. */
function describe(error: unknown): string {
  const { message = String(error), cause } = error as { message?: string; cause?: { code?: string; message?: string } }
  return cause ? (cause.code ?? cause.message ?? message) : message
}
