import type { IncomingMessage, ServerResponse } from 'node:http'
import { cpuUsage } from 'node:process'
import type { SigningJwk } from '@countersign/wire'
import type { FastifyInstance } from 'fastify'
import { AUTHORITY, createSigner } from '../lib/signed-lines.ts'

/** The fields of one request: certificate headers and Access token, by name in lower case. */
export type Fields = readonly (readonly [name: string, value: string])[]

/** The other headers of a request through Cloudflare. */
const OTHERS = ['cf-ray', '8c0ffee', 'cf-connecting-ip', '192.0.2.1', 'x-forwarded-proto', 'https', 'accept', '*/*']

/** Makes requests as Node's parser would: every string is new, and every signature has its own nonce. */
export function createRequests(key: SigningJwk, path: string) {
  const sign = createSigner(key, path)
  return (fields: Fields): IncomingMessage => {
    const [signatureInput, signature] = sign(fields)
    const signed = ['signature-input', signatureInput, 'signature', signature]
    return message([...OTHERS, 'host', AUTHORITY, ...fields.flat(), ...signed].map(fresh), path)
  }
}

const fresh = (text: string) => Buffer.from(text, 'latin1').toString('latin1')

function message(rawHeaders: string[], url: string): IncomingMessage {
  const headers: Record<string, string> = {}
  for (let at = 0; at < rawHeaders.length; at += 2) headers[rawHeaders[at] as string] = rawHeaders[at + 1] as string
  const request = {
    method: 'GET',
    url,
    httpVersionMajor: 1,
    rawHeaders,
    headers,
    socket: { remoteAddress: '127.0.0.1' },
  }
  return Object.assign(request, { on: () => request, once: () => request }) as unknown as IncomingMessage
}

/**
 * Lets an app answer requests without a socket. Fastify passes `app.routing` to `node:http` as its listener.
 *
 * @returns microseconds of CPU time a request, all threads
 * @throws Error when the status of an answer is not 200
 */
export async function answer(app: FastifyInstance, requests: readonly IncomingMessage[]): Promise<number> {
  const before = cpuUsage()
  const statuses = await Promise.all(
    requests.map(
      (request) => new Promise<number>((resolve) => app.routing(request, response(resolve) as ServerResponse)),
    ),
  )
  const { user, system } = cpuUsage(before)
  const refused = statuses.find((status) => status !== 200)
  if (refused !== undefined) throw new Error(`a request was answered with ${refused}`)
  return (user + system) / requests.length
}

function response(ended: (status: number) => void): unknown {
  // Fastify writes a line of its log when the answer is finished.
  const finished: (() => void)[] = []
  const on = (event: string, listener: () => void) => {
    if (event === 'finish') finished.push(listener)
    return self
  }
  const self = {
    statusCode: 200,
    headersSent: false,
    on,
    once: on,
    removeListener: () => self,
    setHeader: () => self,
    getHeader: () => undefined,
    hasHeader: () => false,
    removeHeader: () => {},
    writeHead(status: number) {
      self.statusCode = status
      return self
    },
    end() {
      for (const listener of finished) listener()
      ended(self.statusCode)
    },
  }
  return self
}
