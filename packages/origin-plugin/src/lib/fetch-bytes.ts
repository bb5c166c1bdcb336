/** Bounds of {@link fetchJson}. */
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
 * @throws Error with the cause, in words for a log
 */
export async function fetchBytes(url: URL, { timeout, maxBytes, signal }: FetchBounds): Promise<Buffer> {
  const late = AbortSignal.timeout(timeout)
  try {
    const response = await fetch(url, { signal: AbortSignal.any([late, signal]), redirect: 'manual' })
    if (response.status !== 200 || !response.body) {
      await response.body?.cancel()
      throw new Error(`the server answered ${response.status}`)
    }
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of response.body) {
      length += chunk.length
      // Leaving the loop cancels the body, which closes the connection.
      if (length > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } catch (error) {
    if (late.aborted) throw new Error(`no answer within ${timeout} ms`)
    throw new Error(describe(error))
  }
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
