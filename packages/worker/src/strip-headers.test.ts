import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { splitDictionary } from '@countersign/wire'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VERIFIED } from '../test/support/cloudflare-values.ts'
import { type ClientMessage, type Edge, startEdge } from '../test/support/edge.ts'
import { verifyByHand } from '../test/support/verify-by-hand.ts'

const { jwk: hmacJwk } = hmacKey()
/** The headers that the Worker itself writes without a certificate. */
const STAMPED = ['x-cert-presented', 'x-cert-verify', 'x-cert-revoked']
const FORGED_INPUT = 'countersign=("x-cert-verify");created=1;keyid="evil"'

describe('stripHeaders', () => {
  let edge: Edge
  beforeAll(async () => {
    edge = await startEdge({ worker: { bindings: { COUNTERSIGN_KEY: JSON.stringify(hmacJwk) } } })
  }, 30_000)
  afterAll(() => edge[Symbol.asyncDispose]())

  /** The request must arrive signed, with any headers of the client. */
  async function forward(headers: ClientMessage['headers'], cf?: unknown) {
    const request = await edge.forward({ headers: headers ?? [], cf })
    expect(verifyByHand(request, hmacJwk).valid).toBe(true)
    return request
  }

  it.each([
    ['in upper case', 'X-CERT-SUBJECT-DN'],
    ['in lower case', 'x-cert-subject-dn'],
    ['in mixed case', 'x-CeRt-SuBjEcT-dN'],
    ['with underscores', 'x_cert_subject_dn'],
    ['with both separators', 'X_Cert-Subject_DN'],
    ['with another separator', "X.CERT'SUBJECT~DN"],
    ['that the table does not know', 'X-Cert-Anything-Else'],
    ['of RFC 9440', 'Client-Cert'],
    ['of RFC 9440, the chain', 'client_cert-chain'],
    ['of the managed transform', 'CF-Cert-Subject-DN'],
    ['of the managed transform, with underscores', 'cf_cert_verified'],
    ['of the first request of a connection', 'Cf-Client-Cert-Der-Base64'],
    ['of the first request, in upper case', 'CF_CLIENT_CERT_SHA256'],
  ])('deletes a family header %s', async (_, name) => {
    const request = await forward([[name, 'CN=evil']])
    expect(request.headerNames()).not.toContain(name.toLowerCase())
    expect(request.rawHeaders).not.toContain('CN=evil')
  })

  it('deletes every line of a repeated family header', async () => {
    const request = await forward([
      ['X-CERT-VERIFY', 'SUCCESS'],
      ['x-cert-verify', 'SUCCESS'],
      ['X-CERT-PRESENTED', '1'],
      ['X_CERT_PRESENTED', '1'],
      ['X-Cert-Presented', '1'],
    ])
    expect(request.header('x-cert-verify')).toBe('NONE')
    expect(request.header('x-cert-presented')).toBe('0')
    expect(request.headerNames().filter((name) => /cert/.test(name))).toEqual(STAMPED.toSorted())
  })

  it('sends the certificate that Cloudflare saw in place of the one that the client sent', async () => {
    const forged = [
      ['X-CERT-SUBJECT-DN', 'CN=evil'],
      ['Client-Cert', ':ZXZpbA==:'],
      ['Client-Cert-Chain', ':ZXZpbA==:'],
    ] as const
    const request = await forward(forged, { tlsClientAuth: VERIFIED })
    expect(request.header('x-cert-subject-dn')).toBe(VERIFIED.certSubjectDN)
    expect(request.header('client-cert')).toBe(VERIFIED.certRFC9440)
    expect(request.header('client-cert-chain')).toBeUndefined()
  })

  it('keeps a header that only looks related', async () => {
    const kept = ['X-Certainly', 'X-Cert', 'XX-Cert-Verify', 'Cf-Certain', 'Content-Type', 'Cf-Ray', 'X-Client-Cert']
    const request = await forward(kept.map((name) => [name, 'kept']))
    for (const name of kept) expect(request.header(name.toLowerCase())).toBe('kept')
  })

  it('cannot be made to lose a stamped header by Connection', async () => {
    const request = await forward([['Connection', 'keep-alive, x-cert-verify, signature']])
    expect(request.header('x-cert-verify')).toBe('NONE')
  })

  it('removes a forged signature under our label', async () => {
    const request = await forward([
      ['Signature-Input', FORGED_INPUT],
      ['Signature', 'countersign=:Zm9yZ2Vk:'],
    ])
    for (const name of ['signature-input', 'signature']) {
      expect(splitDictionary(request.header(name) ?? '').map(({ key }) => key)).toEqual(['countersign'])
    }
    expect(request.rawHeaders.join()).not.toMatch(/evil|Zm9yZ2Vk/)
  })

  it('keeps a signature under another label, after ours', async () => {
    const input = 'sig1=("@method" "x-a");created=1;tag="a, countersign=()"'
    const request = await forward([
      ['Signature-Input', input],
      ['signature-input', FORGED_INPUT],
      ['Signature', 'countersign=:Zm9yZ2Vk:, sig1=:c2lnMQ==:'],
    ])
    const inputs = splitDictionary(request.header('signature-input') ?? '')
    const signatures = splitDictionary(request.header('signature') ?? '')
    expect(inputs.map(({ key }) => key)).toEqual(['countersign', 'sig1'])
    expect(signatures.map(({ key }) => key)).toEqual(['countersign', 'sig1'])
    expect(`sig1=${inputs[1]?.value}`).toBe(input)
    expect(signatures[1]?.value).toBe(':c2lnMQ==:')
  })

  it.each([
    ['an unclosed list', 'sig1=("@method", countersign=()'],
    ['an unclosed string', 'sig1="x, countersign=()'],
    ['an upper-case label', 'Countersign=()'],
    ['a label without a value', 'sig1, countersign=()'],
    ['nested lists', 'sig1=((countersign=()))'],
    ['an empty member', 'sig1=(),, countersign=()'],
    ['nothing', ''],
  ])('drops a dictionary whole that cannot be read: %s', async (_, text) => {
    const request = await forward([
      ['Signature-Input', text],
      ['Signature', text],
    ])
    for (const name of ['signature-input', 'signature']) {
      expect(splitDictionary(request.header(name) ?? '').map(({ key }) => key)).toEqual(['countersign'])
    }
  })
})
