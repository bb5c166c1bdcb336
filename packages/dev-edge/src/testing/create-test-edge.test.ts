import { X509Certificate } from 'node:crypto'
import countersign, { type CountersignPluginOptions, clientCertOf } from '@countersign/origin-plugin'
import Fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createTestEdge, type TestEdge } from './index.ts'

const PAY = { subject: 'CN=pay-1,O=Acme' }

/** Builds an origin as an operator would write it. */
async function buildApp(options: CountersignPluginOptions): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(countersign, options)
  app.get('/me', (request) => ({ subject: String(clientCertOf(request).subject), access: request.access }))
  app.all('/pay', { config: { clientCert: { subject: { CN: 'pay-1' } } } }, (request) => ({
    body: request.body ?? null,
    query: request.query,
    host: request.host,
  }))
  app.get('/branch', { config: { clientCert: { issuer: { CN: 'Acme Branch CA' } } } }, () => 'for the branch')
  return app
}

async function start(...options: Parameters<typeof createTestEdge>): Promise<{ edge: TestEdge; app: FastifyInstance }> {
  const edge = await createTestEdge(...options)
  return { edge, app: await buildApp({ ...edge.options }) }
}

const { edge, app } = await start()
/** The same origin for every host. */
const anyHost = await buildApp({ ...edge.options, edge: { ...edge.options.edge, hosts: null } })

const codeOf = (response: LightMyRequestResponse) => [response.statusCode, response.json().code]

describe('createTestEdge', () => {
  it('refuses an old Node before anything else', async () => {
    vi.stubGlobal('process', Object.create(process, { versions: { value: { node: '22.12.9' } } }))
    onTestFinished(() => void vi.unstubAllGlobals())
    const tooOld = new TypeError('Node 22.12.9 is too old; install Node 22.13 or later')
    await expect(createTestEdge({ alg: 'rsa' as never })).rejects.toThrow(tooOld)
  })

  it('signs headers for app.inject() that the origin admits', async () => {
    const headers = await edge.headers({ method: 'GET', url: '/pay', cert: PAY })
    const response = await app.inject({ method: 'GET', url: '/pay', headers })
    expect(response.statusCode).toBe(200)
  })

  it.each(['hmac-sha256', 'ed25519'] as const)('signs with %s', async (alg) => {
    const other = await start({ alg })
    expect((await other.edge.inject(other.app, { url: '/pay', cert: PAY })).statusCode).toBe(200)
    expect((await other.edge.headers({ url: '/' }))['signature-input']).toContain(`alg="${alg}"`)
    expect(other.edge.options.edge.keys[0]).not.toHaveProperty('d')
  })

  it("makes edges that do not accept each other's signatures", async () => {
    const stranger = await createTestEdge()
    expect(codeOf(await stranger.inject(app, { url: '/pay', cert: PAY }))).toEqual([401, 'CSN_SIGNATURE_INVALID'])
  })

  it('signs for its own host by default, and the origin refuses another one', async () => {
    const { edge: renamed, app: origin } = await start({ hostname: 'app.example.com' })
    expect(renamed.options.edge.hosts).toEqual(['app.example.com'])
    const own = await renamed.inject(origin, { url: '/pay', cert: PAY })
    expect([own.statusCode, own.json().host]).toEqual([200, 'app.example.com'])
    const other = await renamed.inject(origin, { url: 'https://admin.example.com/pay', cert: PAY })
    expect(codeOf(other)).toEqual([401, 'CSN_SIGNATURE_INVALID'])
    expect(edge.options.edge.hosts).toEqual(['localhost'])
  })

  it('signs for a host with a port', async () => {
    const { edge: renamed, app: origin } = await start({ hostname: 'app.example.com:8443' })
    expect((await renamed.inject(origin, { url: '/pay', cert: PAY })).statusCode).toBe(200)
  })

  it('opens no socket', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((resource) => /TCP|UDP|Pipe/.test(resource))
    const before = sockets()
    const other = await start()
    await other.edge.inject(other.app, { url: '/pay', cert: PAY })
    expect(sockets()).toEqual(before)
  })

  it.each([
    [{ alg: 'rs256' as 'ed25519' }, /alg must be/],
    [{ access: 'acme' as never }, /access must be null/],
    [{ forwardCert: 'all' as 'leaf' }, /forwardCert must be/],
    ...['https://app.example.com', 'app.example.com/', 'App.example.com', 'app.example.com:443', ''].map(
      (hostname): [object, RegExp] => [
        { hostname },
        /^hostname must be a host name in lower case, without https:\/\/ and path: "app\.example\.com"$/,
      ],
    ),
    [
      { algorithm: 'ed25519' } as object,
      /^unknown option "algorithm"; known options are headers, alg, access, forwardCert, hostname$/,
    ],
  ])('refuses %o', async (options, message) => {
    const refused = createTestEdge(options)
    await expect(refused).rejects.toThrow(TypeError)
    await expect(refused).rejects.toThrow(message)
  })
})

describe('edge.headers', () => {
  const refusals = [
    ['another subject', '/pay', { cert: { subject: 'CN=pay-2,O=Acme' } }, 403, 'CSN_CERT_FORBIDDEN'],
    ['another issuer', '/branch', { cert: PAY }, 403, 'CSN_CERT_FORBIDDEN'],
    ['no certificate', '/me', {}, 401, 'CSN_CERT_MISSING'],
    ['explicitly no certificate', '/me', { cert: null }, 401, 'CSN_CERT_MISSING'],
    ['an expired certificate', '/me', { cert: { expired: true } }, 403, 'CSN_CERT_EXPIRED'],
    ['a revoked certificate', '/me', { cert: { revoked: true } }, 403, 'CSN_CERT_REVOKED'],
    ['an issuer that Cloudflare does not know', '/me', { cert: { issuer: 'other' } }, 403, 'CSN_CERT_UNVERIFIED'],
    ['a certificate that signs itself', '/me', { cert: { issuer: 'self' } }, 403, 'CSN_CERT_UNVERIFIED'],
    [
      'an issuer that only Cloudflare trusts',
      '/me',
      { cert: { issuer: 'intermediate' } },
      403,
      'CSN_CERT_UNTRUSTED_ISSUER',
    ],
    ['no token', '/me', { cert: PAY, access: null }, 401, 'CSN_ACCESS_TOKEN_MISSING'],
    ['an expired token', '/me', { cert: PAY, access: 'expired' }, 401, 'CSN_ACCESS_TOKEN_EXPIRED'],
    ['a token of another application', '/me', { cert: PAY, access: 'other-audience' }, 401, 'CSN_ACCESS_TOKEN_INVALID'],
    [
      'a token of another team',
      '/me',
      { cert: PAY, access: { iss: 'https://other.cloudflareaccess.com' } },
      401,
      'CSN_ACCESS_TOKEN_INVALID',
    ],
  ] as const

  it.each(refusals)('makes the origin refuse %s', async (_what, url, identity, status, code) => {
    const response = await app.inject({ url, headers: await edge.headers({ url, ...identity }) })
    expect(codeOf(response)).toEqual([status, code])
  })

  it('makes headers that are accepted once, and new ones with each call', async () => {
    const request = { url: '/pay', cert: PAY }
    const headers = await edge.headers(request)
    expect((await app.inject({ url: '/pay', headers })).statusCode).toBe(200)
    expect(codeOf(await app.inject({ url: '/pay', headers }))).toEqual([401, 'CSN_SIGNATURE_REPLAYED'])
    expect((await app.inject({ url: '/pay', headers: await edge.headers(request) })).statusCode).toBe(200)
  })

  it.each([
    ['a header', { 'x-cert-subject-dn-2253': 'CN=admin,O=Acme' }],
    ['the host', { host: 'other.example.com' }],
    ['the signature', { signature: `countersign=:${'A'.repeat(43)}=:` }],
  ])('makes headers that are of no use when %s is changed', async (_what, change) => {
    const headers = { ...(await edge.headers({ url: '/me', cert: PAY })), ...change }
    expect(codeOf(await app.inject({ url: '/me', headers }))).toEqual([401, 'CSN_SIGNATURE_INVALID'])
  })

  it('makes headers that are of no use for another method or path', async () => {
    const headers = await edge.headers({ method: 'GET', url: '/pay?id=1', cert: PAY })
    for (const request of [{ method: 'POST', url: '/pay?id=1' } as const, { url: '/pay?id=2' }, { url: '/me?id=1' }]) {
      expect(codeOf(await app.inject({ ...request, headers }))).toEqual([401, 'CSN_SIGNATURE_INVALID'])
    }
  })

  it('sends the headers of the client through the Worker, which strips forged certificate headers', async () => {
    const headers = await edge.headers({
      url: '/me',
      headers: { 'X-Cert-Verify': 'SUCCESS', 'X-Request-Id': ['a', 'b'], 'Cf-Access-Jwt-Assertion': 'forged' },
    })
    expect(headers).toMatchObject({ 'x-cert-verify': 'NONE', 'x-request-id': 'a, b' })
    expect(headers['cf-access-jwt-assertion']).toMatch(/^eyJ/)
  })

  it.each([
    ['/me', undefined, 'localhost'],
    ['/me', 'app.example.com', 'app.example.com'],
    ['/me', 'app.example.com:8443', 'app.example.com:8443'],
    ['https://app.example.com/me', undefined, 'app.example.com'],
    ['http://app.example.com:8080/me', undefined, 'app.example.com:8080'],
    ['http://app.example.com/me', 'other.example.com', 'other.example.com'],
    ['//me', undefined, 'localhost'],
  ])('signs %s with the host %s for %s', async (url, host, expected) => {
    const headers = await edge.headers({ url, cert: PAY, headers: host ? { Host: host } : {} })
    expect(headers.host).toBe(expected)
    expect([200, 404]).toContain((await anyHost.inject({ url, headers })).statusCode)
  })

  it.each([
    [{ url: 'pay' }, /url must be a path/],
    [{} as never, /url must be a path/],
    [{ url: '/', cert: { subject: { CN: 'pay' } as never } }, /cert.subject must be a name as text/],
    [{ url: '/', cert: '-----BEGIN' as never }, /cert must be a description/],
    [{ url: '/', cert: { subject: 'pay' } }, /./],
    [{ url: '/', cert: { expired: true, notAfter: new Date() } }, /cert.expired excludes notBefore and notAfter/],
    [{ url: '/', cert: PAY, access: 'admin' as never }, /access must be one of user, service/],
    [{ url: '/', access: 'certificate' as const }, /only a client with a verified one/],
  ])('throws for %o', async (request, message) => {
    await expect(edge.headers(request)).rejects.toThrow(message)
  })
})

describe('access', () => {
  const accessOf = async (access: Parameters<TestEdge['inject']>[1]['access']) =>
    (await edge.inject(app, { url: '/me', cert: PAY, access })).json().access

  it('is a user by default', async () => {
    expect(await accessOf(undefined)).toMatchObject({ kind: 'user', email: 'dev@example.com' })
  })

  it('takes claims of a user', async () => {
    expect(await accessOf({ email: 'ada@acme.example', groups: ['ops'] })).toMatchObject({
      kind: 'user',
      email: 'ada@acme.example',
      claims: { groups: ['ops'], aud: [edge.options.access?.audience] },
    })
  })

  it('takes the client id of a service token', async () => {
    expect(await accessOf('service')).toMatchObject({ kind: 'service' })
    const clientId = `${'0a'.repeat(16)}.access`
    expect(await accessOf({ common_name: clientId })).toMatchObject({ kind: 'service', clientId })
  })

  it('names the certificate that is sent', async () => {
    expect(await accessOf('certificate')).toMatchObject({ kind: 'certificate', commonName: 'pay-1' })
  })

  it('may be absent from the origin', async () => {
    const shield = await start({ access: null })
    expect(shield.edge.options.access).toBeNull()
    expect((await shield.edge.inject(shield.app, { url: '/pay', cert: PAY })).statusCode).toBe(200)
    await expect(shield.edge.headers({ url: '/', access: 'user' })).rejects.toThrow(/access: null and has no tokens/)
  })
})

describe('edge.inject', () => {
  it('sends method, body, query and host, and signs them', async () => {
    const response = await edge.inject(anyHost, {
      method: 'POST',
      url: '/pay?a=1&b=2',
      query: { b: ['3', 'ü'], c: '4' },
      authority: 'app.example.com',
      payload: { amount: 1 },
      cert: PAY,
    })
    expect(response.json()).toEqual({
      body: { amount: 1 },
      query: { a: '1', b: ['3', 'ü'], c: '4' },
      host: 'app.example.com',
    })
  })

  it('writes the method as app.inject() does', async () => {
    expect((await edge.inject(app, { method: 'patch', url: '/pay', cert: PAY })).statusCode).toBe(200)
  })

  it('sends a path as the Worker does, with its dots resolved', async () => {
    expect((await edge.inject(app, { url: '/a/%2e%2e/pay', cert: PAY })).statusCode).toBe(200)
  })
})

describe('edge.issueClient', () => {
  it('issues the same client for the same description', async () => {
    const pay = await edge.issueClient(PAY)
    expect(await edge.issueClient({ ...PAY })).toBe(pay)
    const headers = await edge.headers({ url: '/', cert: PAY })
    expect(headers['x-cert-finger-256']).toBe(
      new X509Certificate(pay.cert).fingerprint256.replaceAll(':', '').toLowerCase(),
    )
    expect(await edge.headers({ url: '/', cert: pay })).toMatchObject({
      'x-cert-finger-256': headers['x-cert-finger-256'],
    })
  })

  it('issues alternative names', async () => {
    const guarded = await buildApp({ ...edge.options, policies: { spiffe: { san: { uri: 'spiffe://acme/pay' } } } })
    guarded.get('/mesh', { config: { clientCert: 'spiffe' } }, () => 'ok')
    const cert = { san: { uri: ['spiffe://acme/pay'] } }
    expect((await edge.inject(guarded, { url: '/mesh', cert })).statusCode).toBe(200)
    expect((await edge.inject(guarded, { url: '/mesh', cert: {} })).statusCode).toBe(403)
  })
})

describe('forwardCert', () => {
  it.each([
    ['leaf', true, false],
    ['chain', true, true],
    ['none', false, false],
  ] as const)('%s names the certificates that the Worker forwards', async (forwardCert, leaf, chain) => {
    const other = await createTestEdge({ access: null, forwardCert })
    const headers = await other.headers({ url: '/', cert: { issuer: 'intermediate' } })
    expect(['client-cert' in headers, 'client-cert-chain' in headers]).toEqual([leaf, chain])
  })
})

describe('trust by chain', () => {
  it('admits a client of the intermediate, if the kit forwards the chain to the root', async () => {
    const cert = { subject: 'CN=branch-1,O=Acme', issuer: 'intermediate' } as const
    for (const [forwardCert, status] of [
      ['chain', 200],
      ['leaf', 403],
    ] as const) {
      const kit = await createTestEdge({ forwardCert })
      const [ca = ''] = kit.options.trustedIssuers
      const guarded = await buildApp({ ...kit.options, trustedIssuers: [{ ca, chain: { maxDepth: 1 } }] })
      expect((await kit.inject(guarded, { url: '/branch', cert })).statusCode).toBe(status)
    }
  })
})

describe('an unknown name', () => {
  const cert = { subjct: 'CN=pay-1,O=Acme' } as object
  const CERT =
    'cert: unknown option "subjct"; known options are subject, keyType, notBefore, notAfter, serialNumber, san, extendedKeyUsage, issuer, expired, revoked'

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'of a request',
      () => edge.headers({ url: '/me', certificate: PAY } as never),
      'unknown option "certificate"; known options are method, url, headers, cert, access',
    ],
    [
      'of an injected request',
      () => edge.inject(app, { url: '/me', acess: null } as never),
      'unknown option "acess"; known options are method, url, query, headers, payload',
    ],
    ['of a certificate in a request', () => edge.headers({ url: '/me', cert }), CERT],
    ['of a certificate in an injected request', () => edge.inject(app, { url: '/me', cert }), CERT],
    ['of a certificate to issue', () => edge.issueClient(cert), CERT],
    [
      'of alternative names',
      () => edge.issueClient({ san: { dn: ['a.example'] } as object }),
      'san: unknown option "dn"; known options are dns, email, uri, ip, upn',
    ],
  ])('%s is refused', async (_what, call, message) => {
    await expect(call()).rejects.toThrow(TypeError)
    await expect(call()).rejects.toThrow(message)
  })

  it('does not hide the options of app.inject()', async () => {
    const response = await edge.inject(anyHost, {
      method: 'POST',
      url: '/pay',
      query: { a: '1' },
      payload: { amount: 1 },
      headers: { accept: 'application/json' },
      authority: 'pay.acme.example',
      remoteAddress: '127.0.0.2',
      cookies: { a: 'b' },
      cert: PAY,
      access: 'user',
    })
    expect(response.json()).toMatchObject({ body: { amount: 1 }, query: { a: '1' } })
  })
})
