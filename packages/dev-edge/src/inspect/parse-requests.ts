import type { CapturedRequest } from '@countersign/origin-plugin/explain'
import { curlRequestText, isCurlOutput } from './curl-output.ts'
import { parseHar } from './parse-har.ts'
import { parseRequestText } from './parse-request-text.ts'

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
