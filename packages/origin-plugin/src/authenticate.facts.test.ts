import { AUDIENCE, createTestTeam, ISSUER, type TestTeam } from '@countersign/test-support/access-team'
import { createCa, type IssuedCert, type TestCa } from '@countersign/test-support/certificates'
import { createParties, type Parties } from '@countersign/test-support/parties'
import { testKey } from '@countersign/test-support/test-key'
import type { HeaderLine } from '@countersign/test-support/wire-request'
import { type WrittenCertificate, writeCaCert, writeClientCert } from '@countersign/test-support/write-certificate'
import { der } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { AUTHORITY, type EdgeRequest, edgeLines } from '../test/support/edge-lines.ts'
import { refusalFrom } from '../test/support/expect-refusal.ts'
import { rfc9440Lines, tokenLine } from '../test/support/header-lines.ts'
import { entry, writeCrl } from '../test/support/write-crl.ts'
import { authenticate } from './authenticate.ts'
import { createClientMemory } from './client-memory.ts'
import { type CountersignErrorCode, countersignErrors } from './errors.ts'
import { createDigestSet, type Digest } from './facts/digest-set.ts'
import { type CountersignPluginOptions, resolveOptions, type Settings } from './options.ts'
import type { ReceivedRequest } from './request-target.ts'

const NOW = Math.floor(Date.now() / 1000)
const date = (second: number) => new Date(second * 1000)

let parties: Parties
let other: TestTeam
let stranger: TestCa
beforeAll(async () => {
  parties = await createParties()
  other = await createTestTeam()
  stranger = await createCa('CN=Other CA')
})

/** An origin that forgets its clients at once, so that only facts are left, and the digests that it has learnt. */
function originOf(changes: Partial<CountersignPluginOptions> = {}) {
  const learnt: Digest[] = []
  const set = createDigestSet(1_000)
  const facts: Settings['facts'] = {
    has: set.has,
    add(digest) {
      learnt.push(digest)
      set.add(digest)
    },
  }
  const options = {
    edge: { keys: parties.key.jwk, hosts: [AUTHORITY] },
    access: { issuer: ISSUER, audience: AUDIENCE, jwks: parties.access.jwks },
    trustedIssuers: [parties.ca.pem],
    ...changes,
  }
  const settings = { ...resolveOptions(options, () => {}), facts }
  settings.memory.remember = () => {}
  return {
    options,
    settings,
    learnt,
    change: (later: Partial<CountersignPluginOptions>) => takeOver(settings, options, later),
  }
}

/** Puts the parts of other options in the place of those in use, and keeps the facts, as a reload does. */
function takeOver(
  settings: Settings,
  options: CountersignPluginOptions,
  changes: Partial<CountersignPluginOptions>,
): void {
  const { access, trustedIssuers } = resolveOptions({ ...options, ...changes }, () => {})
  Object.assign(settings.access ?? {}, access)
  Object.assign(settings.trustedIssuers, { current: trustedIssuers.current })
}

function received(request: EdgeRequest = {}, lines?: readonly HeaderLine[]): ReceivedRequest {
  const { cert, token, key } = parties
  const all: HeaderLine[] = [['Host', AUTHORITY], ...(lines ?? edgeLines('/me', { cert, token, key, ...request }))]
  const headers = Object.fromEntries(all.map(([name, value]) => [name.toLowerCase(), value]))
  return { originalUrl: '/me', raw: { method: 'GET', httpVersionMajor: 1, headers, rawHeaders: all.flat() } }
}

const accept = async (settings: Settings, request?: EdgeRequest, now?: number) =>
  authenticate(received(request), settings, now)
const codeOf = async (settings: Settings, request?: EdgeRequest, now?: number) =>
  (await refusalFrom(accept(settings, request, now))).code

const encoded = (...certificates: readonly WrittenCertificate[]) =>
  certificates.map((each) => `:${each.der.toString('base64')}:`).join(', ')
const issuedBy = (issuer: WrittenCertificate, { cert, pem }: WrittenCertificate): IssuedCert => ({
  cert,
  pem,
  issuer: issuer.cert,
})

describe('the facts of a request', () => {
  it('are learnt once, when the client is proven', async () => {
    const { settings, learnt } = originOf()
    const first = await accept(settings)
    expect(new Set(learnt).size).toBe(3)
    const second = await accept(settings)
    expect(learnt).toHaveLength(3)
    expect(second.clientCert).not.toBe(first.clientCert)
    expect(second.clientCert).toEqual(first.clientCert)
    expect(second.access).toEqual(first.access)
  })

  it('are those of the token alone without a certificate, where that is optional', async () => {
    const { settings, learnt } = originOf()
    await authenticate(received({ cert: null }), settings, NOW, true)
    expect(learnt).toHaveLength(1)
    await accept(settings)
    expect(learnt).toHaveLength(3)
  })

  it('have room for the three of each of maxKnownClients', () => {
    const { options } = originOf()
    const held = (maxKnownClients: number) => {
      const { facts } = resolveOptions({ ...options, maxKnownClients }, () => {})
      const digests = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(32))
      for (const digest of digests) facts.add(digest)
      return digests.map((digest) => facts.has(digest))
    }
    expect(held(0)).toEqual([false, false, false, false])
    expect(held(1)).toEqual([false, true, true, true])
    expect(held(2)).toEqual([true, true, true, true])
  })

  it('are not learnt from a request that is refused, in whichever step', async () => {
    const expired = { notBefore: date(NOW - 2_000), notAfter: date(NOW - 1_000) }
    const { ca, access, cert } = parties
    const revoked = await ca.issue({ serialNumber: '4711' })
    const options = { trustedIssuers: [{ ca: ca.pem, revocation: { crl: () => listOf('4711') } }] }
    const started = originOf(options)
    await started.settings.background.start()
    onTestFinished(() => started.settings.background.stop())
    const withoutList = originOf({ trustedIssuers: [{ ca: ca.pem, revocation: { crl: '/missing.crl' } }] })
    const negative = await ca.issue({ rawSerialNumber: Buffer.of(0x80) })
    const unfetched = originOf({ access: { issuer: ISSUER, audience: AUDIENCE, jwksUri: 'http://127.0.0.1:9/keys' } })
    const claims = (changes: object) => access.token({ ...changes })
    const refused: [CountersignErrorCode, EdgeRequest, ReturnType<typeof originOf>?][] = [
      ['CSN_HEADERS_MALFORMED', { tamper: (lines) => [...lines, ['x-cert-verify', 'SUCCESS']] }],
      ['CSN_HEADERS_MALFORMED', { changes: { 'client-cert': 'no bytes' } }],
      ['CSN_SIGNATURE_MISSING', { key: null }],
      ['CSN_SIGNATURE_INVALID', { signedTarget: '/you' }],
      ['CSN_SIGNATURE_EXPIRED', { created: NOW - 1_000 }],
      ['CSN_ACCESS_KEYS_UNAVAILABLE', {}, unfetched],
      ['CSN_ACCESS_TOKEN_INVALID', { token: await other.token() }],
      ['CSN_ACCESS_TOKEN_INVALID', { token: await claims({ aud: ['another'] }) }],
      ['CSN_ACCESS_TOKEN_INVALID', { token: await claims({ type: 'org' }) }],
      ['CSN_ACCESS_TOKEN_EXPIRED', { token: await claims({ exp: NOW - 1_000 }) }],
      ['CSN_CERT_MISSING', { cert: null }],
      ['CSN_CERT_UNVERIFIED', { changes: { 'x-cert-verify': 'FAILED:self signed certificate' } }],
      ['CSN_CERT_REVOKED', { changes: { 'x-cert-revoked': '1' } }],
      ['CSN_CERT_MISMATCH', { changes: { 'x-cert-serial': '0A1B' } }],
      ['CSN_CERT_UNTRUSTED_ISSUER', { cert: await stranger.issue() }],
      ['CSN_CERT_EXPIRED', { cert: await ca.issue(expired) }],
      ['CSN_CERT_MISMATCH', { token: await claims({ common_name: 'pay-2' }) }],
      ['CSN_CERT_REVOKED', { cert: revoked }, started],
      ['CSN_CERT_UNREADABLE', { cert: negative }, started],
      ['CSN_REVOCATION_UNAVAILABLE', { cert }, withoutList],
    ]
    for (const [code, request, { settings, learnt } = originOf()] of refused) {
      const outcome = await refusalFrom(accept(settings, request))
      expect([outcome.code, learnt], outcome.reason).toEqual([code, []])
    }
    const untried = [...countersignErrors.keys()].filter((code) => !refused.some(([tried]) => tried === code))
    expect(untried.sort()).toEqual([
      // The first proof that can teach a fact is the token.
      'CSN_ACCESS_TOKEN_MISSING',
      // Those below refuse a client that is proven.
      'CSN_CERT_FORBIDDEN',
      'CSN_IDENTIFY_UNAVAILABLE',
      'CSN_REPLAY_STORE_UNAVAILABLE',
      'CSN_SIGNATURE_REPLAYED',
      'CSN_USER_UNKNOWN',
    ])
  })

  it('are not learnt from a client without a certificate that is refused', async () => {
    const { settings, learnt } = originOf()
    const token = await parties.access.token({ common_name: 'pay-1' })
    const named = async () => authenticate(received({ cert: null, token }), settings, NOW, true)
    expect((await refusalFrom(named())).code).toBe('CSN_CERT_MISMATCH')
    const request = received({ cert: null, method: 'OPTIONS' })
    Object.assign(request.raw, { method: 'OPTIONS' })
    const preflight = async () => authenticate(request, settings, NOW, true)
    expect((await refusalFrom(preflight())).code).toBe('CSN_CERT_MISSING')
    expect(learnt).toEqual([])
  })

  it('grow by nothing for a client that sends another chain each time', async () => {
    const { settings, learnt } = originOf()
    await accept(settings)
    const count = learnt.length
    for (const name of ['one', 'two']) {
      await accept(settings, { changes: { 'client-cert-chain': encoded(writeCaCert(name)) } })
    }
    expect(learnt).toHaveLength(count)
  })
})

/** A list with these serial numbers. */
function listOf(...serials: readonly string[]): Buffer {
  const day = (days: number) =>
    der(
      0x17,
      `${date(NOW + days * 86_400)
        .toISOString()
        .replace(/\D/g, '')
        .slice(2, 14)}Z`,
    )
  const entries = serials.map((serial) => entry(serial))
  return writeCrl(parties.ca, { thisUpdate: day(serials.length - 2), nextUpdate: day(1), entries })
}

describe('a client whose facts are known', () => {
  it('is refused once its token or its certificate has expired', async () => {
    const { settings } = originOf()
    const token = await parties.access.token({ exp: NOW + 100 })
    const created = { created: NOW + 104 }
    await accept(settings, { token, ...created }, NOW + 104)
    const late = { token, created: NOW + 105 }
    expect(await codeOf(settings, late, NOW + 105)).toBe('CSN_ACCESS_TOKEN_EXPIRED')

    const cert = await parties.ca.issue({ notAfter: date(NOW + 60) })
    await accept(settings, { cert, created: NOW + 60 }, NOW + 60)
    expect(await codeOf(settings, { cert, created: NOW + 61 }, NOW + 61)).toBe('CSN_CERT_EXPIRED')
  })

  it('is refused once the key of its token is removed, and admitted once it is back', async () => {
    const { settings, learnt, change } = originOf()
    await accept(settings)
    const access = { issuer: ISSUER, audience: AUDIENCE, jwks: other.jwks }
    // The other team's key has the same kid.
    change({ access })
    expect(await refusalFrom(accept(settings))).toEqual({
      code: 'CSN_ACCESS_TOKEN_INVALID',
      reason: 'the signature of the token does not verify',
    })
    await accept(settings, { token: await other.token() })
    change({})
    await accept(settings)
    expect(await codeOf(settings, { token: await other.token() })).toBe('CSN_ACCESS_TOKEN_INVALID')
    expect(learnt).toHaveLength(4)
  })

  it('is refused once its CA is removed, although another one has its name', async () => {
    const { settings, change } = originOf()
    await accept(settings)
    change({ trustedIssuers: [stranger.pem] })
    expect(await codeOf(settings)).toBe('CSN_CERT_UNTRUSTED_ISSUER')
    change({ trustedIssuers: [(await createCa()).pem] })
    expect(await codeOf(settings)).toBe('CSN_CERT_UNTRUSTED_ISSUER')
    change({})
    await accept(settings)
  })

  it('is refused if only keys and CAs are left that were tried for it, and did not sign', async () => {
    const access = { issuer: ISSUER, audience: AUDIENCE }
    const namesake = await createCa()
    const both = { keys: [...other.jwks.keys, ...parties.access.jwks.keys] }
    const { settings, learnt, change } = originOf({
      access: { ...access, jwks: both },
      trustedIssuers: [namesake.pem, parties.ca.pem],
    })
    await accept(settings)
    expect(learnt).toHaveLength(3)
    change({ access: { ...access, jwks: other.jwks } })
    expect(await codeOf(settings)).toBe('CSN_ACCESS_TOKEN_INVALID')
    change({ access: { ...access, jwks: both }, trustedIssuers: [namesake.pem] })
    expect(await codeOf(settings)).toBe('CSN_CERT_UNTRUSTED_ISSUER')
  })

  it('is refused once it is on a revocation list', async () => {
    const { ca } = parties
    const cert = await ca.issue({ serialNumber: '4712' })
    const originWith = async (list: Buffer) => {
      const origin = originOf({ trustedIssuers: [{ ca: ca.pem, revocation: { crl: () => list } }] })
      await origin.settings.background.start()
      onTestFinished(() => origin.settings.background.stop())
      return origin.settings
    }
    const [settings, later] = [await originWith(listOf()), await originWith(listOf('4712'))]
    await accept(settings, { cert })
    const [list, next] = [settings, later].map((each) => each.revocations()[0])
    if (next) list?.inherit(next)
    expect(await codeOf(settings, { cert })).toBe('CSN_CERT_REVOKED')
  })

  it('is refused with a value that was not checked before: its token, its chain, or two headers in one', async () => {
    const { settings, learnt } = originOf({ edge: null })
    await accept(settings, { key: null })
    expect(learnt).toHaveLength(3)
    const refused = async (tamper: EdgeRequest['tamper']) =>
      (await refusalFrom(accept(settings, { key: null, ...(tamper && { tamper }) }))).reason
    expect(await refused((lines) => [...lines, ['client-cert-chain', ':a\tb:']])).toBe(
      'client-cert-chain is empty or not printable ASCII',
    )
    expect(await refused((lines) => [tokenLine('a\tb'), ...lines.slice(1)])).toBe(
      'cf-access-jwt-assertion is empty or not printable ASCII',
    )
    const names = ['x-cert-serial', 'x-cert-issuer-serial']
    const merged = await refused((lines) => {
      const [serial, next] = names.map((name) => lines.find(([each]) => each === name) as HeaderLine)
      const rest = lines.filter(([name]) => !names.includes(name))
      return [...rest, ['x-cert-serial', `${serial?.[1]}\n"x-cert-issuer-serial": ${next?.[1]}`]]
    })
    expect(merged).toBe('x-cert-serial is empty or not printable ASCII')
  })

  it('has the properties of its first request, with and without an own header for each', async () => {
    const { ca } = parties
    const certificates = [
      await ca.issue({ subject: 'CN=Zoë,O=Acme\\, Inc.' }),
      await ca.issue({ rawSerialNumber: Buffer.of(0x80) }),
      issuedBy(writeCaCert('root'), writeClientCert(writeCaCert('root'), { keyIds: false })),
    ]
    for (const cert of certificates) {
      for (const ski of [{}, { 'x-cert-ski': null }]) {
        const { settings } = originOf({ trustedIssuers: null })
        const [first, second] = [
          await accept(settings, { cert, changes: ski }),
          await accept(settings, { cert, changes: ski }),
        ]
        expect(second.clientCert).not.toBe(first.clientCert)
        expect({ ...second.clientCert }).toEqual({ ...first.clientCert })
        expect(second.clientCert?.keyId).toBe(first.clientCert?.keyId)
      }
    }
  })

  it('is judged by the options of now', async () => {
    const { settings, change } = originOf()
    await accept(settings)
    const access = { issuer: ISSUER, audience: AUDIENCE, jwks: parties.access.jwks }
    change({ access: { ...access, audience: 'another' } })
    expect(await codeOf(settings)).toBe('CSN_ACCESS_TOKEN_INVALID')
    change({ access: { ...access, issuer: 'https://other.cloudflareaccess.com' } })
    expect(await codeOf(settings)).toBe('CSN_ACCESS_TOKEN_INVALID')
    change({ access: { ...access, matches: () => false } })
    expect(await codeOf(settings)).toBe('CSN_CERT_MISMATCH')
  })

  it('is unknown to another registration', async () => {
    const { settings, learnt, options } = originOf()
    const [one, two] = [resolveOptions(options, () => {}), resolveOptions(options, () => {})]
    await accept(settings)
    await accept(one)
    expect(learnt.map((fact) => [one.facts.has(fact), two.facts.has(fact)])).toEqual(learnt.map(() => [true, false]))
  })
})

describe('the facts of a CA and of a path', () => {
  const root = writeCaCert('root')
  /** The same name and key with another key identifier, as in a certificate that was renewed. */
  const keyId = der(0x30, der(0x80, Buffer.alloc(20, 7)))
  const alien = writeClientCert(root, { keyIds: false, extensions: [{ oid: '551d23', value: keyId }] })
  const request = () => ({ cert: issuedBy(root, alien), changes: { 'client-cert-chain': encoded(root) } })
  const direct = { trustedIssuers: [root.pem] }
  const byPath = { trustedIssuers: [{ ca: root.pem, chain: { maxDepth: 1 } }] }

  it('are not those of direct trust, which also compares key identifiers', async () => {
    const { settings, learnt, change } = originOf(byPath)
    await accept(settings, request())
    expect(learnt).toHaveLength(3)
    change(direct)
    expect(await refusalFrom(accept(settings, request()))).toEqual({
      code: 'CSN_CERT_UNTRUSTED_ISSUER',
      reason: expect.stringMatching(
        /^the certificate names another certificate of its issuer CN=root, with the same key/,
      ),
    })
    change(byPath)
    await accept(settings, request())
    expect(learnt).toHaveLength(3)
  })

  it('are verified for a path although direct trust is known, and the other way round', async () => {
    const request = { cert: issuedBy(root, writeClientCert(root)) }
    const one = originOf(direct)
    await accept(one.settings, request)
    one.change(byPath)
    await accept(one.settings, request)
    expect(new Set(one.learnt).size).toBe(4)
    one.change(direct)
    await accept(one.settings, request)
    expect(one.learnt).toHaveLength(4)
  })

  it('do not let a client pass by another CA with the name of the one that is known', async () => {
    const sub = writeCaCert('sub', root)
    const client = writeClientCert(sub)
    const forged = writeCaCert('sub', root, { signer: testKey() })
    const { settings } = originOf(byPath)
    const cert = issuedBy(sub, client)
    await accept(settings, { cert, changes: { 'client-cert-chain': encoded(sub) } })
    expect(await codeOf(settings, { cert, changes: { 'client-cert-chain': encoded(forged) } })).toBe(
      'CSN_CERT_UNTRUSTED_ISSUER',
    )
    const alike = writeClientCert(writeCaCert('sub'), {})
    expect(await codeOf(settings, { cert: issuedBy(sub, alike), changes: { 'client-cert-chain': encoded(sub) } })).toBe(
      'CSN_CERT_UNTRUSTED_ISSUER',
    )
    // Another key of the same name is tried in vain, and does not count as the signer from then on.
    const namesake = writeCaCert('sub', root)
    for (const [others, code] of [
      [[namesake, forged, sub], undefined],
      [[namesake], 'CSN_CERT_UNTRUSTED_ISSUER'],
    ] as const) {
      const changes = { 'client-cert-chain': encoded(...others) }
      if (code) expect(await codeOf(settings, { cert, changes })).toBe(code)
      else await accept(settings, { cert, changes })
    }
  })
})

describe('the facts of a certificate alone', () => {
  it('are three for rfc9440 too, and are not those of other bytes', async () => {
    const { settings, learnt } = originOf({ edge: null, source: 'rfc9440' })
    const { ca, cert, token } = parties
    const ask = async (issued: IssuedCert) =>
      authenticate(received({}, [tokenLine(token), ...rfc9440Lines(issued)]), settings)
    const first = await ask(cert)
    expect((await ask(cert)).clientCert).toEqual(first.clientCert)
    expect(learnt).toHaveLength(3)
    await ask(await ca.issue())
    expect(learnt).toHaveLength(5)
  })
})

describe('a memory of clients of one entry', () => {
  it('does not take a client for the one before it', async () => {
    const { settings } = originOf()
    const memory = createClientMemory(1)
    const second = await parties.ca.issue({ subject: 'CN=second' })
    for (let round = 0; round < 3; round += 1) {
      for (const cert of [parties.cert, second]) {
        const { clientCert } = await accept({ ...settings, memory }, { cert })
        expect(clientCert?.serialNumber).toBe(cert.cert.serialNumber)
      }
    }
  })
})
