import { type CountersignErrorCode, countersignErrors, optional } from '@countersign/origin-plugin'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { signAsWorker } from '@countersign/test-support/sign-as-worker'
import { type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import type { ClientUser } from 'fastify'
import { beforeEach, expect, it } from 'vitest'
import type { ChainAnswer, ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const TOKEN = 'cf-access-jwt-assertion'

/** The common name and the login of each client that `identify` was called for. */
const asked: string[] = []

const options: ChainOptions = {
  plugin: (edge) => ({
    trustedIssuers: [
      { ca: edge.clientCa, revocation: { crl: () => edge.clientCrl(), refresh: 1 } },
      { dn: 'CN=Acme Branch CA,O=Acme' },
    ],
    identify: async ({ subject }, access) => {
      const name = `${subject.CN} by ${access?.kind === 'user' ? access.email : access?.kind}`
      asked.push(name)
      if (subject.CN === 'stranger') return null
      if (subject.CN === 'unlucky') throw new Error('the database is down')
      return { name, roles: ['reader'] } as ClientUser
    },
  }),
  routes(app) {
    app.get('/me', ({ clientUser }) => ({ clientUser }))
    app.get('/alice', { config: { clientCert: { subject: { CN: 'alice' } } } }, ({ clientUser }) => ({ clientUser }))
    app.get('/login', { config: { clientCert: optional() } }, ({ clientUser }) => ({ clientUser }))
    app.get('/healthz', { config: { clientCert: false } }, ({ clientUser }) => ({ clientUser }))
    app.get('/vandal', ({ clientUser }) => {
      const user = clientUser as unknown as { name: string; roles: string[] }
      const tries = [() => Object.assign(user, { name: 'mallory' }), () => user.roles.push('admin')]
      return tries.map((change) => {
        try {
          return String(change())
        } catch (error) {
          return (error as Error).name
        }
      })
    })
  },
}

describeThreat('the user of a client', options, (chain) => {
  const userOf = ({ body }: ChainAnswer) => JSON.parse(body).clientUser
  const refusals = new Set<string>()
  beforeEach(() => void asked.splice(0))

  /** The requests to refuse, by code. Each gets a genuine request of alice, which is not spent. */
  const attacks: Partial<Record<CountersignErrorCode, (genuine: WireRequest) => Promise<ChainAnswer>>> = {
    CSN_HEADERS_MALFORMED: (genuine) =>
      chain.around({ ...genuine, headers: [...genuine.headers, 'X-CERT-PRESENTED', '1'] }),
    CSN_SIGNATURE_MISSING: (genuine) => chain.around(withHeader(genuine, 'signature', undefined)),
    CSN_SIGNATURE_INVALID: (genuine) => chain.around(signAsWorker(genuine, hmacKey('test').privateJwk)),
    CSN_SIGNATURE_EXPIRED: (genuine) =>
      chain.around(chain.sign(genuine, { created: Math.floor(Date.now() / 1000) - 90 })),
    CSN_SIGNATURE_REPLAYED: async (genuine) => {
      await chain.around(genuine)
      asked.length = 0
      return chain.around(genuine)
    },
    CSN_ACCESS_TOKEN_MISSING: () => throughAs('none'),
    CSN_ACCESS_TOKEN_INVALID: () => throughAs('other-audience'),
    CSN_ACCESS_TOKEN_EXPIRED: () => throughAs('expired'),
    CSN_CERT_MISSING: () => chain.through('/me'),
    CSN_CERT_UNVERIFIED: () => chain.through('/me', { client: chain.edge.clients.selfSigned }),
    CSN_CERT_EXPIRED: () => chain.through('/me', { client: chain.edge.clients.expired }),
    CSN_CERT_REVOKED: async () => {
      const client = await chain.edge.issueClient({ subject: 'CN=revoked' })
      chain.edge.revokeAtEdge(client)
      return chain.through('/me', { client })
    },
    CSN_CERT_MISMATCH: async (genuine) => {
      const token = await chain.edge.accessToken({ as: 'certificate', client: chain.edge.clients.bob })
      return chain.around(chain.sign(withHeader(genuine, TOKEN, token)))
    },
    CSN_CERT_UNTRUSTED_ISSUER: async (genuine) =>
      chain.around(chain.sign(withHeader(genuine, 'client-cert', undefined))),
    CSN_CERT_FORBIDDEN: () => chain.through('/alice', { client: chain.edge.clients.bob }),
  }
  const throughAs = (login: string) =>
    chain.through('/me', { client: chain.edge.clients.alice, headers: { 'Countersign-Dev-Access': login } })

  it.each(Object.entries(attacks))('is not asked for if the request is refused with %s', async (code, attack) => {
    const genuine = await chain.capture('/me', { client: chain.edge.clients.alice })
    expect((await attack(genuine)).code).toBe(code)
    expect(asked).toEqual([])
    refusals.add(code)
  })

  it('is asked for by no other code than its own, and by those of a server that fails before', () => {
    const untried = [...countersignErrors.keys()].filter((code) => !refusals.has(code))
    expect(untried.sort()).toEqual([
      'CSN_ACCESS_KEYS_UNAVAILABLE',
      'CSN_CERT_UNREADABLE',
      'CSN_IDENTIFY_UNAVAILABLE',
      'CSN_REPLAY_STORE_UNAVAILABLE',
      'CSN_REVOCATION_UNAVAILABLE',
      'CSN_USER_UNKNOWN',
    ])
  })

  it('is not asked for on a public route, and without a certificate', async () => {
    expect(userOf(await chain.through('/healthz', { client: chain.edge.clients.alice }))).toBeNull()
    expect(userOf(await chain.through('/login'))).toBeNull()
    expect(asked).toEqual([])
  })

  it('is that of this certificate and this login alone', async () => {
    const alice = await chain.capture('/me', { client: chain.edge.clients.alice })
    const bob = await chain.capture('/me', { client: chain.edge.clients.bob })
    const tokenOf = (email: string) => chain.edge.accessToken({ claims: { email } })
    const [one, two] = [await tokenOf('one@acme.example'), await tokenOf('two@acme.example')]
    const ask = async (request: WireRequest, token: string) =>
      userOf(await chain.around(chain.sign(withHeader(request, TOKEN, token)))).name
    for (let round = 0; round < 2; round += 1) {
      expect(await ask(alice, one)).toBe('alice by one@acme.example')
      expect(await ask(bob, one)).toBe('bob by one@acme.example')
      expect(await ask(alice, two)).toBe('alice by two@acme.example')
    }
    expect(asked).toEqual(['alice by one@acme.example', 'bob by one@acme.example', 'alice by two@acme.example'])
    // Another token of the same login.
    expect(
      await ask(alice, await chain.edge.accessToken({ claims: { email: 'one@acme.example' }, expiresIn: 60 })),
    ).toBe('alice by one@acme.example')
  })

  it('cannot be changed for other requests', async () => {
    const client = await chain.edge.issueClient({ subject: 'CN=careless' })
    expect(JSON.parse((await chain.through('/vandal', { client })).body)).toEqual(['TypeError', 'TypeError'])
    expect(userOf(await chain.through('/me', { client }))).toMatchObject({
      name: expect.stringMatching(/^careless by /),
      roles: ['reader'],
    })
    expect(asked.length).toBe(1)
  })

  it('does not outlive the certificate: a revoked one is refused although its user is remembered', async () => {
    for (const revoke of ['revokeAtEdge', 'addToCrl'] as const) {
      const client = await chain.edge.issueClient({ subject: `CN=${revoke}` })
      expect((await chain.through('/me', { client })).status).toBe(200)
      chain.edge[revoke](client)
      await expect
        .poll(async () => (await chain.through('/me', { client })).code, { timeout: 10_000, interval: 200 })
        .toBe('CSN_CERT_REVOKED')
    }
    expect(asked.length).toBe(2)
  })

  it('refuses a client without a user, and one whose user cannot be looked up', async () => {
    const stranger = await chain.edge.issueClient({ subject: 'CN=stranger' })
    const unlucky = await chain.edge.issueClient({ subject: 'CN=unlucky' })
    for (let time = 0; time < 2; time += 1) {
      expect(await chain.through('/me', { client: stranger })).toMatchObject({ status: 403, code: 'CSN_USER_UNKNOWN' })
      expect(await chain.through('/me', { client: unlucky })).toMatchObject({
        status: 503,
        code: 'CSN_IDENTIFY_UNAVAILABLE',
      })
    }
    expect(chain.lastReason()).toMatch(/^identify failed: "the database is down" \(serial number /)
    // Unknown is an answer, and kept. A failure is not.
    expect(asked.map((name) => name.split(' ')[0])).toEqual(['stranger', 'unlucky', 'unlucky'])
  })
})
