import { AUDIENCE, ISSUER } from '@countersign/test-support/access-team'
import { createCa, type TestCa } from '@countersign/test-support/certificates'
import { createParties, type Parties } from '@countersign/test-support/parties'
import type { HeaderLine } from '@countersign/test-support/wire-request'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { expectRefusal } from '../test/support/expect-refusal.ts'
import { startFastifyOrigin } from '../test/support/fastify-origin.ts'
import { certificateLines, cfCertLines, rfc9440Lines, tokenLine } from '../test/support/header-lines.ts'
import { explainRequests } from './explain/explain.ts'
import type { CountersignPluginOptions } from './index.ts'

let parties: Parties
let namesake: TestCa
let plugins: Record<'rfc9440' | 'cf-cert', CountersignPluginOptions>

beforeAll(async () => {
  parties = await createParties()
  namesake = await createCa()
  const { access, ca } = parties
  const common = { edge: null, access: { issuer: ISSUER, audience: AUDIENCE, jwks: access.jwks } }
  plugins = {
    rfc9440: { ...common, source: 'rfc9440', trustedIssuers: [ca.pem] },
    'cf-cert': { ...common, source: 'cf-cert', trustedIssuers: [{ ca: ca.pem, byName: true }] },
  }
})

async function start(source: 'rfc9440' | 'cf-cert', changes: Partial<CountersignPluginOptions> = {}) {
  const origin = await startFastifyOrigin({
    plugin: { ...plugins[source], ...changes },
    routes: (app) => {
      app.get('/me', ({ clientCert }) => ({
        subject: String(clientCert?.subject),
        fingerprint256: clientCert?.fingerprint256,
        names: Object.keys(clientCert?.raw ?? {}).sort(),
        hasX509: clientCert?.x509 !== undefined,
      }))
      app.get('/ops', { config: { clientCert: { subject: { OU: 'Ops' } } } }, () => 'ops')
      app.get('/sales', { config: { clientCert: { subject: { OU: 'Sales' } } } }, () => 'sales')
    },
  })
  onTestFinished(() => origin.close())
  const get = (lines: readonly HeaderLine[], target = '/me') =>
    origin.send({ target, lines: [tokenLine(parties.token), ...lines] })
  return { ...origin, get }
}

const linesOf = {
  rfc9440: () => rfc9440Lines(parties.cert),
  'cf-cert': () => cfCertLines(parties.cert),
}
const BOTH = ['rfc9440', 'cf-cert'] as const

describe.each(BOTH)('an origin that reads %s', (source) => {
  it('admits a verified certificate, again and again, and applies the guards', async () => {
    const origin = await start(source)
    const lines = linesOf[source]()
    for (let time = 0; time < 2; time += 1) {
      const answer = await origin.get(lines)
      expect(answer.status).toBe(200)
      expect(answer.json()).toEqual({
        subject: 'CN=pay-1,OU=Ops,O=Acme\\, Inc.,C=US',
        fingerprint256: parties.cert.cert.fingerprint256,
        names: lines.map(([name]) => name).sort(),
        hasX509: source === 'rfc9440',
      })
      expect((await origin.get(lines, '/ops')).status).toBe(200)
      expectRefusal(
        origin,
        await origin.get(lines, '/sales'),
        'CSN_CERT_FORBIDDEN',
        'subject does not match: OU=Sales (subject CN=pay-1,OU=Ops,O=Acme\\, Inc.,C=US, issuer CN=Acme Client CA,O=Acme,C=US)',
      )
    }
  })

  it('requires the Access token', async () => {
    const origin = await start(source)
    const lines = linesOf[source]()
    expectRefusal(
      origin,
      await origin.send({ target: '/me', lines }),
      'CSN_ACCESS_TOKEN_MISSING',
      'Cf-Access-Jwt-Assertion is missing',
    )
    const forged = await origin.send({ target: '/me', lines: [tokenLine(`${parties.token}A`), ...lines] })
    expect(forged.code).toBe('CSN_ACCESS_TOKEN_INVALID')
  })

  it('refuses the headers of the Worker, alone and next to its own', async () => {
    const origin = await start(source)
    const workers = certificateLines(parties.cert, { 'client-cert': null })
    expectRefusal(
      origin,
      await origin.get(workers),
      'CSN_HEADERS_MALFORMED',
      `x-cert-presented is a header of the source 'worker', and this origin reads the source '${source}'`,
    )
    const [own] = linesOf[source]()[0] as HeaderLine
    for (const lines of [
      [...workers, ...linesOf[source]()],
      [...linesOf[source](), ...workers],
    ]) {
      expectRefusal(
        origin,
        await origin.get(lines),
        'CSN_HEADERS_MALFORMED',
        `x-cert-presented and ${own} are headers of two sources, 'worker' and '${source}', and this origin reads '${source}'`,
      )
    }
  })

  it('refuses a certificate of another CA', async () => {
    const stranger = await (await createCa('CN=Other CA,O=Other')).issue()
    const origin = await start(source)
    const lines = source === 'rfc9440' ? rfc9440Lines(stranger) : cfCertLines(stranger)
    expectRefusal(
      origin,
      await origin.get(lines),
      'CSN_CERT_UNTRUSTED_ISSUER',
      /^the issuer CN=Other CA,O=Other is not one of trustedIssuers \(/,
    )
  })

  it('refuses an expired certificate by its own clock', async () => {
    const expired = await parties.ca.issue({ notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') })
    const origin = await start(source)
    const lines = source === 'rfc9440' ? rfc9440Lines(expired) : cfCertLines(expired)
    expectRefusal(
      origin,
      await origin.get(lines),
      'CSN_CERT_EXPIRED',
      /^the certificate expired on Jan {2}1 00:00:00 2021 GMT \(/,
    )
  })

  it('warns at the start, once, of the proofs that are missing', async () => {
    const { log } = await start(source)
    const warnings = log.filter(({ level }) => level === 40).map(({ msg }) => String(msg))
    expect(warnings).toEqual([
      {
        rfc9440:
          'countersign: source is "rfc9440", so nothing proves that Cloudflare wrote Client-Cert, that it verified this certificate, or that its client sent this request. A client with an Access token that reaches this origin directly can send any certificate of a trusted CA, and needs no private key for it',
        'cf-cert':
          'countersign: source is "cf-cert", so nothing proves that Cloudflare wrote the certificate headers, and no signature of a CA is verified. A client with an Access token that reaches this origin directly can claim any certificate',
      }[source],
    ])
  })

  it('warns that a client can make its certificate itself, if every issuer is trusted', async () => {
    const origin = await start(source, { trustedIssuers: null })
    const lines = source === 'rfc9440' ? rfc9440Lines(await (await createCa()).issue()) : linesOf[source]()
    expect((await origin.get(lines)).status).toBe(200)
    expect(String(origin.log.find(({ level }) => level === 40)?.['msg'])).toMatch(
      source === 'rfc9440'
        ? /can send any certificate, one that it made itself too, because trustedIssuers is null$/
        : /can claim any certificate$/,
    )
  })

  it('explains a request with the names of its headers', async () => {
    const rawHeaders = ['Host', 'origin.example', ...[tokenLine(parties.token), ...linesOf[source]()].flat()]
    const request = { method: 'GET', target: '/me', rawHeaders }
    const [admitted] = await explainRequests([request], plugins[source])
    expect(admitted?.refusal).toBeNull()
    const details = Object.fromEntries(admitted?.steps.map(({ step, detail }) => [step, detail]) ?? [])
    expect(details['edge signature']).toBe('edge is null')
    const name = 'CN=pay-1,OU=Ops,O=Acme\\, Inc.,C=US, issued by CN=Acme Client CA,O=Acme,C=US'
    if (source === 'rfc9440') {
      expect(details['verdict']).toBe(
        'client-cert is present, which the transform rules set for a certificate that is verified and not revoked',
      )
      expect(details['certificate']).toBe(`${name}; read from Client-Cert alone`)
      expect(details['trust']).toMatch(/^a trusted issuer signed it; /)
    } else {
      expect(details['verdict']).toBe('Cloudflare verified the certificate and does not list it as revoked')
      expect(details['certificate']).toBe(`${name}; no Client-Cert to compare with`)
      expect(details['trust']).toMatch(/^the issuer is trusted by its name, and no signature was verified; /)
    }
    const [other] = await explainRequests(
      [{ ...request, rawHeaders: [...rawHeaders, 'X-CERT-SERIAL', '0A'] }],
      plugins[source],
    )
    expect(other?.steps[0]).toMatchObject({ step: 'headers', outcome: 'fails', code: 'CSN_HEADERS_MALFORMED' })
    expect(other?.refusal?.reason).toMatch(/^x-cert-serial and c/)
  })
})

describe('an origin that reads rfc9440', () => {
  it('verifies the signature of the CA: another CA of the same name is refused', async () => {
    const origin = await start('rfc9440')
    expectRefusal(
      origin,
      await origin.get(rfc9440Lines(await namesake.issue())),
      'CSN_CERT_UNTRUSTED_ISSUER',
      /^another CA of the same name signed the certificate, and not the trusted issuer CN=Acme Client CA/,
    )
  })

  it('requires a certificate without Client-Cert', async () => {
    const origin = await start('rfc9440')
    expectRefusal(
      origin,
      await origin.get([]),
      'CSN_CERT_MISSING',
      'client-cert is missing; the transform rules set it only for a certificate that is verified, not revoked and at most 10 KiB',
    )
  })

  it('does not start with a CA by its name alone, which a client with a CA of its own can claim', async () => {
    const byName = { dn: 'CN=Acme Client CA,O=Acme,C=US' }
    await expect(start('rfc9440', { trustedIssuers: [byName] })).rejects.toThrow('write the PEM of the CA')
    const origin = await start('rfc9440')
    expect((await origin.get(rfc9440Lines(await namesake.issue()))).code).toBe('CSN_CERT_UNTRUSTED_ISSUER')
  })
})

describe('an origin that reads cf-cert', () => {
  it.each([
    ['cf-cert-verified', 'false', 'CSN_CERT_UNVERIFIED', /^Cloudflare's verdict is false \(serial number /],
    ['cf-cert-revoked', 'true', 'CSN_CERT_REVOKED', /^Cloudflare lists the certificate as revoked \(/],
    [
      'cf-cert-presented',
      'false',
      'CSN_HEADERS_MALFORMED',
      /^the headers describe a certificate that was not presented$/,
    ],
    ['cf-cert-serial', 'secret', 'CSN_HEADERS_MALFORMED', /^cf-cert-serial: /],
  ] as const)('refuses %s: %s', async (name, value, code, reason) => {
    const origin = await start('cf-cert')
    expect((await origin.get(cfCertLines(parties.cert))).status).toBe(200)
    // The origin remembers this client. Every header that decides is compared.
    expectRefusal(origin, await origin.get(cfCertLines(parties.cert, { [name]: value })), code, reason)
    expect((await origin.get(cfCertLines(parties.cert))).status).toBe(200)
  })

  it('requires a certificate of a client without one', async () => {
    const origin = await start('cf-cert')
    const none = ['cf-cert-presented', 'cf-cert-verified', 'cf-cert-revoked'].map((name) => [name, 'false'] as const)
    expectRefusal(origin, await origin.get(none), 'CSN_CERT_MISSING', 'the client did not present a certificate')
  })

  it('compares the issuer in the token with the legacy form of the managed transform', async () => {
    const origin = await start('cf-cert')
    const tokenOf = (cert_issuer_dn: string) =>
      parties.access.token({ mtls_auth: { cert_issuer_dn } }).then((token) => tokenLine(token))
    const lines = cfCertLines(parties.cert)
    const legacy = Object.fromEntries(lines)['cf-cert-issuer-dn-legacy'] as string
    expect((await origin.send({ target: '/me', lines: [await tokenOf(legacy), ...lines] })).status).toBe(200)
    expectRefusal(
      origin,
      await origin.send({ target: '/me', lines: [await tokenOf('/CN=Other'), ...lines] }),
      'CSN_CERT_MISMATCH',
      /^the Access token does not match the certificate: mtls_auth\.cert_issuer_dn \(/,
    )
  })
})
