import { connect } from 'node:net'

/** An answer, as far as the tests look at it. */
export interface RawAnswer {
  readonly status: number
  /** The `code` of an error body; `undefined` for any other body. */
  readonly code: string | undefined
  readonly body: string
}

/**
 * Sends exact bytes to a server on this machine and reads the answer until the connection ends.
 *
 * @param bytes - a whole HTTP/1.1 request that asks for `Connection: close`; characters are bytes (latin1)
 * @throws Error if the connection ends without an answer, or does not end and is silent for ten seconds
 */
export function sendRaw(port: number, bytes: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(bytes, 'latin1'))
    const chunks: Buffer[] = []
    socket.setTimeout(10_000, () => {
      reject(new Error('the connection did not end within ten seconds'))
      socket.destroy()
    })
    socket.on('data', (chunk) => chunks.push(chunk))
    // A server that refuses a request early may reset the connection behind its answer.
    socket.on('error', (error) => (chunks.length > 0 ? resolve(parseAnswer(chunks)) : reject(error)))
    socket.on('close', () => (chunks.length > 0 ? resolve(parseAnswer(chunks)) : reject(new Error('no answer'))))
  })
}

function parseAnswer(chunks: readonly Buffer[]): RawAnswer {
  const text = Buffer.concat(chunks).toString('latin1')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1])
  const body = text.slice(text.indexOf('\r\n\r\n') + 4)
  return { status, body, code: codeOf(body) }
}

/** The `code` of a JSON error body. */
export function codeOf(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { code?: string }).code
  } catch {
    return undefined
  }
}
