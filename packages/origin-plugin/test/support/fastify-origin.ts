import type { AddressInfo } from 'node:net'
import { lineStream } from '@countersign/test-support/line-stream'
import { type RawAnswer, sendRaw } from '@countersign/test-support/raw-http'
import { formatRequest, type HeaderLine } from '@countersign/test-support/wire-request'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { type CountersignPluginOptions, countersign } from '../../src/index.ts'
import { AUTHORITY, type EdgeRequest, edgeLines } from './edge-lines.ts'

/** Options of {@link startFastifyOrigin}. */
export interface FastifyOriginOptions {
  readonly plugin: CountersignPluginOptions
  readonly fastify?: FastifyServerOptions
  /** Declares routes after the registration. By default these are `/me`, `/public` and `/ops`. */
  readonly routes?: (app: FastifyInstance) => unknown
}

/** A request around the test edge: its lines are sent as they are. */
export interface DirectRequest {
  readonly target: string
  readonly method?: string
  readonly host?: string
  readonly lines?: readonly HeaderLine[]
  /** The header `Connection`. The default is `close`, so that the answer has an end. */
  readonly connection?: string
}

/** An origin with the plugin, on a socket. */
export interface FastifyOrigin {
  readonly app: FastifyInstance
  /** Every log line, parsed. */
  readonly log: { readonly [name: string]: unknown }[]
  /** Sends exact lines. */
  send(request: DirectRequest): Promise<RawAnswer>
  /** Sends the request that the edge would send. */
  get(target: string, request?: EdgeRequest & Pick<DirectRequest, 'host'>): Promise<RawAnswer>
  close(): Promise<void>
}

/** Starts a Fastify server with the plugin on a real socket. */
export async function startFastifyOrigin(
  { plugin, fastify, routes = usualRoutes }: FastifyOriginOptions,
  usual: Pick<EdgeRequest, 'cert' | 'token' | 'key'> = {},
): Promise<FastifyOrigin> {
  const log: FastifyOrigin['log'] = []
  const app = Fastify({
    logger: { level: 'info', stream: lineStream((line) => log.push(JSON.parse(line))) },
    ...fastify,
  } as FastifyServerOptions) as FastifyInstance
  await app.register(countersign, plugin)
  await routes(app)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const send = (request: DirectRequest) => sendRaw(port, formatDirect(request))
  return {
    app,
    log,
    send,
    get: (target, request = {}) => send({ ...request, target, lines: edgeLines(target, { ...usual, ...request }) }),
    close: () => app.close(),
  }
}

/** The bytes of a request around the edge. */
export function formatDirect({
  target,
  method = 'GET',
  host = AUTHORITY,
  lines = [],
  connection,
}: DirectRequest): string {
  return formatRequest({ method, target, headers: ['Host', host, ...lines.flat()] }, connection)
}

function usualRoutes(app: FastifyInstance): void {
  app.get('/me', (request) => ({ subject: String(request.clientCert?.subject), access: request.access }))
  app.get('/public', { config: { clientCert: false } }, (request) => ({
    clientCert: request.clientCert,
    access: request.access,
  }))
  app.get('/ops', { config: { clientCert: { subject: { OU: 'Ops' } } } }, () => ({ ops: true }))
}
