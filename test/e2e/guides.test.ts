import { randomBytes, X509Certificate } from 'node:crypto'
import { createServer, request, type Server } from 'node:http'
import { request as requestOverTls } from 'node:https'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createDevEdge, type DevClient, type DevEdge } from '@countersign/dev-edge'
import { codeOf } from '@countersign/test-support/raw-http'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildDeviceOrigin, type Device } from '../../examples/guides/device-origin.ts'
import { buildHeaderOrigin } from '../../examples/guides/header-origin.ts'
import { buildOpsOrigin } from '../../examples/guides/ops-origin.ts'
import { buildProvenHeaderOrigin } from '../../examples/guides/proven-header-origin.ts'
import { buildProvenTokenOrigin } from '../../examples/guides/proven-token-origin.ts'
import { buildSocketOrigin } from '../../examples/guides/socket-origin.ts'
import { buildTokenOrigin } from '../../examples/guides/token-origin.ts'
import { codeBlocks } from '../shape/markdown.ts'
import { filesMatching, readText } from '../support/files.ts'

const example = (name: string) => fileURLToPath(new URL(`../../examples/guides/${name}`, import.meta.url))

const ALICE = 'CN=alice,OU=Ops,O=Acme,C=US'

/** A server that hands every request to the application of the current test. */
let current: FastifyInstance
let front: Server
let port: number
/** An edge with the documented Worker, and one with that of the guide. Both lead to the same server. */
let before: DevEdge
let after: DevEdge

beforeAll(async () => {
  front = createServer((incoming, outgoing) => current.routing(incoming, outgoing))
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  port = (front.address() as AddressInfo).port
  const origin = `http://127.0.0.1:${port}`
  before = await createDevEdge({ origin, worker: example('documented-worker.js') })
  after = await createDevEdge({ origin, worker: example('signing-worker.ts') })
})
afterAll(async () => {
  await before?.close()
  await after?.close()
  front?.close()
})

/** Makes an application the one behind both edges. */
async function use(app: FastifyInstance): Promise<void> {
  app.get('/headers', ({ headers }) => headers)
  await app.ready()
  current = app
}

/** The options of the plugin for the edge of the guide. */
const proofs = () => ({
  edge: { keys: after.keys, hosts: after.hosts },
  access: after.access,
  trustedIssuers: [after.clientCa],
})

/** Status and code, or the body without one. */
type Outcome = [status: number, answer: unknown]

async function through(edge: DevEdge, path: string, options: Parameters<DevEdge['fetch']>[1] = {}): Promise<Outcome> {
  const { status, body } = await edge.fetch(path, options)
  return [status, codeOf(body) ?? JSON.parse(body)]
}

/** A request straight to the origin, as an attacker with a way to its address sends it. */
async function around(path: string, headers: Readonly<Record<string, string>>, method = 'GET'): Promise<Outcome> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers })
  const body = await answer.text()
  return [answer.status, codeOf(body) ?? JSON.parse(body)]
}

it('the guides quote their examples whole', () => {
  const quoted = filesMatching('docs/guides/*.md')
    .flatMap((path) => codeBlocks(readText(path)))
    .filter(({ file: name }) => name !== undefined)
  expect(quoted.map(({ file: name }) => name)).toHaveLength(8)
  for (const { file: name, code } of quoted) expect(code).toBe(readText(`examples/guides/${name}`))
})

/** The headers of the documented Worker. */
const OLD_NAMES = [
  'x-cert-finger',
  'x-cert-issuer-dn',
  'x-cert-issuer-dn-l',
  'x-cert-notaf',
  'x-cert-notbe',
  'x-cert-serial',
  'x-cert-subject-dn',
  'x-cert-subject-dn-l',
  'x-cert-verify',
]

describe('from the documented Worker', () => {
  const spoofed = { 'X-CERT-VERIFY': 'SUCCESS', 'X-CERT-SUBJECT-DN': ALICE }

  it('before: admits alice, and whoever writes her name, through the edge and around it', async () => {
    await use(buildHeaderOrigin())
    const { alice, bob } = before.clients
    expect(await through(before, '/ops', { client: alice })).toEqual([200, { operator: ALICE }])
    expect((await through(before, '/ops', { client: bob }))[0]).toBe(403)
    // The Worker merges the client's own line into the value, and the origin looks for OU=Ops in it.
    const merged = `CN=bob,OU=Sales,O=Acme, ${ALICE}`
    expect(await through(before, '/ops', { client: bob, headers: { 'X-CERT-SUBJECT-DN': ALICE } })).toEqual([
      200,
      { operator: merged },
    ])
    expect(await around('/ops', spoofed)).toEqual([200, { operator: ALICE }])
  })

  it('the Worker alone: the same origin admits alice, and no spoof through the edge', async () => {
    const { alice, bob } = after.clients
    expect(await through(after, '/ops', { client: alice })).toEqual([200, { operator: ALICE }])
    expect((await through(after, '/ops', { client: bob, headers: spoofed }))[0]).toBe(403)
    expect((await through(after, '/ops', { headers: spoofed }))[0]).toBe(401)
    expect(await around('/ops', spoofed)).toEqual([200, { operator: ALICE }])
  })

  it('after: admits alice alone, and the old header has the same text', async () => {
    await use(await buildProvenHeaderOrigin(proofs()))
    const { alice, bob } = after.clients
    expect(await through(after, '/ops', { client: alice })).toEqual([200, { operator: ALICE }])
    expect(await through(after, '/me', { client: alice })).toEqual([200, { subject: ALICE }])
    expect(await through(after, '/ops', { client: bob, headers: spoofed })).toEqual([403, 'CSN_CERT_FORBIDDEN'])
    expect(await through(after, '/me', { client: bob, headers: spoofed })).toEqual([
      200,
      { subject: 'CN=bob,OU=Sales,O=Acme' },
    ])
    expect(await through(after, '/ops', { headers: spoofed })).toEqual([401, 'CSN_CERT_MISSING'])
    expect(await around('/ops', spoofed)).toEqual([401, 'CSN_SIGNATURE_MISSING'])
  })

  it('every header of the documented Worker keeps its name and its value', async () => {
    await use(Fastify())
    const client = await after.issueClient({ subject: ALICE })
    const [, old] = (await through(before, '/headers', { client })) as [number, Record<string, string>]
    const [, now] = (await through(after, '/headers', { client })) as [number, Record<string, string>]
    const names = Object.keys(old).filter((name) => name.startsWith('x-cert-'))
    expect(names.sort()).toEqual(OLD_NAMES)
    // The CA of one edge is unknown to the other one, so the verdicts differ.
    expect([old['x-cert-verify'], now['x-cert-verify']]).toEqual([
      'FAILED:unable to verify the first certificate',
      'SUCCESS',
    ])
    for (const name of names.filter((other) => other !== 'x-cert-verify')) expect(now[name]).toBe(old[name])
  })

  it('without a certificate, the Worker omits the headers that the documented one leaves empty', async () => {
    const [, old] = (await through(before, '/headers')) as [number, Record<string, string>]
    const [, now] = (await through(after, '/headers')) as [number, Record<string, string>]
    expect(OLD_NAMES.map((name) => old[name])).toEqual(
      OLD_NAMES.map((name) => (name === 'x-cert-verify' ? 'NONE' : '')),
    )
    expect(OLD_NAMES.filter((name) => name in now)).toEqual(['x-cert-verify'])
    expect(now).toMatchObject({ 'x-cert-verify': 'NONE', 'x-cert-presented': '0', 'x-cert-revoked': '0' })
  })
})

describe('from client-certificate-auth', () => {
  /** A request over mutual TLS to the port of an application. */
  async function overTls(tlsPort: number, path: string, client?: DevClient): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const options = { host: '127.0.0.1', port: tlsPort, path, agent: false, rejectUnauthorized: false }
    requestOverTls({ ...options, ...(client && { cert: client.cert, key: client.key }) }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
    return await promise
  }

  it('before: admits alice over mutual TLS, and no one over a connection without her certificate', async () => {
    const { cert, key } = await after.issueClient({ subject: 'CN=server' })
    const app = await buildSocketOrigin({ cert, key, ca: after.clientCa })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port: tlsPort } = app.server.address() as AddressInfo
    try {
      expect(await overTls(tlsPort, '/ops', after.clients.alice)).toBe(200)
      expect(await overTls(tlsPort, '/ops', after.clients.bob)).toBe(401)
      expect(await overTls(tlsPort, '/ops')).toBe(401)
    } finally {
      await app.close()
    }
  })

  it('after: admits alice alone, at each spelling of the path', async () => {
    await use(await buildOpsOrigin(proofs()))
    const { alice, bob } = after.clients
    expect(await through(after, '/ops', { client: alice })).toEqual([200, { operator: 'alice' }])
    expect(await through(after, '/ops', { client: bob })).toEqual([403, 'CSN_CERT_FORBIDDEN'])
    expect(await through(after, '/ops')).toEqual([401, 'CSN_CERT_MISSING'])
    expect(await through(after, '/%6fps', { client: bob })).toEqual([403, 'CSN_CERT_FORBIDDEN'])
    expect(await through(after, '/%6fps')).toEqual([401, 'CSN_CERT_MISSING'])
  })
})

describe('from a check with jose', () => {
  it('before: admits alice, and every holder of a token who writes her name, again and again', async () => {
    await use(buildTokenOrigin(after.access))
    expect(await through(after, '/me', { client: after.clients.alice })).toEqual([200, { subject: ALICE }])
    const token = await after.accessToken({ client: after.clients.bob })
    const spoofed = { 'cf-access-jwt-assertion': token, 'x-cert-subject-dn': ALICE }
    for (const _ of [1, 2]) expect(await around('/me', spoofed)).toEqual([200, { subject: ALICE }])
    expect((await around('/me', { 'x-cert-subject-dn': ALICE }))[0]).toBe(401)
  })

  it('after: admits alice, and the token alone no more', async () => {
    await use(await buildProvenTokenOrigin(proofs()))
    const [status, answer] = await through(after, '/me', { client: after.clients.alice })
    expect([status, answer]).toEqual([200, { subject: ALICE, email: expect.stringContaining('@') }])
    const token = await after.accessToken({ client: after.clients.bob })
    const spoofed = { 'cf-access-jwt-assertion': token, 'x-cert-subject-dn': ALICE }
    expect(await around('/me', spoofed)).toEqual([401, 'CSN_SIGNATURE_MISSING'])
    expect(await through(after, '/me')).toEqual([401, 'CSN_CERT_MISSING'])
  })

  it('after: refuses the second copy of a signed request', async () => {
    const seen: string[][] = []
    front.prependOnceListener('request', ({ rawHeaders }) => seen.push(rawHeaders))
    expect((await through(after, '/me', { client: after.clients.alice }))[0]).toBe(200)
    const { promise, resolve } = Promise.withResolvers<string>()
    request({ host: '127.0.0.1', port, path: '/me', headers: seen[0], agent: false }, async (answer) => {
      resolve(Buffer.concat(await answer.toArray()).toString())
    }).end()
    expect(codeOf(await promise)).toBe('CSN_SIGNATURE_REPLAYED')
  })
})

describe('devices with API Shield', () => {
  const noAccess = { 'Countersign-Dev-Access': 'none' }
  let known: DevClient
  let maintainer: DevClient
  let lost: DevClient

  beforeAll(async () => {
    const issue = (name: string) => after.issueClient({ subject: `CN=${name},O=Acme` })
    ;[known, maintainer, lost] = (await Promise.all(['d-1', 'd-2', 'd-3'].map(issue))) as [
      DevClient,
      DevClient,
      DevClient,
    ]
    const fingerprintOf = ({ cert }: DevClient) => new X509Certificate(cert).fingerprint256
    const others = Array.from(
      { length: 100_000 },
      (_, at) => [fingerprint(), { id: `other-${at}`, roles: [] }] as const,
    )
    const registry = new Map<string, Device>([
      ...others,
      [fingerprintOf(known), { id: 'd-1', roles: [] }],
      [fingerprintOf(maintainer), { id: 'd-2', roles: [] }],
      [fingerprintOf(lost), { id: 'd-3', roles: [] }],
    ])
    after.addToCrl(lost)
    const trustedIssuers = [{ ca: after.clientCa, revocation: { crl: after.clientCrl } }]
    const maintainers = [...others.map(([print]) => print), fingerprintOf(maintainer)]
    const { edge } = proofs()
    await use(await buildDeviceOrigin({ edge, trustedIssuers }, registry, maintainers))
  })

  const fingerprint = () => (randomBytes(32).toString('hex').toUpperCase().match(/../g) ?? []).join(':')
  const post = (path: string, client?: DevClient) => through(after, path, { method: 'POST', headers: noAccess, client })

  it('admits a device of the registry, without a token', async () => {
    expect(await post('/readings', known)).toEqual([200, { device: 'd-1' }])
    expect(await post('/firmware', maintainer)).toEqual([200, { device: 'd-2' }])
  })

  it('refuses a device that may not, one that is unknown, one that is revoked, and none at all', async () => {
    expect(await post('/firmware', known)).toEqual([403, 'CSN_CERT_FORBIDDEN'])
    expect(await post('/readings', after.clients.alice)).toEqual([403, 'CSN_USER_UNKNOWN'])
    expect(await post('/readings', lost)).toEqual([403, 'CSN_CERT_REVOKED'])
    expect(await post('/readings', after.clients.revoked)).toEqual([403, 'CSN_CERT_REVOKED'])
    expect(await post('/readings')).toEqual([401, 'CSN_CERT_MISSING'])
  })

  it('refuses the headers of a device without a signature', async () => {
    const spoofed = { 'x-cert-presented': '1', 'x-cert-verify': 'SUCCESS', 'x-cert-revoked': '0' }
    expect(await around('/readings', spoofed, 'POST')).toEqual([401, 'CSN_SIGNATURE_MISSING'])
  })
})
