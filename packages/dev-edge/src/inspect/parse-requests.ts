import type { CapturedRequest } from '@countersign/origin-plugin/explain'
import { parseHar } from './parse-har.ts'
import { parseRequestText } from './parse-request-text.ts'

const CURL_REQUEST_LINE = /^> \S+ \S+ HTTP\/\d/m

/**
 * Parses captured requests: a HAR, the output of `curl -v`, or requests as they went over the wire.
 *
 * @throws SyntaxError with a sentence that says what is wrong and where; it quotes nothing of the input
 */
export function parseRequests(bytes: Uint8Array): CapturedRequest[] {
  const input = Buffer.from(bytes)
  const json = input.toString('utf8').replace(/^\uFEFF/, '')
  if (/^\s*\{/.test(json)) return parseHar(json)
  // As Node reads headers: a character for each byte.
  const text = input.toString('latin1')
  return parseRequestText(isCurlOutput(text) ? curlRequestText(text) : text)
}

/** Whether a text is what `curl -v` prints. */
function isCurlOutput(text: string): boolean {
  return CURL_REQUEST_LINE.test(text)
}

/** The heads of the requests that `curl -v` has sent, which are the lines behind `>`. */
function curlRequestText(text: string): string {
  return text
    .split(/\r?\n/)
    .filter((line) => line.startsWith('>'))
    .map((line) => line.replace(/^> ?/, ''))
    .join('\n')
}
