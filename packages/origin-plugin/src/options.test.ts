import { AUDIENCE, ISSUER } from '@countersign/test-support/access-team'
import { ed25519Key, hmacKey } from '@countersign/test-support/edge-key-pair'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { HEADER_SOURCES } from './header-source.ts'
import { resolveOptions } from './options.ts'

const keys = hmacKey().jwk
const NO_RSA_KEY = "access.jwks contains no RSA key; write the keys that sign the team's tokens"
const RSA_KEY = { kty: 'RSA', kid: 'a', n: Buffer.alloc(256, 0xc1).toString('base64url'), e: 'AQAB' }
const access = { issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [RSA_KEY] } }
const team = { team: 'acme', audience: AUDIENCE }
const good = { edge: { keys, hosts: null }, access: team, trustedIssuers: null }

const resolve = (options: unknown) => resolveOptions(options, () => {})
const withEdge = (edge: unknown) => ({ ...good, edge: { keys, hosts: null, ...(edge as object) } })
const withAccess = (changes: unknown) => ({ ...good, access: { ...access, ...(changes as object) } })
const withTeam = (changes: unknown) => ({ ...good, access: { ...team, ...(changes as object) } })

describe('resolveOptions', () => {
  it('refuses an old Node before anything else', () => {
    vi.stubGlobal('process', Object.create(process, { versions: { value: { node: '22.12.9' } } }))
    onTestFinished(() => void vi.unstubAllGlobals())
    const tooOld = new TypeError('Node 22.12.9 is too old; install Node 22.13 or later')
    expect(() => resolve(good)).toThrow(tooOld)
    expect(() => resolve(undefined)).toThrow(tooOld)
  })

  it('fills in the defaults', () => {
    expect(resolve(good)).toMatchObject({
      edge: { hosts: null, maxAge: 60, clockTolerance: 5, nonceLifetime: 70, replay: { memory: {} } },
      access: { issuer: ISSUER, audience: [AUDIENCE], clockTolerance: 5 },
      trustedIssuers: { current: null },
    })
  })

  it('accepts every kind of each option', () => {
    for (const edge of [keys, [keys, ed25519Key().jwk], { keys: [keys] }, JSON.stringify([keys])]) {
      expect(resolve({ ...good, edge: { keys: edge, hosts: null } }).edge?.keys.current.size).toBeGreaterThan(0)
    }
    for (const edge of [{ file: '/run/keys.json' }, () => keys, async () => [keys]]) {
      expect(resolve({ ...good, edge: { keys: edge, hosts: null, refresh: 1 } }).edge?.reload).toBeDefined()
    }
    expect(resolve({ ...good, access: null }).access).toBeNull()
    expect(resolve({ ...good, edge: null }).edge).toBeNull()
    expect(resolve(withEdge({ replay: false })).edge?.replay).toBeNull()
    expect(resolve(withEdge({ maxAge: 1, clockTolerance: 0 })).edge).toMatchObject({ nonceLifetime: 1 })
    expect(resolve(withEdge({ maxAge: 300, clockTolerance: 60 })).edge).toMatchObject({ nonceLifetime: 420 })
    expect(resolve(withTeam({ audience: [AUDIENCE, 'a'.repeat(64)] })).access?.audience).toHaveLength(2)
    for (const jwksUri of ['https://keys.example/certs', 'http://localhost:1/', 'http://127.0.0.9/', 'http://[::1]/']) {
      expect(resolve({ ...good, access: { issuer: ISSUER, audience: 'any', jwksUri } }).access?.audience).toEqual([
        'any',
      ])
    }
  })

  it.each(['worker', 'rfc9440', 'cf-cert'] as const)('accepts the source %s with edge: null', (source) => {
    expect(resolve({ ...good, edge: null, source }).source).toBe(HEADER_SOURCES[source])
  })

  it('reads the headers of the Worker by default, and with an edge', () => {
    expect(resolve(good).source).toBe(HEADER_SOURCES.worker)
    expect(resolve({ ...good, edge: null }).source).toBe(HEADER_SOURCES.worker)
    expect(resolve({ ...good, source: 'worker' }).source).toBe(HEADER_SOURCES.worker)
  })

  it.each(['rfc9440', 'cf-cert'] as const)('refuses the source %s with an edge, and without access', (source) => {
    expect(() => resolve({ ...good, source })).toThrow(
      new TypeError(
        `edge must be null with source: "${source}", because only the Worker signs requests; write edge: null, or remove source`,
      ),
    )
    expect(() => resolve({ ...good, edge: null, access: null, source })).toThrow(
      new TypeError(
        `access must not be null with source: "${source}", because only the Access token then proves that a request came through Cloudflare; configure access`,
      ),
    )
  })

  it('refuses a requirement that needs the certificate with the source cf-cert alone', () => {
    const policies = { pay: { san: { dns: 'pay.acme.example' } } }
    expect(() => resolve({ ...good, edge: null, source: 'cf-cert', policies })).toThrow(
      /^policies\.pay requires `san`, which only the certificate itself contains/,
    )
    for (const source of ['worker', 'rfc9440']) {
      expect(() => resolve({ ...good, edge: null, source, policies })).not.toThrow()
    }
  })

  it('accepts Fastify’s own options of register', () => {
    expect(() => resolve({ ...good, prefix: '/x', logLevel: 'info', logSerializers: {} })).not.toThrow()
  })

  it.each([
    ['no options', undefined, 'options must be an object'],
    ['a list of options', [good], 'options must be an object'],
    [
      'an unknown option',
      { ...good, polices: {} },
      'options: unknown option "polices"; known options are source, edge, access, trustedIssuers, policies, routes, mode, identify, log, maxKnownClients, hooksInFront, listenersInFront',
    ],
    [
      'no edge',
      { access: team, trustedIssuers: null },
      'edge is missing; configure it, or pass edge: null to skip this check',
    ],
    [
      'an undefined edge',
      { ...good, edge: undefined },
      'edge is missing; configure it, or pass edge: null to skip this check',
    ],
    [
      'no access',
      { edge: { keys, hosts: null }, trustedIssuers: null },
      'access is missing; configure it, or pass access: null to skip this check',
    ],
    [
      'no trustedIssuers',
      { edge: { keys, hosts: null }, access: team },
      'trustedIssuers is missing; configure it, or pass trustedIssuers: null to skip this check',
    ],
    [
      'nothing that proves anything',
      { ...good, edge: null, access: null },
      /^edge and access must not both be null; configure at least one/,
    ],
    ...['cloudflare', 'Worker', '', null, ['worker'], true].map((source): [string, object, string] => [
      `source as ${JSON.stringify(source)}`,
      { ...good, edge: null, source },
      'source must be "worker" or "rfc9440" or "cf-cert"',
    ]),
    [
      'an undefined source',
      { ...good, source: undefined },
      'options: option "source" is undefined; set a value or remove it',
    ],
    ['edge as false', { ...good, edge: false }, 'edge must be an object; write edge: { keys, hosts }, or null'],
    [
      'access as text',
      { ...good, access: 'acme' },
      'access must be an object; write access: { team: "acme", audience }, or null',
    ],
    ['policies as null', { ...good, policies: null }, 'policies must be an object'],
    [
      'undefined policies',
      { ...good, policies: undefined },
      'options: option "policies" is undefined; set a value or remove it',
    ],
    ['policies as a list', { ...good, policies: [] }, 'policies must be an object'],
    ['routes as an object', { ...good, routes: {} }, 'routes must be a list of { method, url, clientCert }'],
    [
      'a wrong rule',
      { ...good, routes: [{ url: '/x', clientCert: 'opps' }] },
      /^routes\[0\]\.clientCert: unknown policy "opps"/,
    ],
    [
      'an identify that is not a function',
      { ...good, identify: 'jane' },
      /^identify must be a function, or an object such as \{ user, maxAge \}; write identify: async/,
    ],
    ['an undefined identify', { ...good, identify: undefined }, /^options: option "identify" is undefined/],
    ...['true', 1, null, {}].map((log): [string, object, RegExp] => [
      `log as ${JSON.stringify(log)}`,
      { ...good, log },
      /^log must be a boolean or a function; write log: true, or log: \(clientCert, access\) => \(\{ client: clientCert\?\.fingerprint256 \}\)$/,
    ]),
    ['an undefined log', { ...good, log: undefined }, /^options: option "log" is undefined/],
    [
      'an asynchronous log',
      { ...good, log: async () => ({}) },
      'log must be synchronous; return an object, not a promise',
    ],
    ...[-1, 10_000_001, Number.NaN, '1', null].map((maxKnownClients): [string, object, string] => [
      `maxKnownClients as ${maxKnownClients}`,
      { ...good, maxKnownClients },
      'maxKnownClients must be a number of clients from 0 to 10000000',
    ]),
    [
      'a part of a client',
      { ...good, maxKnownClients: 1.5 },
      'maxKnownClients must be a whole number of clients, not 1.5',
    ],
    ['a wrong limit of identify', { ...good, identify: { user: () => null, maxAge: -1 } }, /^identify\.maxAge must be/],
    ...['upgrade', ['upgrades'], [undefined], null].map((listenersInFront): [string, object, string] => [
      `listenersInFront as ${JSON.stringify(listenersInFront)}`,
      { ...good, listenersInFront },
      'listenersInFront must be a list of events of the HTTP server, of request, upgrade, connect, checkContinue, checkExpectation, stream',
    ]),
    ...['handleCors', [1], [undefined], null].map((hooksInFront): [string, object, string] => [
      `hooksInFront as ${JSON.stringify(hooksInFront)}`,
      { ...good, hooksInFront },
      'hooksInFront must be a list of names of functions, such as ["handleCors"]',
    ]),
    ['a wrong policy that no route uses', { ...good, policies: { ops: {} } }, /^policies\.ops is an empty requirement/],
    ['an empty trustedIssuers', { ...good, trustedIssuers: [] }, /^trustedIssuers must list at least one CA/],
    [
      'one trusted issuer outside of a list',
      { ...good, trustedIssuers: 'PEM' },
      /^trustedIssuers must be a list; write it in brackets/,
    ],
  ])('refuses %s', (_, options, message) => {
    expect(() => resolve(options)).toThrow(TypeError)
    expect(() => resolve(options)).toThrow(typeof message === 'string' ? new TypeError(message) : message)
  })

  it.each([
    [{ maxage: 5 }, /^edge: unknown option "maxage"; known options are keys, refresh, hosts, maxAge/],
    [{ maxAge: undefined }, 'edge: option "maxAge" is undefined; set a value or remove it'],
    [
      { keys: undefined },
      'edge.keys is missing; write keys: process.env.COUNTERSIGN_KEYS, and set this variable to the keys of the Worker as JSON',
    ],
    [
      { hosts: undefined },
      'edge.hosts is missing; write the host names of this origin, such as hosts: ["app.example.com"], or hosts: null to accept requests for every host',
    ],
    [{ hosts: ['*.example.com'] }, /^edge\.hosts: "\*\.example\.com" is not a host name/],
    [{ replay: undefined }, 'edge: option "replay" is undefined; set a value or remove it'],
    [{ maxAge: 0 }, 'edge.maxAge must be a number of seconds from 1 to 300'],
    [{ maxAge: 301 }, 'edge.maxAge must be a number of seconds from 1 to 300'],
    [{ maxAge: '60' }, 'edge.maxAge must be a number of seconds from 1 to 300'],
    [{ maxAge: Number.NaN }, 'edge.maxAge must be a number of seconds from 1 to 300'],
    [{ maxAge: null }, 'edge.maxAge must be a number of seconds from 1 to 300'],
    [{ clockTolerance: -1 }, 'edge.clockTolerance must be a number of seconds from 0 to 60'],
    [{ clockTolerance: 61 }, 'edge.clockTolerance must be a number of seconds from 0 to 60'],
    [{ replay: true }, /^edge\.replay must be "memory", false/],
    [{ replay: null }, /^edge\.replay must be "memory", false/],
    [{ replay: {} }, /^edge\.replay must be "memory", false/],
    [{ maxRemembered: 0 }, 'edge.maxRemembered must be a number of requests from 1 to 16777215'],
    // A Set of V8 throws beyond this size, and every request would be answered with 500.
    [{ maxRemembered: 2 ** 24 }, 'edge.maxRemembered must be a number of requests from 1 to 16777215'],
    [{ replay: false, maxRemembered: 5 }, /^edge\.maxRemembered is used only with replay: "memory"/],
    [{ storeTimeout: 5 }, /^edge\.storeTimeout is used only with a replay store/],
    [{ onStoreUnavailable: 'accept' }, /^edge\.onStoreUnavailable is used only with a replay store/],
    [{ keys: [] }, 'edge.keys is empty; write at least one JWK'],
    [{ refresh: 60 }, /^edge\.refresh has no effect, because edge\.keys does not change; write keys: \{ file/],
    [{ keys: () => keys, refresh: undefined }, 'edge: option "refresh" is undefined; set a value or remove it'],
    [{ keys: () => keys, refresh: 604_801 }, 'edge.refresh must be a number of seconds from 1 to 604800'],
  ])('refuses edge with %o', (edge, message) => {
    expect(() => resolve(withEdge(edge))).toThrow(TypeError)
    expect(() => resolve(withEdge(edge))).toThrow(typeof message === 'string' ? new TypeError(message) : message)
  })

  const audienceMissing = /^access\.audience is missing; write the application's Audience/
  const jwksUri = /^access\.jwksUri must be the text of an https URL \(http only on this machine\)/
  it.each([
    [{ audiance: 'x' }, /^access: unknown option "audiance"; known options are team, issuer/],
    [
      { audience: undefined },
      'access.audience is undefined; set the environment variable that it comes from, or write a value',
    ],
    [
      { team: undefined },
      'access.team is undefined; set the environment variable that it comes from, or write a value',
    ],
    [
      { issuer: undefined },
      'access.issuer is undefined; set the environment variable that it comes from, or write a value',
    ],
    [
      { jwksUri: undefined },
      'access.jwksUri is undefined; set the environment variable that it comes from, or write a value',
    ],
    [{ audience: null }, audienceMissing],
    [{ audience: '' }, audienceMissing],
    [{ audience: [] }, audienceMissing],
    [{ audience: ['a', ''] }, audienceMissing],
    [{ audience: [1] }, audienceMissing],
    [{ issuer: 'acme' }, /^access must have a team or an issuer URL; write team: "acme", or issuer/],
    [{ issuer: 1 }, /^access must have a team or an issuer URL; write team: "acme", or issuer/],
    [
      { jwksUri: 'https://keys.example' },
      /^access\.issuer must come with either jwksUri or jwks; write the URL of the keys, or the keys themselves$/,
    ],
    [{ jwks: {} }, 'access.jwks must be a JWK Set: { keys: [ … ] }'],
    [{ jwks: 'https://keys.example' }, 'access.jwks must be a JWK Set: { keys: [ … ] }'],
    [{ jwks: null }, 'access.jwks must be a JWK Set: { keys: [ … ] }'],
    [{ jwks: { keys: [] } }, NO_RSA_KEY],
    [{ jwks: { keys: [null, { kty: 'EC' }] } }, NO_RSA_KEY],
    [
      { jwks: { keys: [{ ...RSA_KEY, e: 'AQ' }] } },
      'access.jwks: the key "a" has an exponent of 1 bits that is not an odd number from 65537 to 2^64; anybody might sign for it',
    ],
    [{ clockTolerance: 61 }, 'access.clockTolerance must be a number of seconds from 0 to 60'],
    [{ requireKeysAtStart: 'yes' }, 'access.requireKeysAtStart must be true or false'],
    [{ matches: true }, 'access.matches must be a function (access, clientCert) => boolean'],
    // `matches: checks.emial` must not silently skip the check.
    [{ matches: undefined }, 'access: option "matches" is undefined; set a value or remove it'],
    [{ matches: async () => true }, 'access.matches must be synchronous; return true or false, not a promise'],
  ])('refuses access with %o', (changes, message) => {
    expect(() => resolve(withAccess(changes))).toThrow(TypeError)
    expect(() => resolve(withAccess(changes))).toThrow(typeof message === 'string' ? new TypeError(message) : message)
  })

  it.each([
    'http://keys.example/certs',
    'http://127.0.0.1.evil.example/',
    'http://localhost.evil.example/',
    'http://localhost@evil.example/',
    'ftp://localhost/',
    'file:///etc/keys.json',
    'keys.example',
    '',
    7,
  ])('refuses the keys of %s, which an attacker on the way could replace', (uri) => {
    const options = { ...good, access: { issuer: ISSUER, audience: AUDIENCE, jwksUri: uri } }
    expect(() => resolve(options)).toThrow(jwksUri)
  })

  it('refuses an issuer without keys', () => {
    const options = { ...good, access: { issuer: ISSUER, audience: AUDIENCE } }
    expect(() => resolve(options)).toThrow(/^access\.issuer must come with either jwksUri or jwks/)
  })

  it.each([
    [{ team: '' }],
    [{ team: 'Acme' }],
    [{ team: 'acme.cloudflareaccess.com' }],
    [{ team: 'evil.example/' }],
    [{ team: '-acme' }],
    [{ team: 'acme\n' }],
    [{ team: null }],
  ])('refuses %o as the name of a team', (changes) => {
    expect(() => resolve(withTeam(changes))).toThrow(
      new TypeError('access.team must be the name before .cloudflareaccess.com, such as "acme", in lower case'),
    )
  })

  it('refuses a team together with issuer or keys', () => {
    for (const also of [{ issuer: ISSUER }, { jwks: { keys: [RSA_KEY] } }, { jwksUri: 'https://keys.example' }]) {
      expect(() => resolve(withTeam(also))).toThrow(/^access\.team already determines issuer and keys/)
    }
  })

  it.each(['acme', AUDIENCE.toUpperCase(), AUDIENCE.slice(1), `${AUDIENCE}\n`])(
    'refuses %j as the audience of a team, which is a tag of 64 digits',
    (audience) => {
      expect(() => resolve(withTeam({ audience }))).toThrow(/^access\.audience must be 64 hexadecimal digits/)
      expect(() => resolve(withTeam({ audience: [AUDIENCE, audience] }))).toThrow(/^access\.audience must be 64/)
    },
  )

  it('refuses a policy that requires access with access: null, and compiles it with access', () => {
    const policies = { staff: { access: { email: 'jane@acme.example' } } }
    expect(() => resolve({ ...good, access: null, policies })).toThrow(
      new TypeError(
        'policies.staff requires `access`, but the plugin is registered with access: null, so no request can match; remove it, or configure access',
      ),
    )
    expect(() => resolve({ ...good, policies })).not.toThrow()
  })

  it('reads no option from the prototype of the options', () => {
    expect(() => resolve(JSON.parse('{"__proto__":{"edge":null},"access":null}'))).toThrow(/^edge is missing/)
  })
})
