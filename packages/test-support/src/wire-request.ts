import { COVERED_FIELDS } from '@countersign/wire'

/** A header line as it crosses the wire. */
export type HeaderLine = readonly [name: string, value: string]

/** A request as it crosses the wire. Header names and values alternate, as in Node's `rawHeaders`. */
export interface WireRequest {
  readonly method: string
  readonly target: string
  readonly headers: readonly string[]
}

/** Anything with a request's header lines. */
type HeaderCarrier = Pick<WireRequest, 'headers'> & Partial<WireRequest>

/** The header lines of a request. */
export function headerLines({ headers }: HeaderCarrier): HeaderLine[] {
  return headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1] as string] as const] : []))
}

/** The value of a header's first line. */
export function headerOf(request: HeaderCarrier, name: string): string | undefined {
  return headerLines(request).find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1]
}

/** The request with other header lines. */
export function withLines(request: WireRequest, lines: readonly HeaderLine[]): WireRequest {
  return { ...request, headers: lines.flat() }
}

/** The request with one header replaced in place or added at the end. `undefined` removes the header. */
export function withHeader(request: WireRequest, name: string, value: string | undefined): WireRequest {
  const lines = headerLines(request)
  const isIt = ([each]: HeaderLine) => each.toLowerCase() === name.toLowerCase()
  if (value === undefined)
    return withLines(
      request,
      lines.filter((line) => !isIt(line)),
    )
  if (!lines.some(isIt)) return withLines(request, [...lines, [name, value]])
  return withLines(
    request,
    lines.map((line) => (isIt(line) ? [line[0], value] : line)),
  )
}

/** The covered fields that a request carries, in the table's order. */
export function carriedFields(request: WireRequest): string[] {
  const names = new Set(headerLines(request).map(([name]) => name.toLowerCase()))
  return COVERED_FIELDS.filter((field) => names.has(field))
}

/**
 * The bytes of a request, one character per byte.
 *
 * @param connection - replaces the request's `Connection` header; by default the server closes after its answer
 */
export function formatRequest(request: WireRequest, connection = 'close'): string {
  const lines = headerLines(request).filter(([name]) => name.toLowerCase() !== 'connection')
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `${request.method} ${request.target} HTTP/1.1\r\n${head}Connection: ${connection}\r\n\r\n`
}
