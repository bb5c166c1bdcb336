import type { CapturedRequest } from '@countersign/origin-plugin/explain'

const REQUEST_LINE = /^([!#$%&'*+.^_`|~\w-]+) (\S+) HTTP\/\d(?:\.\d)?$/
const HEADER_LINE = /^([!#$%&'*+.^_`|~\w-]+):(.*)$/
const OUTER_WHITESPACE = /^[\t ]+|[\t ]+$/g

/** Whether the first line that is not empty is a request line. */
export function beginsWithRequest(text: string): boolean {
  return REQUEST_LINE.test(text.trimStart().split(/\r?\n/, 1)[0] ?? '')
}

/**
 * Parses the wire form of one request or several, with lines that end in CRLF or LF.
 *
 * A request line begins a request at the start of the text or after an empty line. Other text after an empty line is a
 * body.
 *
 * @throws SyntaxError that names the malformed line
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112#section-2.1 RFC 9112, section 2.1}
 */
export function parseRequestText(text: string): CapturedRequest[] {
  const requests: { method: string; target: string; rawHeaders: string[] }[] = []
  let inHead = false
  let afterEmpty = true
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    const [, method, target] = (afterEmpty && REQUEST_LINE.exec(line)) || []
    if (method !== undefined && target !== undefined) {
      requests.push({ method, target, rawHeaders: [] })
      inHead = true
    } else if (inHead && line !== '') {
      requests.at(-1)?.rawHeaders.push(...parseHeaderLine(line, at + 1))
    } else if (line !== '' && requests.length === 0) {
      throw new SyntaxError(`line ${at + 1} is not a request line such as "GET /me HTTP/1.1"`)
    } else {
      inHead = false
    }
    afterEmpty = line === ''
  }
  if (requests.length === 0) throw new SyntaxError('the input contains no request')
  return requests
}

function parseHeaderLine(line: string, number: number): [name: string, value: string] {
  const [, name, value] = HEADER_LINE.exec(line) ?? []
  if (name === undefined || value === undefined) {
    throw new SyntaxError(`line ${number} is not a header line such as "Host: origin.example"`)
  }
  return [name, value.replace(OUTER_WHITESPACE, '')]
}
