import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http'
import { createDevEdge, type DevEdge, type DevEdgeOptions } from '@countersign/dev-edge'
import countersign, { type CountersignPluginOptions, clientCertOf } from '@countersign/origin-plugin'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { lineStream } from '@countersign/test-support/line-stream'
import { onFreePort } from '@countersign/test-support/local-server'
import { codeOf, type RawAnswer, sendRaw } from '@countersign/test-support/raw-http'
import { type SignatureOverrides, signAsWorker } from '@countersign/test-support/sign-as-worker'
import { formatRequest, type WireRequest } from '@countersign/test-support/wire-request'
import type { SigningJwk } from '@countersign/wire'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'

/** What differs from the usual chain. */
export interface ChainOptions {
  readonly edge?: Partial<DevEdgeOptions>
  readonly plugin?: (edge: DevEdge) => Partial<CountersignPluginOptions>
  readonly fastify?: FastifyServerOptions & { readonly http?: ServerOptions }
  /** The plugin of another release. */
  readonly countersign?: typeof countersign
  /** Routes in place of the usual ones. */
  readonly routes?: (app: FastifyInstance) => void
}

/** An answer, with or without the edge in between. */
export type ChainAnswer = Pick<RawAnswer, 'status' | 'code' | 'body'>

type Sent = Parameters<DevEdge['fetch']>[1]

/** The whole chain, running: a real edge with mTLS, the real Worker in workerd, a real Fastify origin on a socket. */
export interface Chain {
  readonly edge: DevEdge
  readonly app: FastifyInstance
  /** The origin's port, for requests around the edge. */
  readonly originPort: number
  /** The key that the Worker signs with. */
  readonly key: SigningJwk
  /** Everything that the origin logged, a JSON line each. */
  readonly log: readonly string[]
  /** A request through the edge. */
  through(path: string, options?: Sent): Promise<ChainAnswer>
  /** The request that the Worker would send to the origin, held back: its nonce is not spent. */
  capture(path: string, options?: Sent): Promise<WireRequest>
  /** A request around the edge, straight to the origin. */
  around(request: WireRequest): Promise<ChainAnswer>
  /** The request with a fresh signature, by the Worker's key unless the changes say otherwise. */
  sign(request: WireRequest, changes?: SignatureOverrides): WireRequest
  /** The reason that the origin logged for its latest refusal. */
  lastReason(): string | undefined
  close(): Promise<void>
}

/** Starts the chain, again when somebody took the origin's port in between. By default it has a public route, one for any certificate, and one for the subject alice. */
export function startChain(options: ChainOptions = {}): Promise<Chain> {
  return onFreePort((originPort) => startChainOn(originPort, options))
}

async function startChainOn(
  originPort: number,
  { edge: edgeOptions, plugin, fastify, routes = usualRoutes, ...chosen }: ChainOptions,
): Promise<Chain> {
  const key = edgeOptions?.key ?? hmacKey('test').privateJwk
  const origin = `http://127.0.0.1:${originPort}`
  const hasWorker = (edgeOptions?.headers ?? 'worker') === 'worker'
  const edge = await createDevEdge({ origin, ...edgeOptions, ...(hasWorker && { key }) })
  const log: string[] = []
  const app = Fastify({ logger: { level: 'info', stream: lineStream((line) => log.push(line)) }, ...fastify })
  await app.register(chosen.countersign ?? countersign, {
    edge: { keys: edge.keys, hosts: edge.hosts },
    access: edge.access,
    trustedIssuers: [edge.clientCa, { dn: 'CN=Acme Branch CA,O=Acme' }],
    ...plugin?.(edge),
  })
  routes(app)
  try {
    await app.listen({ host: '127.0.0.1', port: originPort })
  } catch (error) {
    await edge.close()
    throw error
  }

  return {
    edge,
    app,
    originPort,
    key,
    log,
    async through(path, options) {
      const { status, body } = await edge.fetch(path, options)
      return { status, body, code: codeOf(body) }
    },
    async capture(path, options) {
      const captured = holdBack(app)
      await edge.fetch(path, options)
      return captured
    },
    around: (request) => sendRaw(originPort, formatRequest(request)),
    sign: (request, changes) => signAsWorker(request, key, changes),
    lastReason: () =>
      log.map((line) => JSON.parse(line) as { reason?: string }).findLast(({ reason }) => reason)?.reason,
    async close() {
      await edge.close()
      await app.close()
    },
  }
}

/** The routes that most threats are tried on. */
export function usualRoutes(app: FastifyInstance): void {
  app.get('/healthz', { config: { clientCert: false } }, (request) => ({ clientCert: request.clientCert }))
  app.all('/me', (request) => ({ subject: clientCertOf(request).subject }))
  app.get('/alice', { config: { clientCert: { subject: { CN: 'alice' } } } }, () => 'for alice alone')
}

/** Stands in for Fastify for one request, and keeps it from being answered for real. */
function holdBack({ server }: FastifyInstance): Promise<WireRequest> {
  const listeners = server.listeners('request') as ((...args: unknown[]) => void)[]
  server.removeAllListeners('request')
  return new Promise((resolve) => {
    server.once('request', ({ method = '', url = '', rawHeaders }: IncomingMessage, response: ServerResponse) => {
      for (const listener of listeners) server.on('request', listener)
      response.end()
      resolve({ method, target: url, headers: rawHeaders })
    })
  })
}
