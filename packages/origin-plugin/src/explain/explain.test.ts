import { AUDIENCE, ISSUER } from '@countersign/test-support/access-team'
import { createCa } from '@countersign/test-support/certificates'
import { createParties, type Parties } from '@countersign/test-support/parties'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { AUTHORITY, type EdgeRequest, edgeLines } from '../../test/support/edge-lines.ts'
import { createOpensslCa } from '../../test/support/openssl-ca.ts'
import { type CountersignPluginOptions, optional } from '../index.ts'
import { type CapturedRequest, type ExplainOptions, type Explanation, explainRequests } from './explain.ts'

let ca: Parties['ca']
let cert: Parties['cert']
let access: Parties['access']
let token: Parties['token']
let key: Parties['key']

beforeAll(async () => {
  ;({ ca, cert, access, token, key } = await createParties())
})

const optionsWith = (changes: Partial<CountersignPluginOptions> = {}): CountersignPluginOptions => ({
  edge: { keys: key.jwk, hosts: [AUTHORITY] },
  access: { issuer: ISSUER, audience: AUDIENCE, jwks: access.jwks },
  trustedIssuers: [ca.pem],
  ...changes,
})

function captured(request: EdgeRequest = {}): CapturedRequest {
  const lines = edgeLines('/me', { cert, token, key, ...request })
  return { method: 'GET', target: '/me', rawHeaders: ['Host', AUTHORITY, ...lines.flat()] }
}

async function explain(
  request: EdgeRequest = {},
  options: Partial<CountersignPluginOptions> = {},
  more?: ExplainOptions,
): Promise<Explanation> {
  const [explanation] = await explainRequests([captured(request)], optionsWith(options), more)
  return explanation as Explanation
}

const outcomes = ({ steps }: Explanation) => steps.map(({ step, outcome }) => `${step}: ${outcome}`)

async function failure(...args: Parameters<typeof explain>): Promise<string | undefined> {
  const failed = (await explain(...args)).steps.filter(({ outcome }) => outcome === 'fails')
  expect(failed.length).toBeLessThan(2)
  return failed[0] && `${failed[0].step}: ${failed[0].code}`
}

describe('explainRequests with keys and CAs from functions', () => {
  it('asks each once, and decides by the answers', async () => {
    let asked = 0
    const once = <Answer>(answer: Answer) => {
      return () => {
        asked += 1
        return answer
      }
    }
    const edge = { keys: once(key.jwk), hosts: [AUTHORITY], refresh: 1 }
    expect(await failure({}, { edge, trustedIssuers: [{ ca: once(ca.pem) }] })).toBeUndefined()
    expect(asked).toBe(2)
    const [other, otherKey] = [await createCa(), { kty: 'oct', kid: 'other', k: key.jwk.k ?? '' }]
    expect(await failure({}, { edge, trustedIssuers: [{ ca: once(other.pem) }] })).toBe(
      'trust: CSN_CERT_UNTRUSTED_ISSUER',
    )
    expect(await failure({}, { edge: { ...edge, keys: once(otherKey) } })).toBe('edge signature: CSN_SIGNATURE_INVALID')
    await expect(explain({}, { trustedIssuers: [{ ca: { file: '/none/ca.pem' } }] })).rejects.toThrow(
      'trustedIssuers[0].ca from /none/ca.pem cannot be loaded: the file cannot be opened: ENOENT',
    )
  })
})

describe('explainRequests', () => {
  it('shows every step of a request that is admitted', async () => {
    const explanation = await explain({}, {}, { requirement: { subject: { OU: 'Ops' } } })
    expect(explanation.refusal).toBeNull()
    expect(outcomes(explanation)).toEqual([
      'headers: holds',
      'edge signature: holds',
      'host: holds',
      'Access token: holds',
      'verdict: holds',
      'certificate: holds',
      'trust: holds',
      'token and certificate: holds',
      'guard: holds',
      'replay: holds',
    ])
    const details = explanation.steps.map(({ detail }) => detail).join('\n')
    expect(details).toContain(`the edge signed it for one of ${AUTHORITY}`)
    expect(details).toContain('by the key "hmac-1" (hmac-sha256), made at 20')
    expect(details).toContain(`signed by ${ISSUER} for ${AUDIENCE}`)
    expect(details).toContain(
      'CN=pay-1,OU=Ops,O=Acme\\, Inc.,C=US, issued by CN=Acme Client CA,O=Acme,C=US; Client-Cert matches',
    )
  })

  it('shows a request without a certificate as admitted by an optional requirement', async () => {
    const requirement = optional({ subject: { OU: 'Ops' } })
    const explanation = await explain({ cert: null }, {}, { requirement })
    expect(explanation.refusal).toBeNull()
    expect(outcomes(explanation)).toEqual([
      'headers: holds',
      'edge signature: holds',
      'host: holds',
      'Access token: holds',
      'verdict: not asked for',
      'certificate: not asked for',
      'trust: not asked for',
      'token and certificate: holds',
      'guard: not asked for',
      'replay: holds',
    ])
    expect(explanation.steps.find(({ step }) => step === 'trust')?.detail).toBe(
      'the client presented no certificate, and the requirement is optional',
    )
    expect((await explain({}, {}, { requirement })).steps.find(({ step }) => step === 'guard')).toEqual({
      step: 'guard',
      outcome: 'holds',
      detail: expect.stringMatching(/^no certificate, or subject/),
    })
  })

  it('shows the failing step of a request without a certificate', async () => {
    const requirement = optional()
    const named = await access.token({ email: undefined, common_name: 'pay-1' })
    const explanation = await explain({ cert: null, token: named }, {}, { requirement })
    expect(explanation.refusal?.code).toBe('CSN_CERT_MISMATCH')
    expect(outcomes(explanation).slice(4)).toEqual([
      'verdict: not asked for',
      'certificate: not asked for',
      'trust: not asked for',
      'token and certificate: fails',
      'guard: not asked for',
      'replay: not reached',
    ])
    expect(await failure({ cert: null, token: 'a.b.c' }, {}, { requirement })).toBe(
      'Access token: CSN_ACCESS_TOKEN_INVALID',
    )
    expect(await failure({ cert: null, tamper: (lines) => [...lines, ...lines] }, {}, { requirement })).toBe(
      'headers: CSN_HEADERS_MALFORMED',
    )
    expect(await failure({ cert: null, changes: { 'x-cert-verify': 'FAILED' } }, {}, { requirement })).toBe(
      'verdict: CSN_CERT_MISSING',
    )
  })

  it('shows the steps before the failing one as held, and those after it as not reached', async () => {
    const explanation = await explain({ cert: null })
    expect(explanation.refusal).toEqual({
      code: 'CSN_CERT_MISSING',
      statusCode: 401,
      message: 'A client certificate is required',
      reason: 'the client did not present a certificate',
    })
    expect(outcomes(explanation)).toEqual([
      'headers: holds',
      'edge signature: holds',
      'host: holds',
      'Access token: holds',
      'verdict: fails',
      'certificate: not reached',
      'trust: not reached',
      'token and certificate: not reached',
      'guard: not asked for',
      'replay: not reached',
    ])
  })

  it('reports a step that the options leave out as not asked for', async () => {
    const request = { cert, key: null }
    const withoutEdge = outcomes(await explain(request, { edge: null }))
    expect([withoutEdge[1], withoutEdge[2], withoutEdge[9]]).toEqual([
      'edge signature: not asked for',
      'host: not asked for',
      'replay: not asked for',
    ])
    expect(
      outcomes(await explain({}, { access: null, edge: { keys: key.jwk, hosts: [AUTHORITY], replay: false } })),
    ).toEqual([
      'headers: holds',
      'edge signature: holds',
      'host: holds',
      'Access token: not asked for',
      'verdict: holds',
      'certificate: holds',
      'trust: holds',
      'token and certificate: not asked for',
      'guard: not asked for',
      'replay: not asked for',
    ])
  })

  describe('tells apart the steps that one code can come from', () => {
    it('CSN_HEADERS_MALFORMED', async () => {
      const twice: EdgeRequest['tamper'] = (lines) => [...lines, ['x-cert-verify', 'SUCCESS']]
      expect(await failure({ tamper: twice })).toBe('headers: CSN_HEADERS_MALFORMED')
      expect(await failure({ changes: { 'x-cert-revoked': 'no' } })).toBe('verdict: CSN_HEADERS_MALFORMED')
      expect(await failure({ changes: { 'x-cert-notbe': 'soon' } })).toBe('certificate: CSN_HEADERS_MALFORMED')
    })

    it('CSN_CERT_EXPIRED', async () => {
      const verdict = { 'x-cert-verify': 'FAILED:certificate has expired' }
      expect(await failure({ changes: verdict })).toBe('verdict: CSN_CERT_EXPIRED')
      const old = await ca.issue({ notBefore: new Date(Date.now() - 9e6), notAfter: new Date(Date.now() - 3e6) })
      expect(await failure({ cert: old })).toBe('trust: CSN_CERT_EXPIRED')
    })

    it('CSN_CERT_REVOKED', async () => {
      expect(await failure({ changes: { 'x-cert-revoked': '1' } })).toBe('verdict: CSN_CERT_REVOKED')
    })

    it('CSN_CERT_MISMATCH', async () => {
      const other = (await ca.issue({ subject: 'CN=other' })).cert.raw.toString('base64')
      expect(await failure({ changes: { 'client-cert': `:${other}:` } })).toBe('certificate: CSN_CERT_MISMATCH')
      const stolen = await access.token({ email: undefined, common_name: 'other' })
      expect(await failure({ token: stolen })).toBe('token and certificate: CSN_CERT_MISMATCH')
    })
  })

  it('blames trust for an issuer that is not trusted, and the guard for a requirement', async () => {
    const { pem } = await createCa('CN=Another')
    expect(await failure({}, { trustedIssuers: [pem] })).toBe('trust: CSN_CERT_UNTRUSTED_ISSUER')
    const requirement = { subject: { OU: 'Sales' } }
    expect(await failure({}, {}, { requirement })).toBe('guard: CSN_CERT_FORBIDDEN')
  })

  it('judges a signed request at the time of its signature, unless a time is given', async () => {
    const created = Math.floor(Date.now() / 1000) - 600
    const explanation = await explain({ created }, { access: null })
    expect(explanation).toMatchObject({ at: created, refusal: null })
    const now = Date.now() / 1000
    expect(await failure({ created }, { access: null }, { now })).toBe('edge signature: CSN_SIGNATURE_EXPIRED')
  })

  it('treats the second copy of a request as a replay, and calls no store', async () => {
    const request = captured()
    const replay = { spend: () => Promise.reject(new Error('asked')) }
    const [first, second] = await explainRequests(
      [request, request],
      optionsWith({ edge: { keys: key.jwk, hosts: [AUTHORITY], replay } }),
    )
    expect(first?.refusal).toBeNull()
    expect(second?.steps[9]).toEqual({
      step: 'replay',
      outcome: 'fails',
      code: 'CSN_SIGNATURE_REPLAYED',
      detail: 'the nonce was spent by an earlier request',
    })
  })

  it('blames the host for a request to another one', async () => {
    const edge = { keys: key.jwk, hosts: ['other.example'] }
    expect(await failure({}, { edge })).toBe('host: CSN_SIGNATURE_INVALID')
    const any = await explain({}, { edge: { keys: key.jwk, hosts: null } })
    expect(any.steps[2]).toEqual({
      step: 'host',
      outcome: 'holds',
      detail: 'edge.hosts is null, so every host is accepted',
    })
  })

  it('names the headers of a later release that the signature covers', async () => {
    const changes = { 'x-cert-zone': 'z', 'x-cert-account': 'a' }
    const fields = (carried: readonly string[]) => [...carried, 'x-cert-zone', 'x-cert-account']
    const { steps, refusal } = await explain({ changes, fields })
    expect(refusal).toBeNull()
    expect(steps[0]?.detail).toBe(
      'no certificate header is repeated or empty; the signature covers x-cert-zone, x-cert-account, of a later release of the Worker, which decides nothing',
    )
    expect((await explain()).steps[0]?.detail).toBe('no certificate header is repeated, empty or unknown')
    expect(await failure({ changes })).toBe('headers: CSN_HEADERS_MALFORMED')
    expect(await failure({ changes, fields }, { edge: null })).toBe('headers: CSN_HEADERS_MALFORMED')
  })

  it('loads the revocation list, and rejects if it cannot', async () => {
    const openssl = createOpensslCa('/CN=Listed CA')
    try {
      const listed = { ca: openssl.certificate, revocation: { crl: async () => openssl.crl() } }
      expect(await failure({}, { trustedIssuers: [ca.pem, listed] })).toBeUndefined()
      const broken = { ca: openssl.certificate, revocation: { crl: async () => Buffer.from('none') } }
      await expect(explain({}, { trustedIssuers: [broken] })).rejects.toThrow(
        /^trustedIssuers: the revocation list of CN=Listed CA from the function revocation\.crl cannot be loaded: /,
      )
    } finally {
      openssl.remove()
    }
  })

  it('leaves nothing running, whether it could load everything or not', async () => {
    const openssl = createOpensslCa('/CN=Listed CA')
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      for (const bytes of [openssl.crl(), Buffer.from('none')]) {
        const listed = { ca: openssl.certificate, revocation: { crl: async () => bytes } }
        await explain({}, { trustedIssuers: [listed] }).catch(() => {})
        expect(vi.getTimerCount()).toBe(0)
      }
    } finally {
      vi.useRealTimers()
      openssl.remove()
    }
  })

  it('contains nothing of token and signature', async () => {
    const { rawHeaders, ...request } = captured()
    const signature = rawHeaders.at(-1)?.slice('countersign=:'.length) as string
    const explained = await explainRequests(
      [
        { ...request, rawHeaders },
        { ...request, target: '/', rawHeaders },
      ],
      optionsWith(),
    )
    for (const secret of [signature, token.split('.')[2] as string, key.jwk.k as string]) {
      expect(JSON.stringify(explained)).not.toContain(secret)
    }
  })

  it('refuses wrong options and requirements as the plugin does', async () => {
    await expect(explain({}, { edge: null, access: null })).rejects.toThrow('edge and access must not both be null')
    await expect(explain({}, {}, { requirement: 'ops' })).rejects.toThrow('unknown policy "ops"')
  })
})

describe('explainRequests with mode: "report"', () => {
  const requirement = { subject: { OU: 'Sales' } }
  const seen = ({ refusal, enforced, clientCert }: Explanation) => [
    refusal?.code,
    enforced,
    clientCert?.subject.toString(),
  ]
  const twice = async (mode: 'report' | 'enforce', more?: ExplainOptions) => {
    const request = captured()
    return (await explainRequests([request, request], optionsWith({ mode }), more)).map(seen)
  }

  it('shows the refusal, and the certificate that the handler reads', async () => {
    const subject = (await explain()).clientCert?.subject.toString()
    expect(subject).toMatch(/^CN=/)
    expect(await twice('report', { requirement })).toEqual([
      ['CSN_CERT_FORBIDDEN', false, subject],
      ['CSN_CERT_FORBIDDEN', false, undefined],
    ])
    expect(await twice('report')).toEqual([
      [undefined, false, subject],
      ['CSN_SIGNATURE_REPLAYED', false, undefined],
    ])
    expect(await twice('enforce')).toEqual([
      [undefined, true, subject],
      ['CSN_SIGNATURE_REPLAYED', true, undefined],
    ])
    expect(await twice('enforce', { requirement })).toEqual(Array(2).fill(['CSN_CERT_FORBIDDEN', true, undefined]))
  })

  it('shows no certificate that is not proven', async () => {
    expect(seen(await explain({ token: 'none' }, { mode: 'report' }))).toEqual([
      'CSN_ACCESS_TOKEN_INVALID',
      false,
      undefined,
    ])
    expect(seen(await explain({}, { mode: 'report' }, { now: 4e9 }))).toEqual([
      'CSN_SIGNATURE_EXPIRED',
      false,
      undefined,
    ])
  })
})
