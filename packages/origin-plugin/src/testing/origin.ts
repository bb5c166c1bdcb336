import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { expect } from 'vitest'
import { type CountersignErrorCode, type CountersignPluginOptions, countersign, countersignErrors } from '../index.ts'
import {
  certificateLines,
  type HeaderChanges,
  type HeaderLine,
  type IssuedCert,
  noCertificateLines,
} from './header-lines.ts'
import { type RawAnswer, type RawRequest, sendRaw } from './raw-client.ts'
import { type EdgeKeyPair, type Signing, signLines, tokenLine } from './sign-lines.ts'

export interface OriginOptions {
  readonly plugin: CountersignPluginOptions
  readonly fastify?: FastifyServerOptions
  /** Declares routes behind the registration; by default `/me`, `/public` and `/ops`. */
  readonly routes?: (app: FastifyInstance) => unknown
}

/** What the test edge is to send. */
export interface EdgeRequest extends Omit<RawRequest, 'lines'>, Omit<Partial<Signing>, 'key' | 'method' | 'target'> {
  /** `null` for a client without a certificate. */
  readonly cert?: IssuedCert | null
  readonly token?: string
  readonly changes?: HeaderChanges
  /** The key; `null` leaves the request unsigned. */
  readonly key?: EdgeKeyPair | null
  /** The target that is signed, where another one is sent. */
  readonly signedTarget?: string
  /** Changes the lines after they were signed. */
  readonly tamper?: (lines: readonly HeaderLine[]) => readonly HeaderLine[]
}

export interface TestOrigin {
  readonly app: FastifyInstance
  readonly port: number
  /** Every log line, parsed. */
  readonly log: { readonly [name: string]: unknown }[]
  /** Sends exact lines. */
  send(request: RawRequest): Promise<RawAnswer>
  /** Sends what the edge would send. */
  get(target: string, request?: EdgeRequest): Promise<RawAnswer>
  close(): Promise<void>
}

/** Collects pino's lines, parsed. */
export function logStream(log: { readonly [name: string]: unknown }[]): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      for (const line of String(chunk).trim().split('\n')) log.push(JSON.parse(line))
      done()
    },
  })
}

/** A real Fastify server on a real socket. */
export async function startOrigin(
  { plugin, fastify, routes = usualRoutes }: OriginOptions,
  usual: Pick<EdgeRequest, 'cert' | 'token' | 'key'> = {},
): Promise<TestOrigin> {
  const log: TestOrigin['log'] = []
  const app = Fastify({
    logger: { level: 'info', stream: logStream(log) },
    ...fastify,
  } as FastifyServerOptions) as FastifyInstance
  await app.register(countersign, plugin)
  await routes(app)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const send = (request: RawRequest) => sendRaw(port, request)
  return {
    app,
    port,
    log,
    send,
    get: (target, request = {}) => send({ ...request, target, lines: edgeLines(target, { ...usual, ...request }) }),
    close: () => app.close(),
  }
}

/** The header lines that the edge would send. */
export function edgeLines(target: string, request: EdgeRequest): readonly HeaderLine[] {
  const { cert = null, token, changes, key, tamper = (lines) => lines, signedTarget = target, ...signing } = request
  const lines = cert ? certificateLines(cert, changes) : noCertificateLines(changes)
  if (token !== undefined) lines.unshift(tokenLine(token))
  return tamper(key ? signLines(lines, { ...signing, key, target: signedTarget }) : lines)
}

function usualRoutes(app: FastifyInstance): void {
  app.get('/me', (request) => ({ subject: String(request.clientCert?.subject), access: request.access }))
  app.get('/public', { config: { clientCert: false } }, (request) => ({
    clientCert: request.clientCert,
    access: request.access,
  }))
  app.get('/ops', { config: { clientCert: { subject: { OU: 'Ops' } } } }, () => ({ ops: true }))
}

/**
 * Expects a refusal: status and code in the answer, the reason in the log alone, and no secret in either.
 *
 * @param secrets - texts that must appear nowhere: the token, the key, the signature
 */
export function expectRefusal(
  origin: TestOrigin,
  answer: RawAnswer,
  code: CountersignErrorCode,
  reason: string | RegExp,
  secrets: readonly string[] = [],
): void {
  const { statusCode, message } = countersignErrors.get(code) as { statusCode: number; message: string }
  expect(answer.body).toMatchObject({ code, statusCode, message })
  expect(answer.status).toBe(statusCode)
  const line = origin.log.findLast((each) => each.code === code && each.level === 40)
  expect(line).toMatchObject({ code, statusCode, msg: 'countersign: request refused' })
  if (typeof reason === 'string') expect(line?.reason).toBe(reason)
  else expect(line?.reason).toMatch(reason)
  expect(answer.text).not.toContain(line?.reason)
  const everything = JSON.stringify(origin.log) + answer.text
  for (const secret of secrets) expect(everything).not.toContain(secret)
}
