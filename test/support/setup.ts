import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestEdge, type TestEdge, type TestRequest } from '@countersign/dev-edge/testing'
import type { CountersignPluginOptions } from '@countersign/origin-plugin'
import { codeOf } from '@countersign/test-support/raw-http'
import { onTestFinished } from 'vitest'

/** A request of a client through the edge, or around it. */
export interface SetupRequest extends Omit<TestRequest, 'url'> {
  /** `false` sends the request as it is, without the headers of the edge. */
  readonly signed?: boolean
  readonly payload?: string | Buffer
  /** The client's address, such as `127.0.0.2`. The default is `127.0.0.1`. */
  readonly from?: string
  /** The text of `CF-Connecting-IP`, in place of the address that the edge writes. */
  readonly connecting?: string
}

export interface SetupAnswer {
  readonly status: number
  readonly code: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** An origin with a plugin of Fastify, on a socket. */
export interface Setup<AppType = unknown> {
  readonly app: AppType
  readonly edge: TestEdge
  readonly port: number
  /** Sends a request, by default with a certificate of Ops. */
  send(url: string, request?: SetupRequest): Promise<SetupAnswer>
  /** The statuses without a certificate, with one of another department, and with one of Ops. */
  statuses(url: string, request?: SetupRequest): Promise<number[]>
}

/** An application of any type parameters. */
interface App {
  listen(options: { readonly host: string; readonly port: number }): Promise<string>
  readonly server: { address(): string | AddressInfo | null }
  close(): PromiseLike<unknown>
}

/** The certificate of a client that has the policy `ops`. */
export const OPS = { subject: 'CN=pay-1,OU=Ops,O=Acme' }
/** The certificate of a client that has not. */
export const SALES = { subject: 'CN=pay-2,OU=Sales,O=Acme' }

let shared: Promise<TestEdge> | undefined

/**
 * Starts an origin for one test, and closes it at the end of the test.
 *
 * @param build - makes the application with the plugin's options, which have the policy `ops`
 */
export async function startSetup<AppType extends App>(
  build: (options: CountersignPluginOptions) => Promise<AppType>,
): Promise<Setup<AppType>> {
  shared ??= createTestEdge()
  const edge = await shared
  const app = await build({ ...edge.options, policies: { ops: { subject: { OU: 'Ops' } } } })
  onTestFinished(() => void app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo

  async function send(
    url: string,
    { signed = true, payload, from, connecting, ...rest }: SetupRequest = {},
  ): Promise<SetupAnswer> {
    const sent = signed ? await edge.headers({ cert: OPS, ...rest, url }) : { host: 'localhost', ...rest.headers }
    const headers = { ...sent, ...(connecting !== undefined && { 'cf-connecting-ip': connecting }) }
    const method = rest.method ?? 'GET'
    return exchange(port, url, { method, headers: headers as OutgoingHttpHeaders, payload, localAddress: from })
  }

  async function statuses(url: string, request?: SetupRequest): Promise<number[]> {
    const answers = [null, SALES, OPS].map((cert) => send(url, { ...request, cert }))
    return (await Promise.all(answers)).map(({ status }) => status)
  }
  return { app, edge, port, send, statuses }
}

/** One request on a connection of its own. Each line of a header is sent as it is. */
async function exchange(
  port: number,
  path: string,
  {
    payload,
    ...options
  }: {
    readonly method: string
    readonly headers: OutgoingHttpHeaders
    readonly payload: string | Buffer | undefined
    readonly localAddress: string | undefined
  },
): Promise<SetupAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<SetupAnswer>()
  const outgoing = request({ host: '127.0.0.1', port, path, ...options, agent: false }, async (incoming) => {
    const body = Buffer.concat(await incoming.toArray()).toString()
    resolve({ status: incoming.statusCode ?? 0, code: codeOf(body), headers: incoming.headers, body })
  })
  outgoing.on('error', reject)
  outgoing.end(payload)
  return await promise
}
