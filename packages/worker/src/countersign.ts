import type { SigningJwk } from '@countersign/wire'
import { CountersignWorkerError } from './errors.ts'
import { tlsClientAuth } from './incoming-request.ts'
import { checkOptions } from './known-options.ts'
import { logLine } from './log-line.ts'
import { signHeaders } from './sign-headers.ts'
import { importSigningKey } from './signing-key.ts'
import { type ForwardCert, type NameForms, stampHeaders } from './stamp-headers.ts'
import { stripHeaders } from './strip-headers.ts'

/**
 * Options of {@link countersign}.
 *
 * @example
 * ```ts
 * const optionsFor = (env: { COUNTERSIGN_KEY: string }): CountersignOptions => ({
 *   key: env.COUNTERSIGN_KEY,
 *   forwardCert: 'chain',
 * })
 * ```
 */
export interface CountersignOptions {
  /**
   * The private JWK that signs, as the JSON text of a secret binding or as an object. `kty: "oct"` signs with
   * `hmac-sha256`, `kty: "OKP"` with `ed25519`. It is imported once per isolate, as long as it is the same text or the
   * same object. So do not parse a new object for each request.
   */
  readonly key: string | SigningJwk | undefined
  /**
   * The certificates to forward whole (RFC 9440). `leaf` (the default) forwards the client's certificate in
   * `Client-Cert`. `chain` also forwards the intermediates in `Client-Cert-Chain`, which may exceed Node's default
   * limit of 16 KiB for all headers. `none` forwards neither.
   */
  readonly forwardCert?: ForwardCert | undefined
  /**
   * The forms in which the names of subject and issuer travel. `all` (the default) sends Cloudflare's three. `rfc2253`
   * sends the one that the origin reads, which is a third of the size. Names in Cyrillic or Chinese take kilobytes.
   */
  readonly names?: NameForms | undefined
}

/** The names of {@link CountersignOptions}. An undefined key has an error of its own. */
export const COUNTERSIGN_OPTIONS: readonly [name: keyof CountersignOptions, mustBeDefined: false][] = [
  ['key', false],
  ['forwardCert', false],
  ['names', false],
]
const KNOWN_OPTIONS: ReadonlyMap<string, boolean> = new Map(COUNTERSIGN_OPTIONS)
const FORWARD_CERT: readonly unknown[] = ['leaf', 'chain', 'none']
const NAMES: readonly unknown[] = ['all', 'rfc2253']

/**
 * Writes Cloudflare's description of the client's certificate into the request's headers, and countersigns them.
 *
 * It first deletes these headers as the client sent them. The result keeps the request's method and body, which still
 * streams. WebSocket upgrades work, redirects are returned to the client, and the URL is the signed one. The result has
 * no `cf` and no `signal`: for a Worker behind a service binding, or to abort, pass them to `fetch()` yourself.
 *
 * The result has `cache: 'no-store'`. Without it, `fetch()` asks the zone's cache first, which stores URLs such as
 * `/report.csv` for every client. Keep it if you make another request of the result.
 *
 * @param request - the incoming request, with Cloudflare's `cf.tlsClientAuth`
 * @param options - the key, and the certificates to forward
 * @returns a request that is ready for `fetch()`
 * @throws CountersignWorkerError if the key or an option is wrong. Let it answer 500: never forward an unsigned request
 * @see {@link https://www.rfc-editor.org/rfc/rfc9421 RFC 9421: HTTP Message Signatures}
 * @example
 * ```ts
 * export default {
 *   async fetch(request: Request, env: { COUNTERSIGN_KEY: string }) {
 *     return fetch(await countersign(request, { key: env.COUNTERSIGN_KEY }))
 *   },
 * }
 * ```
 */
export async function countersign(request: Request, options: CountersignOptions): Promise<Request> {
  checkOptions(options, KNOWN_OPTIONS)
  return new Request(...(await countersigned(request, options)))
}

/** The two arguments of `fetch()`. */
export type SignedRequest = [url: string, init: RequestInit]

/**
 * Does the same as {@link countersign}, and returns the two arguments of `fetch()`. Each `Request` made from them would
 * copy all headers once more.
 */
export async function countersigned(request: Request, options: CountersignOptions): Promise<SignedRequest> {
  const { forwardCert = 'leaf', names = 'all' } = options
  if (!CAN_AVOID_CACHE) {
    throw new CountersignWorkerError(
      'CSN_WORKER_DATE_TOO_OLD',
      "compatibility_date is too old to keep requests out of the zone's cache; set it to 2024-11-11 or later in wrangler.jsonc",
    )
  }
  if (!FORWARD_CERT.includes(forwardCert)) {
    throw new CountersignWorkerError('CSN_WORKER_OPTION_INVALID', 'forwardCert must be "leaf", "chain" or "none"')
  }
  if (!NAMES.includes(names)) {
    throw new CountersignWorkerError('CSN_WORKER_OPTION_INVALID', 'names must be "all" or "rfc2253"')
  }
  const key = await importSigningKey(options.key)
  // Sign and send the parsed URL. fetch() would send the client's spelling (`/a/%2e%2e/b`), which is another path.
  const url = new URL(request.url)
  const headers = new Headers(request.headers)

  stripHeaders(headers)
  const stamped = stampHeaders(headers, tlsClientAuth(request), { forwardCert, names })
  warnTooLarge(request, stamped)
  await signHeaders(headers, stamped, requestTarget(request, url), key)
  keepConditional(headers)

  return [url.href, forwardingInit(request, headers)]
}

/** With an older `compatibility_date` workerd has no such property, and throws for the option. */
const CAN_AVOID_CACHE = 'cache' in Request.prototype

/**
 * Asks for a fresh answer in words of our own. workerd writes `Cache-Control: no-cache` into a request with `cache:
 * 'no-store'` and without this header, and `@fastify/static` then never answers 304. A client's own wish stays.
 */
function keepConditional(headers: Headers): void {
  if (!headers.has('cache-control') && !headers.has('pragma')) headers.set('cache-control', 'max-age=0')
}

/**
 * Omits `request.cf`: copying it costs more than copying all headers, and the origin never receives it. Only a GET or
 * HEAD with a body has to be made from the request itself, because the constructor accepts no body for these methods.
 *
 * Attack: the zone's cache lies behind the Worker and answers by URL, so one client's answer goes to every other client.
 * `cache: 'no-store'` goes around it. HEAD also stays HEAD, as it was signed: the cache would turn it into GET.
 */
function forwardingInit(request: Request, headers: Headers): RequestInit {
  const { method, body } = request
  const init = { headers, redirect: 'manual', cache: 'no-store' } as const
  if (body !== null && (method === 'GET' || method === 'HEAD')) return new Request(request, init)
  return { method, body, ...init }
}

const TOO_LARGE = [
  ['x-cert-too-large', 'Client-Cert is missing: Cloudflare does not forward a certificate above 10 KiB'],
  ['x-cert-chain-too-large', 'Client-Cert-Chain is missing: Cloudflare does not forward intermediates above 16 KiB'],
] as const

/** An origin that trusts a CA in PEM refuses these clients. The line lets the operator find their certificates. */
function warnTooLarge(request: Request, stamped: ReadonlyMap<string, string>): void {
  for (const [name, reason] of TOO_LARGE) {
    if (stamped.has(name)) logLine(request, { level: 'warn', reason })
  }
}

function requestTarget(request: Request, url: URL) {
  return { authority: url.host, method: request.method, path: url.pathname, query: url.search || '?' }
}
