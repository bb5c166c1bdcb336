import { Session } from 'node:inspector/promises'
import { AUDIENCE, ISSUER } from '@countersign/test-support/access-team'
import { createCa, type IssuedCert } from '@countersign/test-support/certificates'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { createParties, type Parties } from '@countersign/test-support/parties'
import { testKey } from '@countersign/test-support/test-key'
import type { HeaderLine } from '@countersign/test-support/wire-request'
import { type WrittenCertificate, writeCaCert, writeClientCert } from '@countersign/test-support/write-certificate'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { AUTHORITY, type EdgeRequest, edgeLines } from '../test/support/edge-lines.ts'
import { type Refused, refusalFrom } from '../test/support/expect-refusal.ts'
import { authenticate } from './authenticate.ts'
import type { ClientCert } from './client-cert.ts'
import type { KnownClient } from './client-memory.ts'
import { importEdgeKeys } from './edge-signature/edge-keys.ts'
import { type CountersignPluginOptions, resolveOptions, type Settings } from './options.ts'
import type { ReceivedRequest } from './request-target.ts'

const NONCE = 'AAAAAAAAAAAAAAAAAAAAAA'

let parties: Parties
let expired: IssuedCert
beforeAll(async () => {
  parties = await createParties()
  expired = await parties.ca.issue({
    notBefore: new Date('2020-01-01T00:00:00Z'),
    notAfter: new Date('2021-01-01T00:00:00Z'),
  })
})

/** Settings, and the list of clients that were stored in their memory. */
function settingsOf(changes: Partial<CountersignPluginOptions> = {}) {
  const settings = resolveOptions(
    {
      edge: { keys: parties.key.jwk, hosts: [AUTHORITY] },
      access: { issuer: ISSUER, audience: AUDIENCE, jwks: parties.access.jwks },
      trustedIssuers: [parties.ca.pem],
      ...changes,
    },
    () => {},
  )
  const remembered: KnownClient[] = []
  const memory: Settings['memory'] = {
    ...settings.memory,
    remember(client) {
      remembered.push(client)
      settings.memory.remember(client)
    },
  }
  return { settings: { ...settings, memory }, remembered }
}

/** A request of the edge as Node's parser leaves it. */
function received(request: EdgeRequest = {}): ReceivedRequest {
  const { cert, token, key } = parties
  const lines: HeaderLine[] = [['Host', AUTHORITY], ...edgeLines('/me', { cert, token, key, ...request })]
  const headers = Object.fromEntries(lines.map(([name, value]) => [name.toLowerCase(), value]))
  return { originalUrl: '/me', raw: { method: 'GET', httpVersionMajor: 1, headers, rawHeaders: lines.flat() } }
}

const accept = async (settings: Settings, request?: EdgeRequest) => authenticate(received(request), settings)
const refuse = (settings: Settings, request?: EdgeRequest): Promise<Refused> => refusalFrom(accept(settings, request))

/** Replaces the issuers, as a reload does. */
function reload(settings: Settings, pem: string): void {
  const { current } = resolveOptions(
    { edge: null, access: { issuer: ISSUER, audience: AUDIENCE, jwks: parties.access.jwks }, trustedIssuers: [pem] },
    () => {},
  ).trustedIssuers
  Object.assign(settings.trustedIssuers, { current })
}

describe('authenticate while keys and trusted issuers change', () => {
  it('decides by the new ones, for a client that it knows too', async () => {
    const { settings, remembered } = settingsOf()
    await accept(settings)
    const other = await createCa()
    reload(settings, other.pem)
    expect((await refuse(settings)).code).toBe('CSN_CERT_UNTRUSTED_ISSUER')
    reload(settings, parties.ca.pem)
    await accept(settings)
    expect(remembered.at(-1)?.certificate.trustedIssuers).toBe(settings.trustedIssuers.current)
  })

  it('forgets the clients of before', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let pem = parties.ca.pem
    const { settings, remembered } = settingsOf({ trustedIssuers: [{ ca: () => pem, refresh: 1 }] })
    onTestFinished(() => {
      settings.background.stop()
      vi.useRealTimers()
    })
    await settings.background.start()
    await accept(settings)
    const [{ fields } = expect.fail('nothing is remembered')] = remembered
    await vi.advanceTimersByTimeAsync(1000)
    expect(settings.memory.recall(fields)).toBeDefined()
    pem += (await createCa()).pem
    await vi.advanceTimersByTimeAsync(1000)
    expect(settings.memory.recall(fields)).toBeUndefined()
    await accept(settings)
  })

  it('decides by the new ones alone if they change while the token waits for its key', async () => {
    const { settings } = settingsOf()
    const other = await createCa()
    const waiting = authenticate(received(), settings)
    expect(waiting).toBeInstanceOf(Promise)
    reload(settings, other.pem)
    await expect(waiting).rejects.toMatchObject({ code: 'CSN_CERT_UNTRUSTED_ISSUER' })
    // A request that was under way brings no client back.
    expect((await refuse(settings)).code).toBe('CSN_CERT_UNTRUSTED_ISSUER')
  })

  it('decides by the keys of the Worker that are left while the token waits for its key', async () => {
    const { settings, remembered } = settingsOf()
    const removed = authenticate(received(), settings)
    expect(removed).toBeInstanceOf(Promise)
    Object.assign(settings.edge?.keys ?? {}, { current: importEdgeKeys(hmacKey('next').jwk) })
    await expect(removed).rejects.toMatchObject({
      code: 'CSN_SIGNATURE_INVALID',
      reason: `the keyid "${parties.key.jwk.kid}" is not one of edge.keys: "next"`,
    })
    expect(remembered).toEqual([])
    const fresh = settingsOf().settings
    const kept = authenticate(received(), fresh)
    expect(kept).toBeInstanceOf(Promise)
    Object.assign(fresh.edge?.keys ?? {}, { current: importEdgeKeys([parties.key.jwk, hmacKey('next').jwk]) })
    expect((await kept).clientCert).not.toBeNull()
  })
})

describe('authenticate', () => {
  it('returns the certificate and the identity of the token', async () => {
    const { clientCert, access } = await accept(settingsOf().settings)
    expect(String(clientCert?.subject)).toBe('CN=pay-1,OU=Ops,O=Acme\\, Inc.,C=US')
    expect(access).toMatchObject({ kind: 'user', email: 'jane@acme.example' })
  })

  it('keeps no token in the certificate, which applications keep', async () => {
    const { settings, remembered } = settingsOf()
    const { clientCert } = await accept(settings)
    const [late] = Object.getOwnPropertySymbols(clientCert).map((key) => Reflect.get(Object(clientCert), key))
    expect(await privateOf(late, '#headers', 'this.token ?? Object.keys(this.values).length > 9')).toBe(true)
    expect(remembered.map(({ fields }) => fields.token)).toEqual([undefined])
    expect(remembered[0]?.token?.token).toMatch(/^ey/)
  })

  it('has no identity with access: null, also beside a token', async () => {
    const { settings } = settingsOf({ access: null })
    expect((await accept(settings)).access).toBeNull()
  })

  it('returns without a promise with access: null, and for a token that is known', async () => {
    expect(authenticate(received(), settingsOf({ access: null }).settings)).not.toBeInstanceOf(Promise)
    const { settings } = settingsOf()
    const first = await accept(settings)
    expect(authenticate(received(), settings)).toEqual({ ...first, signature: expect.anything() })
  })

  it('joins repeated lines of the signature headers that arrive as lists', async () => {
    const { raw, originalUrl } = received()
    const { 'signature-input': input = '', signature = '' } = raw.headers
    const headers = {
      ...raw.headers,
      'signature-input': ['sig1=("@method");created=1', String(input)],
      signature: ['sig1=:AAAA:', String(signature)],
    }
    const request = { originalUrl, raw: { ...raw, headers } }
    const { clientCert } = await authenticate(request as unknown as ReceivedRequest, settingsOf().settings)
    expect(clientCert?.subject.CN).toBe('pay-1')
  })

  it('returns the signature with its nonce, and does not spend it', async () => {
    const { settings } = settingsOf()
    const created = Math.floor(Date.now() / 1000)
    const signature = { created, expires: created + 60, nonce: NONCE, keyid: 'hmac-1', alg: 'hmac-sha256' }
    for (let time = 0; time < 2; time += 1) {
      expect((await accept(settings, { nonce: NONCE, created })).signature).toEqual(signature)
    }
    expect((await accept(settingsOf({ edge: null }).settings)).signature).toBeNull()
  })
})

describe('the order of refusals', () => {
  it('reports the first fault of a request that has every fault', async () => {
    const ca = await createCa('CN=Other CA')
    const { settings } = settingsOf({ trustedIssuers: [ca.pem] })
    const past = Math.floor(Date.now() / 1000) - 3600
    const mismatched = { common_name: 'pay-2' }
    const faults: EdgeRequest = {
      cert: expired,
      token: await parties.access.token({ ...mismatched, exp: past }),
      key: hmacKey(),
      changes: { 'x-cert-verify': 'FAILED:forged', 'x-cert-serial': '0A1B' },
      tamper: (lines) => [...lines, ['x-cert-verify', 'SUCCESS']],
    }
    // Each step mends one fault more than the step before it.
    const steps: [EdgeRequest, string, string | RegExp][] = [
      [{}, 'CSN_HEADERS_MALFORMED', 'x-cert-verify is repeated'],
      [{ tamper: (lines) => [...lines.slice(0, -2)] }, 'CSN_SIGNATURE_MISSING', 'Signature-Input is missing'],
      [{ tamper: (lines) => lines }, 'CSN_SIGNATURE_INVALID', /^the signature does not verify for GET /],
      [{ key: parties.key }, 'CSN_ACCESS_TOKEN_EXPIRED', /^the claim exp is \d+ s in the past$/],
      [
        { token: await parties.access.token(mismatched) },
        'CSN_CERT_UNVERIFIED',
        /FAILED:forged \(serial number 0A1B, /,
      ],
      [{ changes: { 'x-cert-serial': '0A1B' } }, 'CSN_CERT_MISMATCH', /^Client-Cert does not match /],
      [
        { changes: {} },
        'CSN_CERT_UNTRUSTED_ISSUER',
        /^the issuer CN=Acme Client CA,O=Acme,C=US is not one of trustedIssuers \(serial number /,
      ],
    ]
    let request = faults
    for (const [mended, code, reason] of steps) {
      request = { ...request, ...mended }
      expect(await refuse(settings, request)).toEqual({ code, reason: expect.stringMatching(reason) })
    }

    const trusting = settingsOf().settings
    expect(await refuse(trusting, request)).toEqual({
      code: 'CSN_CERT_EXPIRED',
      reason: expect.stringMatching(
        /^the certificate expired on Jan {2}1 00:00:00 2021 GMT \(serial number [0-9A-F]+, SHA-256 [0-9A-F]{64}, subject CN=pay-1,/,
      ),
    })
    request = { ...request, cert: parties.cert }
    expect(await refuse(trusting, request)).toEqual({
      code: 'CSN_CERT_MISMATCH',
      reason: expect.stringMatching(/^the Access token does not match the certificate: common_name \(serial number /),
    })
  })
})

describe('the memory of clients', () => {
  it('gets a client once, with all proofs', async () => {
    const { settings, remembered } = settingsOf()
    await accept(settings)
    expect(remembered.map(({ token, stableLines }) => [token?.token, stableLines?.token])).toEqual([
      [parties.token, parties.token],
    ])
  })

  it('is not written again for the same token', async () => {
    const { settings, remembered } = settingsOf()
    const first = await accept(settings)
    remembered.length = 0
    const second = await accept(settings)
    expect(remembered).toEqual([])
    expect(second.clientCert).toBe(first.clientCert)
    expect(second.access).toBe(first.access)
  })

  it('is written once for another token of the same client', async () => {
    const { settings, remembered } = settingsOf()
    const first = await accept(settings)
    remembered.length = 0
    const token = await parties.access.token({ email: 'joe@acme.example' })
    const second = await accept(settings, { token })
    expect(second.access).toMatchObject({ email: 'joe@acme.example' })
    expect(second.clientCert).toBe(first.clientCert)
    expect(remembered.map((client) => [client.token?.token, client.stableLines?.token])).toEqual([[token, token]])
  })

  it('has tokens but no lines with edge: null', async () => {
    const { settings, remembered } = settingsOf({ edge: null })
    const joe = await parties.access.token({ email: 'joe@acme.example' })
    for (const token of [parties.token, parties.token, joe, joe]) await accept(settings, { key: null, token })
    expect(remembered.map(({ token, stableLines }) => [token?.token, stableLines])).toEqual([
      [parties.token, undefined],
      [joe, undefined],
    ])
  })

  it('has lines but no token with access: null', async () => {
    const { settings, remembered } = settingsOf({ access: null })
    const joe = await parties.access.token({ email: 'joe@acme.example' })
    for (const token of [parties.token, parties.token, joe, joe]) await accept(settings, { token })
    expect(remembered.map(({ token, stableLines }) => [token, stableLines?.token])).toEqual([
      [undefined, parties.token],
      [undefined, joe],
    ])
  })

  it('gets no client before the signature, the token and the verdict are right', async () => {
    const { settings, remembered } = settingsOf()
    for (const request of [
      { key: null },
      { key: hmacKey() },
      { token: 'a.b.c' },
      { changes: { 'x-cert-verify': 'FAILED:forged' } },
    ]) {
      await refuse(settings, request)
    }
    expect(remembered).toEqual([])
  })

  it('has the certificate of a client outside of its validity, so that it is parsed once', async () => {
    const { settings, remembered } = settingsOf()
    for (let time = 0; time < 3; time += 1) {
      expect((await refuse(settings, { cert: expired })).code).toBe('CSN_CERT_EXPIRED')
    }
    expect(remembered.map(({ token, stableLines }) => [token, stableLines])).toEqual([[undefined, undefined]])
  })

  it('refuses a known client once its certificate has expired', async () => {
    const { settings } = settingsOf({ access: null })
    const end = Date.parse(parties.cert.cert.validTo) / 1000
    expect((await authenticate(received({ created: end - 1 }), settings, end)).access).toBeNull()
    const late = async () => authenticate(received({ created: end }), settings, end + 1)
    expect((await refusalFrom(late())).code).toBe('CSN_CERT_EXPIRED')
  })

  it('has no token that does not agree with the certificate', async () => {
    const { settings, remembered } = settingsOf()
    const token = await parties.access.token({ common_name: 'pay-2' })
    const refused = {
      code: 'CSN_CERT_MISMATCH',
      reason: expect.stringMatching(/^the Access token does not match the certificate: common_name \(serial number /),
    }
    for (let time = 0; time < 3; time += 1) expect(await refuse(settings, { token })).toEqual(refused)
    expect(remembered.map((client) => [client.token, client.stableLines])).toEqual([[undefined, undefined]])
    // A token that agreed before saves the comparison for itself alone.
    await accept(settings)
    expect(await refuse(settings, { token })).toEqual(refused)
    expect(remembered.map((client) => client.token?.token)).toEqual([undefined, parties.token])
  })

  it('does not save the call of access.matches', async () => {
    let agrees = true
    const access = { issuer: ISSUER, audience: AUDIENCE, jwks: parties.access.jwks, matches: () => agrees }
    const { settings } = settingsOf({ access })
    await accept(settings)
    await accept(settings)
    agrees = false
    expect(await refuse(settings)).toEqual({
      code: 'CSN_CERT_MISMATCH',
      reason: expect.stringMatching(/^access\.matches did not return true \(serial number /),
    })
  })
})

describe('a certification path in the memory', () => {
  const NOW = Math.floor(Date.now() / 1000)
  const date = (second: number) => new Date(second * 1000)
  const root = writeCaCert('root')
  const [early, late] = [testKey(), testKey()].map((key) =>
    writeCaCert('sub', root, { key, notBefore: date(NOW - 50), notAfter: date(NOW + 50) }),
  ) as [WrittenCertificate, WrittenCertificate]
  const renewed = writeCaCert('sub', root, { key: late.key, notBefore: date(NOW + 40), notAfter: date(NOW + 100) })

  const options = { edge: null, trustedIssuers: [{ ca: root.pem, chain: { maxDepth: 1 } }] }

  /** A client of the first certificate, which sends all of them. */
  function requestOf(issuer: WrittenCertificate, ...others: readonly WrittenCertificate[]): ReceivedRequest {
    const { cert, pem } = writeClientCert(issuer)
    const chain = [issuer, ...others].map(({ der }) => `:${der.toString('base64')}:`).join(', ')
    return received({ key: null, cert: { cert, issuer: issuer.cert, pem }, changes: { 'client-cert-chain': chain } })
  }

  it('is not used after a CA in it has expired', async () => {
    const { settings, remembered } = settingsOf(options)
    const request = requestOf(early)
    for (const now of [NOW, NOW + 50]) {
      expect((await authenticate(request, settings, now)).clientCert?.chain).toHaveLength(2)
    }
    expect(remembered).toHaveLength(1)
    expect(await refusalFrom((async () => authenticate(request, settings, NOW + 51))())).toEqual({
      code: 'CSN_CERT_UNTRUSTED_ISSUER',
      reason: expect.stringMatching(/^the CA certificate CN=sub expired on /),
    })
    expect((await authenticate(request, settings, NOW)).clientCert?.chain).toHaveLength(2)
    expect(remembered).toHaveLength(1)
  })

  it('is replaced by another one that is valid then, and access.matches gets it', async () => {
    const compared: unknown[] = []
    const access = {
      issuer: ISSUER,
      audience: AUDIENCE,
      jwks: parties.access.jwks,
      matches: (_access: unknown, { chain }: ClientCert) => compared.push(chain?.[0]?.serialNumber) > 0,
    }
    const { settings } = settingsOf({ ...options, access })
    const request = requestOf(late, renewed)
    for (const now of [NOW, NOW + 1, NOW + 51, NOW + 52]) await authenticate(request, settings, now)
    const [first, second] = [late, renewed].map(({ cert }) => cert.serialNumber)
    expect(compared).toEqual([first, first, second, second])
  })
})

/** A value that a debugger knows. */
interface Remote {
  readonly objectId: string
  readonly value?: unknown
}

/** The answers of a debugger. Node's own types lack private properties. */
interface Debugger {
  readonly result: Remote
  readonly privateProperties: readonly { readonly name: string; readonly value: Remote }[]
}

/** Evaluates an expression on a private property, as a debugger does. */
async function privateOf(object: unknown, name: string, expression: string): Promise<unknown> {
  const session = new Session()
  session.connect()
  onTestFinished(() => session.disconnect())
  const post = session.post.bind(session) as unknown as (method: string, given: object) => Promise<Debugger>
  const place = 'countersign.inspected'
  Object.assign(globalThis, { [place]: object })
  onTestFinished(() => void Reflect.deleteProperty(globalThis, place))
  const { result } = await post('Runtime.evaluate', { expression: `globalThis['${place}']` })
  const own = await post('Runtime.getProperties', { objectId: result.objectId, ownProperties: true })
  const answer = await post('Runtime.callFunctionOn', {
    objectId: own.privateProperties.find((each) => each.name === name)?.value.objectId,
    functionDeclaration: `function () { return ${expression} }`,
    returnByValue: true,
  })
  return answer.result.value
}
