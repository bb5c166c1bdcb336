import { connect, type Socket } from 'node:net'

/** An HTTP/1.1 answer, read byte by byte. */
export interface RawAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** The body, one character per byte. */
  readonly body: string
  /** The `code` of an error body; `undefined` for any other body. */
  readonly code: string | undefined
  /** Head and body as they came, one character per byte. */
  readonly raw: string
  /** Parses the body as JSON in UTF-8. */
  // biome-ignore lint/suspicious/noExplicitAny: as Response.json()
  json(): any
}

/** Milliseconds of silence after which an answer counts as missing. */
const PATIENCE = 10_000

/**
 * Sends exact bytes to a server on this machine and reads until the server ends the connection.
 *
 * @param bytes - a whole HTTP/1.1 request, usually with `Connection: close`; one character per byte
 * @throws {Error} If the connection ends without an answer, or is silent for ten seconds.
 */
export function sendRaw(port: number, bytes: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(bytes, 'latin1'))
    const chunks: Buffer[] = []
    const settle = (error: Error) =>
      chunks.length > 0 ? resolve(parseAnswer(Buffer.concat(chunks), true) as RawAnswer) : reject(error)
    socket.setTimeout(PATIENCE, () => {
      reject(new Error('the connection did not end within ten seconds'))
      socket.destroy()
    })
    socket.on('data', (chunk) => chunks.push(chunk))
    // A server that refuses a request early may reset the connection after its answer.
    socket.on('error', settle)
    socket.on('close', () => settle(new Error('no answer')))
  })
}

/**
 * Reads one whole answer from a connection that stays open, as its framing delimits it.
 *
 * @param isBodiless - whether the answer has no body in spite of its headers, because the request was `HEAD`
 * @throws {Error} If the answer is cut off, or pauses for ten seconds.
 */
export async function readAnswer(socket: Socket, isBodiless = false): Promise<RawAnswer> {
  socket.setTimeout(PATIENCE, () => socket.destroy(new Error('the answer stopped short')))
  let bytes = Buffer.alloc(0)
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk])
    const answer = parseAnswer(bytes, false, isBodiless)
    if (answer) return answer
  }
  throw new Error(`the answer was cut off: ${bytes.toString('latin1', 0, 200)}`)
}

/** The `code` of a JSON error body. */
export function codeOf(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { code?: string } | null)?.code
  } catch {
    return undefined
  }
}

/** Parses the bytes of an answer. Returns `undefined` for a part of an answer, unless the connection has ended. */
function parseAnswer(bytes: Buffer, isEnded: boolean, isBodiless = false): RawAnswer | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0 && !isEnded) return undefined
  const head = bytes.toString('latin1', 0, headEnd < 0 ? bytes.length : headEnd)
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1])
  const payload = bytes.subarray(headEnd < 0 ? bytes.length : headEnd + 4)
  const content = isBodiless || status === 204 ? Buffer.alloc(0) : readContent(payload, headers, isEnded)
  if (!content) return undefined
  const body = content.toString('latin1')
  return {
    status,
    headers,
    body,
    code: codeOf(body),
    raw: bytes.toString('latin1'),
    json: () => JSON.parse(content.toString()),
  }
}

function readContent(payload: Buffer, headers: ReadonlyMap<string, string>, isEnded: boolean): Buffer | undefined {
  if (headers.get('transfer-encoding') === 'chunked') return dechunk(payload) ?? (isEnded ? payload : undefined)
  const length = headers.get('content-length')
  if (isEnded) return length === undefined ? payload : payload.subarray(0, Number(length))
  return payload.length < Number(length ?? 0) ? undefined : payload.subarray(0, Number(length ?? 0))
}

function dechunk(payload: Buffer): Buffer | undefined {
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = payload.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(payload.toString('latin1', at, lineEnd), 16)
    const next = lineEnd + 2 + size + 2
    if (!(payload.length >= next)) return undefined
    if (size === 0) return Buffer.concat(chunks)
    chunks.push(payload.subarray(lineEnd + 2, next - 2))
    at = next
  }
}
