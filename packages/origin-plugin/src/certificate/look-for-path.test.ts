import type { IssuedCert } from '@countersign/test-support/certificates'
import { testKey } from '@countersign/test-support/test-key'
import { type WrittenCertificate, writeCaCert, writeClientCert } from '@countersign/test-support/write-certificate'
import { der } from '@countersign/test-support/write-der'
import { describe, expect, it } from 'vitest'
import { type Refused, refusalOf } from '../../test/support/expect-refusal.ts'
import {
  certificateLines,
  edgeFieldsOf,
  fieldsFrom,
  type HeaderChanges,
  rfc9440Lines,
} from '../../test/support/header-lines.ts'
import { compileIssuers } from '../../test/support/issuers.ts'
import type { Revocation } from '../revocation/revocation.ts'
import { parseClientCert } from './parse-client-cert.ts'
import { readTrustedCert, requireValidNow, type TrustedCert } from './read-trusted-cert.ts'
import { describeParsed } from './shareable-cert.ts'
import type { CompiledIssuer } from './trusted-issuers.ts'

const NOW = Math.floor(Date.now() / 1000)
const atSecond = (second: number) => new Date(second * 1000)

const root = writeCaCert('root')
const sub = writeCaCert('sub', root)
const low = writeCaCert('low', sub)
const client = writeClientCert(sub)
const trustingRoot = compileIssuers({ ca: root.pem, chain: { maxDepth: 2 } })

const issuedBy = (cert: WrittenCertificate, issuer: WrittenCertificate): IssuedCert => ({
  cert: cert.cert,
  issuer: issuer.cert,
  pem: cert.pem,
})
const chainOf = (...certificates: readonly { readonly der: Uint8Array }[]) =>
  certificates.map(({ der }) => `:${Buffer.from(der).toString('base64')}:`).join(', ')

const fieldsOf = (changes: HeaderChanges, cert = client, issuer = sub) =>
  edgeFieldsOf(certificateLines(issuedBy(cert, issuer), changes))

const read = (changes: HeaderChanges, issuers: readonly CompiledIssuer[] = trustingRoot, now = NOW): TrustedCert =>
  readTrustedCert(fieldsOf(changes), issuers, now)

/** The refusal, whose reason must end with the name of the certificate. */
function refusal(changes: HeaderChanges, issuers?: readonly CompiledIssuer[], now?: number): Refused {
  const { code, reason } = refusalOf(() => read(changes, issuers, now))
  const named = ` (${describeParsed(parseClientCert(fieldsOf(changes)))})`
  const at = reason.indexOf(' (serial number ')
  if (at >= 0) expect(named.startsWith(reason.slice(at))).toBe(true)
  return { code, reason: at < 0 ? reason : reason.slice(0, at) }
}

const untrusted = (reason: string): Refused => ({ code: 'CSN_CERT_UNTRUSTED_ISSUER', reason })
const STRANGER = 'the issuer CN=sub is not one of trustedIssuers, and '
const MISSING =
  'Client-Cert-Chain is missing; set COUNTERSIGN_FORWARD_CERT=chain at the Worker, and let the client send its intermediates'

describe('trust by chain', () => {
  it('accepts a client of an intermediate, and shows its path with the root last', () => {
    const { chain } = read({ 'client-cert-chain': chainOf(sub) }).clientCert
    expect(chain?.map(({ subject }) => String(subject))).toEqual(['CN=sub', 'CN=root'])
    expect(chain?.[0]).toEqual({
      subject: chain?.[1]?.subject && expect.objectContaining({ CN: 'sub' }),
      issuer: expect.objectContaining({ CN: 'root' }),
      serialNumber: sub.cert.serialNumber,
      fingerprint256: sub.cert.fingerprint256,
      validFrom: sub.cert.validFrom,
      validFromDate: new Date(sub.cert.validFrom),
      validTo: sub.cert.validTo,
      validToDate: new Date(sub.cert.validTo),
      keyId: expect.stringMatching(/^[0-9A-F]{40}$/),
      x509: expect.objectContaining({ fingerprint256: sub.cert.fingerprint256 }),
    })
  })

  it('accepts a client of the root itself, without a chain', () => {
    const byRoot = writeClientCert(root)
    const { clientCert } = readTrustedCert(fieldsOf({}, byRoot, root), trustingRoot, NOW)
    expect(clientCert.chain?.map(({ subject }) => String(subject))).toEqual(['CN=root'])
  })

  it('shares nothing that a handler could change', () => {
    const { clientCert } = read({ 'client-cert-chain': chainOf(sub) })
    const [first] = clientCert.chain ?? []
    expect([Object.isFrozen(clientCert), Object.isFrozen(clientCert.chain), Object.isFrozen(first)]).toEqual([
      true,
      true,
      true,
    ])
    first?.validToDate.setTime(0)
    first?.validFromDate.setTime(0)
    first?.x509.raw.fill(0)
    expect(first?.validToDate).toEqual(new Date(sub.cert.validTo))
    expect(first?.validFromDate).toEqual(new Date(sub.cert.validFrom))
    expect(first?.x509.fingerprint256).toBe(sub.cert.fingerprint256)
    expect(first?.x509).not.toBe(first?.x509)
  })

  it('names the cause of a missing chain', () => {
    expect(refusal({})).toEqual(untrusted(STRANGER + MISSING))
    expect(refusal({ 'x-cert-chain-too-large': '0' })).toEqual(untrusted(STRANGER + MISSING))
    expect(refusal({ 'x-cert-chain-too-large': '1' })).toEqual(
      untrusted(
        `${STRANGER}the intermediates are larger than 16 KiB together, so Cloudflare does not forward them (X-CERT-CHAIN-TOO-LARGE); let the client send only those that lead to the root`,
      ),
    )
  })

  it('works with the headers of transform rules, and names their remedy', () => {
    const lines = (changes: HeaderChanges) => fieldsFrom('rfc9440', rfc9440Lines(issuedBy(client, sub), changes))
    const withSub = lines({ 'client-cert-chain': chainOf(sub) })
    expect(readTrustedCert(withSub, trustingRoot, NOW).clientCert.chain).toHaveLength(2)
    const { code, reason } = refusalOf(() => readTrustedCert(lines({}), trustingRoot, NOW))
    expect(code).toBe('CSN_CERT_UNTRUSTED_ISSUER')
    expect(reason).toContain(
      `${STRANGER}Client-Cert-Chain is missing; write it in the transform rule, and let the client send its intermediates (`,
    )
  })

  it('names the cause of a missing certificate', () => {
    const changes = { 'client-cert': null, 'client-cert-chain': chainOf(sub) }
    expect(refusal(changes)).toEqual(
      untrusted(
        'the Worker does not forward the certificate, so its signature cannot be verified; set COUNTERSIGN_FORWARD_CERT to chain',
      ),
    )
    expect(refusal({ ...changes, 'x-cert-too-large': '1' })).toEqual(
      untrusted(
        'the certificate is larger than 10 KiB, so Cloudflare does not forward it and its signature cannot be verified; issue a smaller one',
      ),
    )
  })

  it.each([
    '',
    ':',
    'AAAA',
    ':AAAA',
    ':AAAA:;a=1',
    ':AAAA:,',
    ':AAAA:,,:AAAA:',
    ':AA AA:',
    ':AAAA: :AAAA:',
    '"x"',
    '::',
  ])('refuses the malformed header "%s"', (text) => {
    const changes = { 'client-cert-chain': `${chainOf(sub)},${text}` }
    expect(refusal(changes)).toEqual({
      code: 'CSN_HEADERS_MALFORMED',
      reason: 'client-cert-chain is not a list of base64 between colons (RFC 9440)',
    })
  })

  it('accepts any white space between the certificates', () => {
    const spaced = `${chainOf(low)},${chainOf(root)} ,   ${chainOf(sub)}`
    expect(read({ 'client-cert-chain': spaced }).clientCert.chain).toHaveLength(2)
  })

  it('reads ten certificates, and not eleven', () => {
    const strangers = Array.from({ length: 9 }, () => writeCaCert('stranger'))
    expect(read({ 'client-cert-chain': chainOf(...strangers, sub) }).clientCert.chain).toHaveLength(2)
    expect(refusal({ 'client-cert-chain': chainOf(...strangers, root, sub) })).toEqual(
      untrusted(
        `${STRANGER}Client-Cert-Chain has 11 certificates, and at most 10 are read; let the client send only its intermediates`,
      ),
    )
  })

  it('ignores a certificate that cannot be read, and names it if no path is left', () => {
    const broken = { der: Buffer.from('broken') }
    const two = { der: Buffer.concat([sub.der, low.der]) }
    expect(read({ 'client-cert-chain': chainOf(broken, two, sub) }).clientCert.chain).toHaveLength(2)
    expect(refusal({ 'client-cert-chain': chainOf(low, two, broken) })).toEqual(
      untrusted(`${STRANGER}the certificate 2 in Client-Cert-Chain cannot be read: not exactly one certificate in DER`),
    )
    expect(refusal({ 'client-cert-chain': chainOf(broken) })).toEqual(
      untrusted(`${STRANGER}the certificate 1 in Client-Cert-Chain cannot be read: not a certificate in DER`),
    )
  })

  it("names a part of the client's certificate that cannot be read, unless another entry trusts it", () => {
    const purposes = der(0x30, der(0x06, Buffer.alloc(129, 1)))
    const odd = writeClientCert(sub, { extendedKeyUsage: null, extensions: [{ oid: '551d25', value: purposes }] })
    const fields = fieldsOf({ 'client-cert-chain': chainOf(sub) }, odd, sub)
    const { code, reason } = refusalOf(() => readTrustedCert(fields, trustingRoot, NOW))
    expect(code).toBe('CSN_CERT_UNREADABLE')
    expect(reason).toContain(
      'the certificate cannot be read: an object identifier is longer than 128 bytes (serial number ',
    )
    const both = compileIssuers({ ca: root.pem, chain: { maxDepth: 2 } }, sub.pem)
    expect(readTrustedCert(fields, both, NOW).clientCert.chain).toBeUndefined()
  })

  it('names the fault of the closest path, and of several roots that of the closest', () => {
    const expired = writeCaCert('sub', root, { key: sub.key, notAfter: atSecond(NOW - 1) })
    const fault = untrusted(`the CA certificate CN=sub expired on ${expired.cert.validTo}`)
    const changes = { 'client-cert-chain': chainOf(expired) }
    expect(refusal(changes)).toEqual(fault)
    const other = { ca: writeCaCert('other').pem, chain: { maxDepth: 1 } }
    const both = compileIssuers(other, { ca: root.pem, chain: { maxDepth: 2 } })
    expect(refusal(changes, both)).toEqual(fault)
    expect(
      refusal(changes, compileIssuers(other, { ca: root.pem, chain: { maxDepth: 2 } }, writeCaCert('sub').pem)),
    ).toEqual(fault)
    expect(read({ 'client-cert-chain': chainOf(sub) }, both).clientCert.chain).toHaveLength(2)
    const forged = writeCaCert('sub', undefined, { issuer: 'root', key: sub.key, signer: testKey() })
    expect(refusal({ 'client-cert-chain': chainOf(forged) }, both)).toEqual(
      untrusted('the key of CN=root did not sign the certificate CN=sub'),
    )
    expect(refusal({ 'client-cert-chain': chainOf(forged, { der: Buffer.from('broken') }) }, both)).toEqual(
      untrusted('the key of CN=root did not sign the certificate CN=sub'),
    )
  })

  it('is not needed for a client of a CA that is trusted itself', () => {
    const both = compileIssuers({ ca: root.pem, chain: { maxDepth: 2 } }, sub.pem)
    expect(read({}, both).clientCert.chain).toBeUndefined()
    expect(read({ 'client-cert-chain': chainOf(low) }, both).clientCert.chain).toBeUndefined()
    expect(read({ 'client-cert-chain': chainOf(sub) }, both).clientCert.chain).toHaveLength(2)
    expect(refusal({ 'client-cert-chain': 'x' }, both).code).toBe('CSN_HEADERS_MALFORMED')
  })

  it('is not read without the option', () => {
    expect(read({ 'client-cert-chain': 'x' }, compileIssuers(sub.pem)).clientCert.chain).toBeUndefined()
    expect(readTrustedCert(fieldsOf({ 'client-cert-chain': 'x' }), null, NOW).clientCert.chain).toBeUndefined()
  })

  it('gives up after 50 signatures', () => {
    const key = testKey()
    const same = Array.from({ length: 10 }, () => writeCaCert('same', undefined, { key }))
    const [anchor] = same as [WrittenCertificate]
    const lost = writeClientCert(writeCaCert('same'))
    const issuers = compileIssuers({ ca: anchor.pem, chain: { maxDepth: 9 } })
    const { code, reason } = refusalOf(() =>
      readTrustedCert(fieldsOf({ 'client-cert-chain': chainOf(...same) }, lost, anchor), issuers, NOW),
    )
    expect(code).toBe('CSN_CERT_UNTRUSTED_ISSUER')
    expect(reason).toMatch(
      /^the issuer CN=same is not one of trustedIssuers, and Client-Cert-Chain needs more than 50 verified signatures; let/,
    )
  })
})

describe('the time of a path', () => {
  it('is that in which all of its CAs are valid, and not the client', () => {
    const from = NOW - 100
    const to = NOW + 100
    const own = writeCaCert('sub', root, { key: sub.key, notBefore: atSecond(from), notAfter: atSecond(to) })
    const changes = { 'client-cert-chain': chainOf(own) }
    const { trustedFrom, trustedTo } = read(changes)
    expect([trustedFrom, trustedTo]).toEqual([from * 1000, to * 1000])
    expect(refusal(changes, trustingRoot, to + 1)).toEqual(
      untrusted(`the CA certificate CN=sub expired on ${own.cert.validTo}`),
    )
    expect(refusal(changes, trustingRoot, from - 1)).toEqual(
      untrusted(`the CA certificate CN=sub is not valid before ${own.cert.validFrom}`),
    )
    const { trustedFrom: always, trustedTo: forever } = read({}, compileIssuers(sub.pem))
    expect([always, forever]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY])
  })

  it('can be that of another path later', () => {
    const old = writeCaCert('sub', root, { key: sub.key, notAfter: atSecond(NOW + 100) })
    const renewed = writeCaCert('sub', root, { key: sub.key, notBefore: atSecond(NOW + 50) })
    const changes = { 'client-cert-chain': chainOf(old, renewed) }
    const serials = [NOW, NOW + 200].map((now) => read(changes, trustingRoot, now).clientCert.chain?.[0]?.serialNumber)
    expect(serials).toEqual([old.cert.serialNumber, renewed.cert.serialNumber])
  })
})

describe('the revocation lists of a path', () => {
  const crl = async () => Buffer.from('')

  /** Replaces each list by one that names the certificates that it is asked about. */
  function asking(...options: readonly object[]) {
    const asked: string[] = []
    const spy = (name: string): Revocation => ({
      start: async () => {},
      stop: () => {},
      health: () => ({ state: 'ok', name }),
      inherit: () => {},
      list: undefined,
      requireNotRevoked: ({ subject, serialNumber }, now) =>
        void asked.push(`${name}: ${subject.CN} ${serialNumber} ${now}`),
    })
    const issuers = compileIssuers(...options).map(({ revocation, chain, ...issuer }, at) => ({
      ...issuer,
      revocation: revocation && spy(`list ${at}`),
      chain: chain && {
        ...chain,
        lists: chain.lists.map(({ ca }) => ({ ca, revocation: spy(`list of ${ca.dn.CN}`) })),
      },
    }))
    return { asked, issuers }
  }
  const about = ({ spec, cert }: WrittenCertificate) => `${spec.subject} ${cert.serialNumber} ${NOW}`

  it('are those of every CA in it, each asked about the certificate that the CA issued', () => {
    const { asked, issuers } = asking({
      ca: root.pem,
      revocation: { crl },
      chain: {
        maxDepth: 2,
        revocation: [
          { ca: sub.pem, crl },
          { ca: low.pem, crl },
        ],
      },
    })
    const byLow = writeClientCert(low)
    const fields = fieldsOf({ 'client-cert-chain': chainOf(sub, low) }, byLow, low)
    requireValidNow(readTrustedCert(fields, issuers, NOW), NOW)
    expect(asked).toEqual([`list of low: ${about(byLow)}`, `list of sub: ${about(low)}`, `list 0: ${about(sub)}`])
  })

  it('are asked in any entry of the CA, and with another certificate of the same CA', () => {
    const cross = writeCaCert('sub', writeCaCert('elsewhere'), { key: sub.key })
    const { asked, issuers } = asking({ ca: root.pem, chain: { maxDepth: 1 } }, { ca: cross.pem, revocation: { crl } })
    requireValidNow(read({ 'client-cert-chain': chainOf(sub) }, issuers), NOW)
    expect(asked).toEqual([`list 1: ${about(client)}`])
  })

  it('are asked for a client that omits its chain and is trusted by another entry', () => {
    const chain = { maxDepth: 1, revocation: [{ ca: sub.pem, crl }] }
    const { asked, issuers } = asking({ ca: root.pem, chain }, sub.pem as unknown as object)
    requireValidNow(read({}, issuers), NOW)
    expect(asked).toEqual([`list of sub: ${about(client)}`])
  })

  it('of another CA with the key are not asked', () => {
    const other = writeCaCert('other', undefined, { key: sub.key })
    const { asked, issuers } = asking({ ca: root.pem, chain: { maxDepth: 1 } }, { ca: other.pem, revocation: { crl } })
    requireValidNow(read({ 'client-cert-chain': chainOf(sub) }, issuers), NOW)
    expect(asked).toEqual([])
  })

  it('of another CA with the name are not asked', () => {
    const { asked, issuers } = asking(
      { ca: root.pem, chain: { maxDepth: 1 } },
      { ca: writeCaCert('sub').pem, revocation: { crl } },
    )
    requireValidNow(read({ 'client-cert-chain': chainOf(sub) }, issuers), NOW)
    expect(asked).toEqual([])
  })
})
