import { parseSignatureInput, SIGNATURE_LABEL, type SignatureParameters, splitDictionary } from '@countersign/wire'
import type { ReceivedRequest } from '../request-target.ts'

/**
 * A request as the origin, or a tool in front of it, received it.
 *
 * @example
 * ```ts
 * const request: CapturedRequest = { method: 'GET', target: '/me', rawHeaders }
 * await explainRequests([request], options)
 * ```
 */
export interface CapturedRequest {
  readonly method: string
  /** Path and query, as in the request line. */
  readonly target: string
  /** Header names and values in turn, as `IncomingMessage#rawHeaders`. */
  readonly rawHeaders: readonly string[]
}

/** Turns a captured request into the form that the plugin receives. */
export function receive({ method, target, rawHeaders }: CapturedRequest): ReceivedRequest {
  const headers = joinHeaders(rawHeaders)
  return { originalUrl: target, raw: { method, httpVersionMajor: 1, headers, rawHeaders: [...rawHeaders] } }
}

/** The value of a header as Node joins its lines; `undefined` without one. */
export function receivedHeader({ rawHeaders }: CapturedRequest, name: string): string | undefined {
  return joinHeaders(rawHeaders)[name]
}

/** The parameters of the request's signature, verified or not; `undefined` without a signature of the profile. */
export function signatureParameters(request: CapturedRequest): SignatureParameters | undefined {
  try {
    const members = splitDictionary(receivedHeader(request, 'signature-input') ?? '')
    return parseSignatureInput(members.find(({ key }) => key === SIGNATURE_LABEL)?.value ?? '')
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/**
 * Joins lines as Node does for the headers that the plugin reads: only the first `host`, and all lines of other
 * headers.
 */
function joinHeaders(rawHeaders: readonly string[]): Record<string, string> {
  const joined = new Map<string, string>()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase()
    const value = rawHeaders[at + 1] as string
    const before = joined.get(name)
    if (before === undefined) joined.set(name, value)
    else if (name !== 'host') joined.set(name, `${before}, ${value}`)
  }
  return Object.fromEntries(joined)
}
