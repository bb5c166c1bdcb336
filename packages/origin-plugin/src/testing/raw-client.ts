import { connect } from 'node:net'
import type { HeaderLine } from './header-lines.ts'
import { AUTHORITY } from './sign-lines.ts'

/** An HTTP/1.1 request as exact lines. */
export interface RawRequest {
  readonly method?: string
  readonly target?: string
  readonly host?: string
  readonly lines?: readonly HeaderLine[]
  /** `close` by default, so that the answer has an end. */
  readonly connection?: string
}

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The JSON of the body; `undefined` for any other body. */
  readonly body: { readonly code?: string; readonly [name: string]: unknown } | undefined
  readonly text: string
}

/** Sends a request byte by byte as it stands, and reads the answer until the connection ends. */
export function sendRaw(
  port: number,
  { method = 'GET', target = '/', host = AUTHORITY, lines = [], connection = 'close' }: RawRequest,
): Promise<RawAnswer> {
  const head = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    ...lines.map((line) => line.join(': ')),
    `Connection: ${connection}`,
  ]
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(`${head.join('\r\n')}\r\n\r\n`, 'latin1'))
    let text = ''
    socket.setEncoding('latin1')
    socket.setTimeout(8_000, () => socket.destroy(new Error('no answer')))
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(parseAnswer(text)))
  })
}

function parseAnswer(text: string): RawAnswer {
  const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s)
  const [first = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  )
  return { status: Number(first.split(' ')[1]), headers, body: parseJson(body), text }
}

function parseJson(text: string): RawAnswer['body'] {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
