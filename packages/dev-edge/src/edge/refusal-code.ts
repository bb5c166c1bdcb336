import type { IncomingMessage } from 'node:http'
import { readErrorCode } from '../errors.ts'

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
