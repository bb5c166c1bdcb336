import { type IncomingMessage, type OutgoingHttpHeaders, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { TLSSocket } from 'node:tls'

/** A team's key set is a few kilobytes long, a refusal a few hundred bytes. */
const MAX_BYTES = 256 * 1024

/** A client certificate with its key, in PEM. */
export interface ClientCredentials {
  readonly cert: string
  readonly key: string
}

/** Options of {@link probe}. */
export interface Probe {
  /** The default is `GET`. */
  readonly method?: 'GET' | 'OPTIONS'
  readonly headers?: OutgoingHttpHeaders
  /**
   * Whether to refuse a server with an untrusted TLS certificate. A check sends only forgeries to an origin, so there
   * an untrusted certificate is a finding and does not stop the checks.
   */
  readonly trustedOnly: boolean
  /** Milliseconds for the connection, the headers and the body together. */
  readonly timeout?: number
  /** The `Host` of the request, if it is not that of the URL. */
  readonly host?: string | undefined
  /** The certificate to present over https. */
  readonly client?: ClientCredentials | undefined
}

/** The answer of a server. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Milliseconds by which the server's `Date` is ahead of this machine's clock, accurate to half a second. */
  readonly clockOffset: number | undefined
  /** OpenSSL's code if the server's TLS certificate is not trusted. */
  readonly tlsError: string | undefined
}

/**
 * Sends one request without a body, within bounds. It follows no redirect, limits the length of the answer, and ends at the
 * time-out.
 *
 * @throws Error that names the cause and quotes nothing of the server's answer
 */
export async function probe(
  url: URL,
  { method = 'GET', headers = {}, trustedOnly, timeout = 5000, host, client }: Probe,
): Promise<Answer> {
  const signal = AbortSignal.timeout(timeout)
  const sentAt = Date.now()
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  const sent = { ...headers, ...(host !== undefined && { host }) }
  const request = send(url, {
    method,
    headers: sent,
    signal,
    agent: false,
    rejectUnauthorized: trustedOnly,
    ...client,
  } as object)
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
      // The type is Error, but Node sets a code.
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

/**
 * `Date` is cut to whole seconds, so half a second is added. The server wrote it between the request and the answer.
 */
function readClockOffset({ headers }: IncomingMessage, sentAt: number): number | undefined {
  const date = Date.parse(headers.date ?? '')
  return Number.isNaN(date) ? undefined : date + 500 - (sentAt + Date.now()) / 2
}
