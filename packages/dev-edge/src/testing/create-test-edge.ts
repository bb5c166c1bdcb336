import type { HeaderSourceName } from '@countersign/origin-plugin'
import type { SignatureAlgorithm, SigningJwk } from '@countersign/wire'
import type { LightMyRequestResponse } from 'fastify'
import type { JSONWebKeySet } from 'jose'
import { AccessIssuer } from '../access/access-issuer.ts'
import { checkHeaders } from '../check-headers.ts'
import type { TransformSource } from '../edge/transform-headers.ts'
import { namesOf, refuseUnknown } from '../known-names.ts'
import { requireSupportedNode } from '../old-node.ts'
import type { DevClient } from '../pki/dev-client.ts'
import { createEdgeKey, toVerificationKey } from '../pki/edge-key.ts'
import { createPki } from '../pki/pki.ts'
import { checkForwardCert } from '../workerd/worker-runtime.ts'
import { type InjectableApp, injectRequest } from './inject-request.ts'
import { signRequest, transformRequest } from './sign-request.ts'
import { type TestAccess, TestAccessTokens } from './test-access.ts'
import { type TestCertificate, TestClients } from './test-clients.ts'
import { REQUEST, type TestInjectOptions, type TestRequest } from './test-request.ts'

/**
 * Options of {@link createTestEdge}.
 *
 * @example
 * ```ts
 * const edge = await createTestEdge({ access: null, alg: 'ed25519' } satisfies TestEdgeOptions)
 * ```
 */
export interface TestEdgeOptions {
  /**
   * The sender of the certificate headers, as the origin's option `source`. The default is `worker`. With `rfc9440` and
   * `cf-cert` there is no Worker: its options `alg` and `forwardCert` are errors, and so is `access: null`.
   */
  readonly headers?: HeaderSourceName | undefined
  /** The algorithm of the Worker's signature. The default is `hmac-sha256`. */
  readonly alg?: SignatureAlgorithm | undefined
  /** `null` for an origin without Access (API Shield). By default there is a team, and every request has a token. */
  readonly access?: null | undefined
  /** The Worker's `COUNTERSIGN_FORWARD_CERT`. The default is `leaf`. */
  readonly forwardCert?: 'leaf' | 'chain' | 'none' | undefined
  /** The host of requests whose `url` is a path, and the origin's `edge.hosts`. The default is `localhost`. */
  readonly hostname?: string | undefined
}

const OPTIONS = namesOf<TestEdgeOptions>({ headers: true, alg: true, access: true, forwardCert: true, hostname: true })

/**
 * Options of the origin plugin, ready to spread.
 *
 * @example
 * ```ts
 * const plugin: TestPluginOptions = edge.options
 * ```
 */
export interface TestPluginOptions {
  readonly edge: { readonly keys: readonly SigningJwk[]; readonly hosts: readonly string[] }
  readonly access: { readonly issuer: string; readonly audience: string; readonly jwks: JSONWebKeySet } | null
  /** The PEM of the CA that issues the clients. */
  readonly trustedIssuers: readonly string[]
}

/**
 * Options of the origin plugin for a zone without a Worker, ready to spread.
 *
 * @example
 * ```ts
 * const { options } = await createTestEdge({ headers: 'rfc9440' })
 * const { source, trustedIssuers }: UnsignedPluginOptions = options
 * ```
 */
export interface UnsignedPluginOptions {
  readonly source: TransformSource
  readonly edge: null
  readonly access: NonNullable<TestPluginOptions['access']>
  readonly trustedIssuers: readonly (string | { readonly ca: string; readonly byName: true })[]
}

/**
 * An edge for tests, returned by {@link createTestEdge}.
 *
 * @example
 * ```ts
 * const response = await edge.inject(app, { url: '/pay', cert: { subject: 'CN=pay-1,O=Acme' } })
 * ```
 */
export interface TestEdge<Options = TestPluginOptions> {
  /** The plugin's options: `app.register(countersign, { ...edge.options, policies })`. */
  readonly options: Options

  /**
   * Builds the headers with which a request would reach the origin, signed for this method, host, path and query.
   *
   * Each call signs again, because the origin accepts every set of headers once.
   *
   * @returns all headers of the request, with names in lower case and with `host`
   * @throws SyntaxError if `cert.subject` is not a distinguished name
   * @throws TypeError if another option is wrong
   * @example
   * ```ts
   * const headers = await edge.headers({ url: '/pay', cert: { subject: 'CN=pay-1,O=Acme' } })
   * const response = await app.inject({ url: '/pay', headers })
   * ```
   */
  headers(request: TestRequest): Promise<Record<string, string>>

  /**
   * Sends a request through `app.inject()` with the headers that {@link TestEdge.headers} builds.
   *
   * @example
   * ```ts
   * const response = await edge.inject(app, { method: 'POST', url: '/pay', payload: { amount: 1 }, cert: { subject: 'CN=pay-1,O=Acme' } })
   * ```
   */
  inject(app: InjectableApp, options: TestInjectOptions): Promise<LightMyRequestResponse>

  /**
   * Issues a client, and returns the same client for the same description. Use it in tests that need a fingerprint or a
   * serial number.
   */
  issueClient(certificate?: TestCertificate): Promise<DevClient>
}

/**
 * Creates an edge for tests of an origin's routes. It signs headers for `app.inject()` as Cloudflare and the Worker
 * would send them.
 *
 * The certificates are issued and verified for real, the tokens are signed, and the Worker's own code writes and signs
 * the headers. All of it happens in this process and in memory. The edge does not listen or fetch, and needs no close.
 *
 * @throws TypeError if an option is wrong. The message tells the caller which value to write.
 * @example
 * ```ts
 * const edge = await createTestEdge()
 * await app.register(countersign, { ...edge.options })
 * const response = await edge.inject(app, { url: '/pay', cert: { subject: 'CN=pay-1,O=Acme' } })
 * ```
 */
export async function createTestEdge(
  options: TestEdgeOptions & { readonly headers: TransformSource },
): Promise<TestEdge<UnsignedPluginOptions>>
export async function createTestEdge(
  options?: TestEdgeOptions & { readonly headers?: 'worker' | undefined },
): Promise<TestEdge>
export async function createTestEdge(
  options: TestEdgeOptions = {},
): Promise<TestEdge<TestPluginOptions | UnsignedPluginOptions>> {
  requireSupportedNode()
  refuseUnknown(options, OPTIONS)
  const source = checkHeaders(options, OPTIONS_OF_THE_WORKER)
  requireAccess(options.access, source)
  const { alg = 'hmac-sha256', access: team, forwardCert, hostname = 'localhost' } = options
  if (!['hmac-sha256', 'ed25519'].includes(alg)) throw new TypeError('alg must be "hmac-sha256" or "ed25519"')
  if (team !== undefined && team !== null) throw new TypeError('access must be null or absent')
  checkForwardCert(forwardCert)
  if (URL.parse(`https://${hostname}`)?.host !== hostname) {
    throw new TypeError('hostname must be a host name in lower case, without https:// and path: "app.example.com"')
  }
  const key = createEdgeKey(alg)
  const [pki, issuer] = await Promise.all([createPki('localhost'), team === null ? null : AccessIssuer.create()])
  const clients = new TestClients(pki)
  const tokens = issuer && new TestAccessTokens(issuer)

  const sign = async ({ method = 'GET', url, headers = {}, cert = null, access }: TestRequest) => {
    const { tlsClientAuth, certificate } = await clients.see(cert === null ? undefined : await toClient(cert, clients))
    const accessToken = await tokenFor(tokens, access, certificate)
    const [request, view] = [
      { method, url, headers, hostname },
      { tlsClientAuth, accessToken },
    ]
    return source === 'worker'
      ? signRequest(request, view, { key, forwardCert })
      : transformRequest(request, view, source)
  }
  const described = issuer && describeTeam(issuer)
  const signed: TestPluginOptions = {
    edge: { keys: [toVerificationKey(key)], hosts: [hostname] },
    access: described,
    trustedIssuers: [clients.clientCa],
  }
  return {
    options: source === 'worker' || !described ? signed : unsignedOptions(source, described, clients.clientCa),
    headers: async (request) => {
      refuseUnknown(request, REQUEST)
      return (await sign(request)).headers
    },
    inject: (app, injected) => injectRequest(app, injected, sign),
    issueClient: (certificate = {}) => clients.issue(certificate),
  }
}

const OPTIONS_OF_THE_WORKER = ['alg', 'forwardCert'] as const

function requireAccess(access: null | undefined, headers: HeaderSourceName): void {
  if (headers === 'worker' || access !== null) return
  throw new TypeError(`access must not be null with headers: "${headers}"; remove it, because the origin needs access`)
}

function unsignedOptions(
  source: TransformSource,
  access: NonNullable<TestPluginOptions['access']>,
  ca: string,
): UnsignedPluginOptions {
  return { source, edge: null, access, trustedIssuers: source === 'cf-cert' ? [{ ca, byName: true }] : [ca] }
}

async function toClient(cert: DevClient | TestCertificate, clients: TestClients): Promise<DevClient> {
  if (typeof cert !== 'object') {
    throw new TypeError(
      "cert must be a description such as { subject: 'CN=pay-1,O=Acme' }, or a client that was issued",
    )
  }
  return 'cert' in cert ? cert : clients.issue(cert)
}

async function tokenFor(
  tokens: TestAccessTokens | null,
  access: TestAccess | undefined,
  certificate: Parameters<TestAccessTokens['tokenFor']>[1],
): Promise<string | undefined> {
  if (tokens) return tokens.tokenFor(access === undefined ? 'user' : access, certificate)
  if (access) throw new TypeError('access must be absent; this edge was created with access: null and has no tokens')
  return undefined
}

function describeTeam(issuer: AccessIssuer): NonNullable<TestPluginOptions['access']> {
  return { issuer: issuer.issuer, audience: issuer.audience, jwks: { keys: [...issuer.certs().keys] } }
}
