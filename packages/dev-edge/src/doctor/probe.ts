import { type IncomingMessage, type OutgoingHttpHeaders, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { TLSSocket } from 'node:tls'

/** A key set of a team is a few kilobytes, a refusal a few hundred bytes. */
const MAX_BYTES = 256 * 1024

/** How a request is sent. */
export interface Probe {
  readonly headers?: OutgoingHttpHeaders
  /**
   * Whether to refuse a server whose TLS certificate is not trusted. What a check sends to an origin is a forgery of its
   * own making, so that there the certificate is a finding and no reason to stop.
   */
  readonly trustedOnly: boolean
  /** Milliseconds for everything: connection, headers and body. */
  readonly timeout?: number
}

/** What a server answered. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Milliseconds by which the server's `Date` is ahead of this machine's clock, half a second more or less. */
  readonly clockOffset: number | undefined
  /** Why the server's TLS certificate would not be accepted, by OpenSSL's code. */
  readonly tlsError: string | undefined
}

/**
 * Sends one GET request within bounds: no redirect is followed, nothing longer than expected is read, and nothing takes
 * longer than the time-out, whatever the server does.
 *
 * @throws Error that says what went wrong, without anything that the server said
 */
export async function probe(url: URL, { headers = {}, trustedOnly, timeout = 5000 }: Probe): Promise<Answer> {
  const signal = AbortSignal.timeout(timeout)
  const sentAt = Date.now()
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  const request = send(url, { headers, signal, agent: false, rejectUnauthorized: trustedOnly } as object)
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve).once('error', reject).end()
    })
    const clockOffset = readClockOffset(response, sentAt)
    const { authorizationError } = response.socket as TLSSocket
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: await readBody(response),
      clockOffset,
      // Typed as an Error, and a code in truth.
      tlsError: authorizationError ? String(authorizationError) : undefined,
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Error(signal.aborted ? `no answer within ${timeout / 1000} s` : (code ?? message))
  } finally {
    request.on('error', () => {}).destroy()
  }
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BYTES) throw new Error(`the answer is longer than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** `Date` is cut to whole seconds, and was written somewhere between the request and the answer. */
function readClockOffset({ headers }: IncomingMessage, sentAt: number): number | undefined {
  const date = Date.parse(headers.date ?? '')
  return Number.isNaN(date) ? undefined : date + 500 - (sentAt + Date.now()) / 2
}
