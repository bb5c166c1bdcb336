import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { DevClient, DevEdge } from '@countersign/dev-edge'
import type { FastifyInstance } from 'fastify'
import { DASHBOARD } from './app.ts'

/** The status and the body of an answer. The table shows nothing else. */
export interface Answer {
  readonly status: number
  readonly body: string
}

/** A request as the Worker sent it to the origin. */
interface Captured {
  readonly url: string
  readonly rawHeaders: string[]
}

/** One request to send, and the expected answer. */
export interface Attempt {
  readonly request: string
  readonly presented: string
  readonly expect: readonly [status: number, code: string]
  readonly send: () => Promise<Answer>
}

/**
 * Lists good requests and bad ones. Each goes over real connections.
 *
 * @param edge - the local edge, in front of the origin
 * @param app - the origin, listening
 * @param lost - a client whose certificate is on the CA's revocation list
 */
export function listAttempts(edge: DevEdge, app: FastifyInstance, lost: DevClient): Attempt[] {
  const { alice, bob, rsa, branch, expired, notYetValid, selfSigned, otherCa, otherBranch } = edge.clients
  const through = (path: string, client?: DevClient, headers: Record<string, string> = {}) => {
    return () => edge.fetch(path, { client, headers })
  }
  const token = (which: string) => ({ 'Countersign-Dev-Access': which })

  return [
    {
      request: 'GET /healthz',
      presented: 'nothing; the route is public',
      expect: [200, ''],
      send: through('/healthz'),
    },
    {
      request: 'GET /me',
      presented: 'a good certificate (alice, P-256)',
      expect: [200, ''],
      send: through('/me', alice),
    },
    { request: 'GET /me', presented: 'a good certificate (RSA)', expect: [200, ''], send: through('/me', rsa) },
    { request: 'GET /me', presented: 'no certificate', expect: [401, 'CSN_CERT_MISSING'], send: through('/me') },
    {
      request: 'GET /me',
      presented: 'a certificate of another CA',
      expect: [403, 'CSN_CERT_UNVERIFIED'],
      send: through('/me', otherCa),
    },
    {
      request: 'GET /me',
      presented: 'a self-signed certificate',
      expect: [403, 'CSN_CERT_UNVERIFIED'],
      send: through('/me', selfSigned),
    },
    {
      request: 'GET /me',
      presented: 'an expired certificate',
      expect: [403, 'CSN_CERT_EXPIRED'],
      send: through('/me', expired),
    },
    {
      request: 'GET /me',
      presented: 'a certificate not yet valid',
      expect: [403, 'CSN_CERT_EXPIRED'],
      send: through('/me', notYetValid),
    },
    {
      request: 'GET /me',
      presented: "a certificate on the CA's revocation list",
      expect: [403, 'CSN_CERT_REVOKED'],
      send: through('/me', lost),
    },
    { request: 'GET /pay', presented: 'alice, named by the route', expect: [200, ''], send: through('/pay', alice) },
    {
      request: 'GET /pay',
      presented: 'bob: wrong subject',
      expect: [403, 'CSN_CERT_FORBIDDEN'],
      send: through('/pay', bob),
    },
    {
      request: 'GET /branch',
      presented: 'a chain: branch, its CA, and the root',
      expect: [200, ''],
      send: through('/branch', branch),
    },
    {
      request: 'GET /branch',
      presented: 'a chain to another root',
      expect: [403, 'CSN_CERT_UNVERIFIED'],
      send: through('/branch', otherBranch),
    },
    {
      request: 'GET /branch',
      presented: 'alice: wrong issuer',
      expect: [403, 'CSN_CERT_FORBIDDEN'],
      send: through('/branch', alice),
    },
    { request: 'GET /ops', presented: 'alice, by the policy "ops"', expect: [200, ''], send: through('/ops', alice) },
    {
      request: 'GET /ops',
      presented: 'bob: not of the policy "ops"',
      expect: [403, 'CSN_CERT_FORBIDDEN'],
      send: through('/ops', bob),
    },
    { request: 'GET /login', presented: 'no certificate; it is optional', expect: [200, ''], send: through('/login') },
    {
      request: 'GET /login',
      presented: 'alice, by the optional policy',
      expect: [200, ''],
      send: through('/login', alice),
    },
    {
      request: 'GET /login',
      presented: 'bob: not of the optional policy',
      expect: [403, 'CSN_CERT_FORBIDDEN'],
      send: through('/login', bob),
    },
    {
      request: 'GET /login',
      presented: 'a self-signed certificate is not none',
      expect: [403, 'CSN_CERT_UNVERIFIED'],
      send: through('/login', selfSigned),
    },
    {
      request: 'GET /payroll.csv',
      presented: 'alice: a URL that Cloudflare caches by default',
      expect: [200, ''],
      send: through('/payroll.csv', alice),
    },
    {
      request: 'GET /payroll.csv',
      presented: "bob, after alice's answer",
      expect: [403, 'CSN_CERT_FORBIDDEN'],
      send: through('/payroll.csv', bob),
    },
    {
      request: 'GET /payroll.csv',
      presented: "no certificate, after alice's answer",
      expect: [401, 'CSN_CERT_MISSING'],
      send: through('/payroll.csv'),
    },
    {
      request: 'OPTIONS /ops',
      presented: "a browser's preflight: no certificate, no token",
      expect: [204, ''],
      send: () => edge.fetch('/ops', { method: 'OPTIONS', headers: { ...preflight, ...token('none') } }),
    },
    {
      request: 'GET /ops',
      presented: 'no certificate, after the preflight',
      expect: [401, 'CSN_CERT_MISSING'],
      send: through('/ops', undefined, { Origin: DASHBOARD }),
    },
    {
      request: 'GET /pay',
      presented: 'bob, with forged X-CERT-* headers that name alice',
      expect: [403, 'CSN_CERT_FORBIDDEN'],
      send: through('/pay', bob, forgedHeaders),
    },
    {
      request: 'GET /pay, straight to the origin',
      presented: 'a valid Access token and forged X-CERT-* headers',
      expect: [401, 'CSN_SIGNATURE_MISSING'],
      send: async () => send(app, '/pay', { ...forgedHeaders, 'Cf-Access-Jwt-Assertion': await edge.accessToken() }),
    },
    {
      request: 'GET /me, straight to the origin',
      presented: 'a captured signed request, replayed',
      expect: [401, 'CSN_SIGNATURE_REPLAYED'],
      send: async () => replay(app, await capture(app, through('/me', alice)), '/me'),
    },
    {
      request: 'GET /ops, straight to the origin',
      presented: 'the signature of a request for /me',
      expect: [401, 'CSN_SIGNATURE_INVALID'],
      send: async () => replay(app, await capture(app, through('/me', alice)), '/ops'),
    },
    {
      request: 'GET /me',
      presented: 'an expired Access token',
      expect: [401, 'CSN_ACCESS_TOKEN_EXPIRED'],
      send: through('/me', alice, token('expired')),
    },
    {
      request: 'GET /me',
      presented: 'an Access token of another audience',
      expect: [401, 'CSN_ACCESS_TOKEN_INVALID'],
      send: through('/me', alice, token('other-audience')),
    },
    {
      request: 'GET /me',
      presented: 'no Access token',
      expect: [401, 'CSN_ACCESS_TOKEN_MISSING'],
      send: through('/me', alice, token('none')),
    },
    {
      request: 'GET /me',
      presented: "a token that names alice's certificate, with alice's",
      expect: [200, ''],
      send: through('/me', alice, token('certificate')),
    },
    {
      request: 'GET /nowhere',
      presented: 'no certificate: a 404 would reveal that nothing is there',
      expect: [401, 'CSN_CERT_MISSING'],
      send: through('/nowhere'),
    },
    { request: 'GET /nowhere', presented: 'a good certificate', expect: [404, ''], send: through('/nowhere', alice) },
  ]
}

/** The headers of a browser that asks whether a page of the dashboard may send a GET. */
const preflight = { Origin: DASHBOARD, 'Access-Control-Request-Method': 'GET' }

/** Forged headers that name alice. */
const forgedHeaders = {
  'X-CERT-PRESENTED': '1',
  'X-CERT-VERIFY': 'SUCCESS',
  'X-CERT-REVOKED': '0',
  'X-CERT-SUBJECT-DN': 'CN=alice,OU=Ops,O=Acme,C=US',
  'X-CERT-ISSUER-DN': 'CN=Acme Client CA,O=Acme',
}

/** Sends a request through the edge, and returns it as the origin received it. */
async function capture(app: FastifyInstance, sendThroughEdge: () => Promise<Answer>): Promise<Captured> {
  const received = new Promise<Captured>((resolve) => {
    app.server.once('request', ({ url = '', rawHeaders }: IncomingMessage) => resolve({ url, rawHeaders }))
  })
  await sendThroughEdge()
  return received
}

function replay(app: FastifyInstance, captured: Captured, path: string): Promise<Answer> {
  return send(app, path, captured.rawHeaders)
}

/** Sends a request straight to the origin, around the edge. */
function send(app: FastifyInstance, path: string, headers: string[] | OutgoingHttpHeaders): Promise<Answer> {
  const { port } = app.server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers }, async (response) => {
      resolve({ status: response.statusCode ?? 0, body: await text(response) })
    })
      .on('error', reject)
      .end()
  })
}
