/** An HTTP/1.1 response, taken apart from its bytes. */
export interface RawResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  readonly text: string
  json(): unknown
}

/** Parses the bytes of a response; undefined as long as they are not a whole one. */
export function parseResponse(bytes: Buffer, bodiless = false): RawResponse | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const status = Number(statusLine.split(' ')[1])
  const body = bodiless || status === 204 ? Buffer.alloc(0) : parseBody(bytes.subarray(end + 4), headers)
  if (!body) return undefined
  const text = body.toString()
  return { status, headers, body, text, json: () => JSON.parse(text) }
}

function parseBody(payload: Buffer, headers: ReadonlyMap<string, string>): Buffer | undefined {
  if (headers.get('transfer-encoding') === 'chunked') return dechunk(payload)
  const length = Number(headers.get('content-length') ?? 0)
  return payload.length < length ? undefined : payload.subarray(0, length)
}

function dechunk(payload: Buffer): Buffer | undefined {
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = payload.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(payload.toString('latin1', at, lineEnd), 16)
    const next = lineEnd + 2 + size + 2
    if (payload.length < next) return undefined
    if (size === 0) return Buffer.concat(chunks)
    chunks.push(payload.subarray(lineEnd + 2, next - 2))
    at = next
  }
}
