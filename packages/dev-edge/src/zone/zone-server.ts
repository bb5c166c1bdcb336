import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { closeable } from '../net/closeable.ts'
import { type RawHeaders, withoutHopByHop } from '../net/raw-headers.ts'
import { streamBody } from '../net/stream-body.ts'
import { decideStorage, isCacheable, type StorageDecision } from './cache-policy.ts'
import { type CacheWishes, readCacheWishes } from './cache-wishes.ts'
import { type OriginRequest, openOriginRequest, readOriginRequest, without } from './origin-request.ts'
import { beginAnswer, relayAnswer } from './relay-answer.ts'
import { relayUpgrade } from './relay-upgrade.ts'
import { cacheKey, type FoundAnswer, type ZoneCache } from './zone-cache.ts'

/** Options of {@link ZoneServer}. */
export interface ZoneServerOptions {
  readonly origin: URL
  /** The cache of the zone, `undefined` for a zone that stores nothing. */
  readonly cache: ZoneCache | undefined
}

/** Cloudflare's limit for all headers of a request, and room for the Worker's. */
const MAX_HEADER_SIZE = 256 * 1024

/** The zone behind the Worker: each `fetch()` of the Worker goes through its cache to the origin. */
export class ZoneServer {
  readonly server: Server
  readonly close: () => Promise<void>
  readonly #options: ZoneServerOptions

  constructor(options: ZoneServerOptions) {
    this.#options = options
    // workerd closes idle connections itself. Uploads and answers may take any time.
    this.server = createServer({ maxHeaderSize: MAX_HEADER_SIZE, keepAliveTimeout: 0, requestTimeout: 0 })
    this.server.maxHeadersCount = 0
    this.close = closeable(this.server)
    this.server.on('request', (request, response) => this.#handleRequest(request, response))
    this.server.on('upgrade', (request, socket, head) => relayUpgrade(options.origin, request, socket, head))
  }

  #handleRequest(incoming: IncomingMessage, response: ServerResponse): void {
    const { cache, origin } = this.#options
    const request = readOriginRequest(incoming)
    const wishes = readCacheWishes(request.cf)
    const body = { body: incoming, isComplete: () => incoming.complete }
    if (cache && isCacheable(request.method, request.target, wishes)) {
      // A cacheable request has no body towards the origin.
      incoming.resume()
      answerFromCache(cache, origin, request, wishes, response)
      return
    }
    const upstream = openOriginRequest(origin, request)
    relayAnswer(upstream, response, ({ rawHeaders }) => (cache ? withStatus(rawHeaders, 'DYNAMIC') : rawHeaders))
    streamBody(body, upstream)
  }
}

function answerFromCache(
  cache: ZoneCache,
  origin: URL,
  request: OriginRequest,
  wishes: CacheWishes,
  response: ServerResponse,
): void {
  const key = cacheKey(request.target, request.headers)
  const found = cache.find(key, request.headers)
  if (found && found !== 'expired') {
    answerHit(found, response)
    return
  }
  const upstream = openOriginRequest(origin, asGet(request))
  relayAnswer(upstream, response, (answer) => {
    const { statusCode: status = 502, statusMessage: reason = '', rawHeaders } = answer
    const exchange = { requestHeaders: request.headers, status, answerHeaders: rawHeaders }
    const decision = decideStorage(exchange, wishes, cache.now())
    if (typeof decision === 'number' && decision > 0) {
      readWhole(answer, cache.maxBody, (body) =>
        cache.store(key, { status, reason, headers: withoutHopByHop(rawHeaders), body }, decision),
      )
    }
    return withStatus(rawHeaders, cacheStatus(decision, found))
  })
  upstream.end()
}

/** Cloudflare asks for the whole answer, so that it can store it. HEAD arrives at the origin as GET. */
function asGet(request: OriginRequest): OriginRequest {
  const headers = without(request.headers, ['content-length', 'range', 'if-range'])
  return { ...request, method: 'GET', headers, framing: [] }
}

function answerHit({ answer, age }: FoundAnswer, response: ServerResponse): void {
  const { status, reason, headers, body } = answer
  beginAnswer(response, status, reason, [...without(withStatus(headers, 'HIT'), ['age']), 'Age', String(age)])
  response.end(body)
}

/** @see {@link https://developers.cloudflare.com/cache/concepts/cache-responses/ Cloudflare: cache responses} */
function cacheStatus(decision: StorageDecision, found: 'expired' | undefined): string {
  if (decision === 'bypass') return 'BYPASS'
  return found === 'expired' ? 'EXPIRED' : 'MISS'
}

function withStatus(headers: RawHeaders, status: string): string[] {
  return [...without(headers, ['cf-cache-status']), 'CF-Cache-Status', status]
}

/** Reads a passing body without delaying it. Calls back only with a whole one that is not too long. */
function readWhole(answer: IncomingMessage, longest: number, done: (body: Buffer) => void): void {
  let chunks: Buffer[] = []
  let length = 0
  answer.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= longest) chunks.push(chunk)
    else chunks = []
  })
  answer.on('end', () => {
    if (answer.complete && length <= longest) done(Buffer.concat(chunks))
  })
}
