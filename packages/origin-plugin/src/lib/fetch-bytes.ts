import http from 'node:http'
import https from 'node:https'
import type { Duplex } from 'node:stream'
import { quoteUrl } from './quote-value.ts'

/** Bounds of {@link fetchBytes}. */
export interface FetchBounds {
  /** Milliseconds for everything: connection, headers and body. */
  readonly timeout: number
  /** The largest number of bytes to read. */
  readonly maxBytes: number
  /** Aborts the fetch immediately. */
  readonly signal: AbortSignal
}

/**
 * Fetches bytes within bounds. It follows no redirect, which would choose another server. It reads at most `maxBytes`,
 * and ends at the time-out even if the server hangs.
 *
 * The plain form is the global `fetch()`. Its parser is WebAssembly, which V8 optimizes after some fetches. That took 45 ms
 * of the processor, at a rotation of keys, with the priority of the requests.
 *
 * @param memory - the bytes are written into it if it is large enough. Its contents are lost
 * @throws Error with the cause, in words for a log
 */
export async function fetchBytes(
  url: URL,
  { timeout, maxBytes, signal }: FetchBounds,
  memory: Buffer = Buffer.alloc(0),
): Promise<Buffer> {
  const late = AbortSignal.timeout(timeout)
  const end = AbortSignal.any([late, signal])
  const connection = connectionFor(url)
  try {
    end.throwIfAborted()
    const { response, failure } = await request(url, connection, end)
    requirePlainBody(response, url)
    const bytes = await readBody(response, maxBytes, memory)
    // A body without a length ends with its connection, also if that breaks.
    if (failure() !== undefined) throw failure()
    end.throwIfAborted()
    return bytes
  } catch (error) {
    if (late.aborted) throw new Error(`no answer within ${timeout} ms`)
    throw new Error(describe(signal.aborted ? signal.reason : error))
  } finally {
    connection.end()
  }
}

/** Node documents the options of an agent, and its types omit them. */
interface Configured {
  readonly options?: https.AgentOptions
}

/** The connection of one fetch. */
interface OwnConnection {
  readonly agent: http.Agent
  /** Closes it, also while it is being made. */
  end(): void
}

/**
 * Prepares a connection that serves one fetch and no other request. It has the settings of Node's global agent: TLS, and the
 * proxy of `NODE_USE_ENV_PROXY`.
 *
 * The plain form is the global agent. It keeps connections, and one can end just as the next fetch uses it. Requests of the
 * application can occupy all of them. A connection to a proxy that hangs outlives a request that was given up.
 */
function connectionFor({ protocol }: URL): OwnConnection {
  const { Agent, globalAgent } = protocol === 'https:' ? https : http
  const agent = new Agent({
    ...(globalAgent as Configured).options,
    keepAlive: false,
    maxSockets: Number.POSITIVE_INFINITY,
    maxTotalSockets: Number.POSITIVE_INFINITY,
    timeout: undefined,
  })
  const connect = agent.createConnection.bind(agent)
  let connection: Duplex | null | undefined
  agent.createConnection = (options, done) => {
    connection = connect(options, done)
    if (connection) limitListeners(connection)
    return connection
  }
  return { agent, end: () => connection?.destroy() }
}

/** A proxy answers in one piece, or in two. Each further piece doubles the number. */
const MOST_LISTENERS = 256

/**
 * Ends a connection whose proxy answers CONNECT in many pieces. Node 24 adds a listener for each listener that it has, and
 * after 27 pieces an exception ends the process.
 */
function limitListeners(connection: Duplex): void {
  connection.on('newListener', (name) => {
    if (name === 'readable' && connection.listenerCount('readable') > MOST_LISTENERS) {
      connection.destroy(new Error('the proxy answers in too many pieces'))
    }
  })
}

/** An answer, and the error of its connection if there was one. */
interface Answer {
  readonly response: http.IncomingMessage
  readonly failure: () => unknown
}

/** Some firewalls refuse a request without a user agent. */
const HEADERS = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'countersign' }

function request(url: URL, { agent }: OwnConnection, signal: AbortSignal): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  let failure: unknown
  // Node does not tell the request of the abort before it has a connection, which a proxy can delay for ever.
  signal.addEventListener('abort', () => reject(signal.reason))
  const { get } = url.protocol === 'https:' ? https : http
  get(url, { signal, agent, headers: HEADERS }, (response) => resolve({ response, failure: () => failure }))
    .on('error', (error) => {
      failure = error
      reject(error)
    })
    // After an answer that changes the protocol, nothing else comes.
    .on('close', () => reject(new Error('the server ended the connection without an answer')))
  return promise
}

function requirePlainBody({ statusCode = 0, headers }: http.IncomingMessage, url: URL): void {
  if (statusCode !== 200) {
    throw new Error(`the server answered ${statusCode}${describeRedirect(statusCode, headers.location, url)}`)
  }
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') throw new Error('the server compressed its answer, without being asked')
}

/** In bytes. The buffer grows from here. */
const FIRST_CAPACITY = 64 * 1024

/**
 * Reads a body to its end. It copies the chunks into one buffer, because an object for each of a million tiny chunks
 * would take a hundred times their size.
 */
async function readBody(body: AsyncIterable<Buffer>, maxBytes: number, memory: Buffer): Promise<Buffer> {
  let bytes = memory
  let length = 0
  for await (const chunk of body) {
    const end = length + chunk.length
    // Leaving the loop closes the connection.
    if (end > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`)
    if (end > bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(end, bytes.length * 2, FIRST_CAPACITY), maxBytes))
      bytes.copy(larger, 0, 0, length)
      bytes = larger
    }
    bytes.set(chunk, length)
    length = end
  }
  return bytes.subarray(0, length)
}

const MAX_TARGET_LENGTH = 200

/** The target of a redirect for the log. The server chose it, so it is parsed and its length is limited. */
function describeRedirect(status: number, location: string | undefined, url: URL): string {
  if (status < 300 || status > 399 || location === undefined || !URL.canParse(location, url.href)) return ''
  const target = quoteUrl(new URL(location, url.href)).slice(0, MAX_TARGET_LENGTH)
  return `, a redirect to ${target}; write the URL that answers itself`
}

/** As {@link fetchBytes}, and parses the bytes. */
export async function fetchJson(url: URL, bounds: FetchBounds): Promise<unknown> {
  const bytes = await fetchBytes(url, bounds)
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new Error('the answer is not JSON')
  }
}

/** The code of a network failure says more than its message, for example "socket hang up". */
function describe(error: unknown): string {
  const { code, message = String(error) } = error as { code?: unknown; message?: string }
  return typeof code === 'string' ? code : message
}
