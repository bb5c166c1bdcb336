import type { CapturedRequest } from '@countersign/origin-plugin/explain'
import { parseHar } from './parse-har.ts'
import { isLog, parseLogLines } from './parse-log-lines.ts'
import { beginsWithRequest, parseRequestText } from './parse-request-text.ts'

const CURL_REQUEST_LINE = /^> \S+ \S+ HTTP\/\d/m

/**
 * Parses captured requests: a HAR, a log of pino, the output of `curl -v`, or their wire form.
 *
 * @throws SyntaxError that names the malformed place. It quotes nothing of the input.
 */
export function parseRequests(bytes: Uint8Array): CapturedRequest[] {
  const input = Buffer.from(bytes)
  const json = input.toString('utf8').replace(/^\uFEFF/, '')
  // Node reads headers as latin1: a character for each byte.
  const text = input.toString('latin1')
  // A body of such a request can be a line of a log.
  const isHead = beginsWithRequest(text) || isCurlOutput(text)
  if (!isHead && isLog(json)) return parseLogLines(json)
  if (/^\s*\{/.test(json)) return parseHar(json)
  return parseRequestText(isCurlOutput(text) ? curlRequestText(text) : text)
}

/** Whether a text is the output of `curl -v`. */
function isCurlOutput(text: string): boolean {
  return CURL_REQUEST_LINE.test(text)
}

/** Returns the heads of the requests that `curl -v` has sent. They are the lines with a leading `>`. */
function curlRequestText(text: string): string {
  return text
    .split(/\r?\n/)
    .filter((line) => line.startsWith('>'))
    .map((line) => line.replace(/^> ?/, ''))
    .join('\n')
}
