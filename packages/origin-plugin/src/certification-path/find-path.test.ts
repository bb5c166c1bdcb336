import { generateKeyPairSync } from 'node:crypto'
import { opensslVerifier, type PathQuestion } from '@countersign/test-support/openssl-verify'
import { type TestKey, testKey } from '@countersign/test-support/test-key'
import {
  type CertificateSpec,
  type WrittenCertificate,
  writeCaCert,
  writeCertificate,
  writeClientCert,
} from '@countersign/test-support/write-certificate'
import { der } from '@countersign/test-support/write-der'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { type Fact, factOf } from '../facts/facts.ts'
import { describeNoPath } from './describe-no-path.ts'
import { findPath } from './find-path.ts'
import { createIssuedBy, MAX_VERIFICATIONS, TooManySignaturesError } from './issued-by.ts'
import { parsePathCertificate } from './path-certificate.ts'

const openssl = opensslVerifier()
afterAll(openssl.remove)

const DAY = 86_400_000
const NOW = Math.floor(Date.now() / 1000) * 1000

/** A question without its usual parts. */
type Case = Pick<PathQuestion, 'client'> & Partial<PathQuestion>

const complete = (given: Case): PathQuestion => ({ others: [], root, maxDepth: 3, time: NOW, ...given })

/** The common names of the path, or the reason why there is none. */
function decide(given: Case): string {
  const { client, others, root: anchor, maxDepth, time } = complete(given)
  const presented = {
    client: parsePathCertificate(client.der),
    others: others.map((each) => parsePathCertificate(each.der)),
  }
  const at = { root: parsePathCertificate(anchor.der), maxDepth }
  const path = findPath(presented, at, createIssuedBy(), time)
  if (path) return path.map(({ subject }) => subject.CN).join(' ')
  const { kind, reason } = describeNoPath(presented, at, createIssuedBy(), time)
  return `${kind}: ${reason}`
}

/** Decides, and compares with OpenSSL: it must accept exactly the same. */
function agreed(given: Case): string {
  const ours = decide(given)
  const isRefused = /^(?:signed|unsigned|missing): /.test(ours)
  expect(openssl.accepts(complete(given)), ours).toBe(!isRefused)
  return ours
}

const root = writeCaCert('root')
const sub = writeCaCert('sub', root)
const low = writeCaCert('low', sub)
const [byRoot, bySub, byLow] = [writeClientCert(root), writeClientCert(sub), writeClientCert(low)]
const stranger = writeCaCert('stranger')
const unknownExtension = { oid: '2a0304', critical: true, value: der(0x05) }

const ca: Partial<CertificateSpec> = { basicConstraints: { ca: true }, keyUsage: ['keyCertSign'] }

describe('findPath', () => {
  it('finds the path of a client of the root, of an intermediate, and of one below it', () => {
    expect(agreed({ client: byRoot })).toBe('root')
    expect(agreed({ client: bySub, others: [sub] })).toBe('sub root')
    expect(agreed({ client: byLow, others: [low, sub] })).toBe('low sub root')
  })

  it('reads the certificates in any order, with duplicates, strangers, the root and the client among them', () => {
    const others = [root, stranger, sub, byLow, writeCaCert('sub'), low, sub, writeCaCert('low', stranger)]
    expect(agreed({ client: byLow, others })).toBe('low sub root')
    expect(agreed({ client: byLow, others: others.toReversed() })).toBe('low sub root')
  })

  it('ends at the certificate that is given as root, also if another CA issued it', () => {
    expect(agreed({ client: byLow, others: [low], root: sub })).toBe('low sub')
  })

  it('allows as many intermediates as maxDepth', () => {
    expect(agreed({ client: byLow, others: [low, sub], maxDepth: 2 })).toBe('low sub root')
    expect(agreed({ client: byLow, others: [low, sub], maxDepth: 1 })).toBe(
      'signed: the path to CN=root has 2 intermediates, and chain.maxDepth allows 1',
    )
  })

  it('uses the certificates of a CA that has several, and prefers the shortest path', () => {
    const cross = writeCaCert('sub', stranger, { key: sub.key })
    const old = writeCaCert('sub', root, { key: sub.key, notAfter: new Date(NOW - DAY / 2) })
    const long = writeCaCert('sub', low, { key: sub.key })
    for (const others of [
      [cross, old, long, low, sub],
      [sub, low, long, old, cross],
    ]) {
      expect(agreed({ client: bySub, others })).toBe('sub root')
    }
  })

  it('takes the longer of two paths, if only it satisfies the path length constraints', () => {
    const narrow = writeCaCert('sub', root, { key: sub.key, basicConstraints: { ca: true, pathLength: 0 } })
    const bridge = writeCaCert('bridge', root)
    const wide = writeCaCert('sub', bridge, { key: sub.key })
    for (const others of [
      [low, narrow, bridge, wide],
      [wide, bridge, narrow, low],
    ]) {
      expect(agreed({ client: byLow, others })).toBe('low sub bridge root')
      expect(agreed({ client: byLow, others, maxDepth: 2 })).toBe(
        'signed: the path has 1 CAs below CN=sub, whose path length constraint allows 0',
      )
    }
  })

  it('reaches a CA again, if another path allows more below it', () => {
    const key = testKey()
    const tight = writeCaCert('y', root, { key, basicConstraints: { ca: true, pathLength: 1 } })
    const bridge = writeCaCert('bridge', root)
    const [wide, direct] = [writeCaCert('y', bridge, { key }), writeCaCert('y', root, { key })]
    const x = writeCaCert('x', tight)
    const z = writeCaCert('z', x)
    const given = { client: writeClientCert(z), maxDepth: 4 }
    expect(agreed({ ...given, others: [tight, bridge, wide, x, z] })).toBe('z x y bridge root')
    expect(agreed({ ...given, others: [tight, direct, x, z] })).toBe('z x y root')
    expect(agreed({ ...given, others: [direct, tight, x, z] })).toBe('z x y root')
  })

  it('describes the path with the fewest faults, and of these the shortest', () => {
    const key = testKey()
    const [a, b] = [writeCaCert('a', root), writeCaCert('b', root)]
    const c = writeCaCert('c', b)
    const [long, short] = [writeCaCert('sub', c, { key }), writeCaCert('sub', a, { key })]
    const expired = writeCaCert('sub', root, { key, notAfter: new Date(NOW - 1000) })
    const client = writeClientCert(short)
    const tooLong = 'signed: the path to CN=root has 2 intermediates, and chain.maxDepth allows 1'
    for (const others of [
      [expired, b, c, long, a, short],
      [a, short, b, c, long, expired],
    ]) {
      expect(agreed({ client, others, maxDepth: 1 })).toBe(tooLong)
    }
  })

  it('does not follow CAs that certify each other in circles', () => {
    const [one, two] = [testKey(), testKey()]
    const circle = [
      writeCertificate({ ...ca, subject: 'one', key: one, issuer: 'two', signer: two }),
      writeCertificate({ ...ca, subject: 'two', key: two, issuer: 'one', signer: one }),
    ]
    const client = writeCertificate({ subject: 'client', issuer: 'one', signer: one })
    expect(agreed({ client, others: circle })).toBe('missing: Client-Cert-Chain does not lead to CN=root')
    const entry = writeCertificate({ ...ca, subject: 'two', key: two, issuer: 'root', signer: root.key })
    expect(agreed({ client, others: [...circle, entry] })).toBe('one two root')
  })

  it('names the place where the signatures end', () => {
    expect(agreed({ client: bySub })).toBe(
      'missing: Client-Cert-Chain does not contain the certificate of the CA CN=sub',
    )
    expect(agreed({ client: byLow, others: [low, stranger] })).toBe(
      'missing: Client-Cert-Chain does not contain the certificate of the CA CN=sub',
    )
    const forged = writeCaCert('sub', undefined, { issuer: 'root', key: sub.key, signer: sub.key })
    expect(agreed({ client: bySub, others: [forged] })).toBe(
      'unsigned: the key of CN=root did not sign the certificate CN=sub',
    )
    expect(agreed({ client: writeClientCert(sub, { signer: testKey() }), others: [sub] })).toBe(
      'unsigned: the key of CN=sub did not sign the certificate CN=client',
    )
    expect(agreed({ client: writeClientCert(root, { signer: sub.key }) })).toBe(
      'unsigned: the key of CN=root did not sign the certificate CN=client',
    )
  })
})

/** The decision on a client of an intermediate, with a deviation of the intermediate. */
const under = (spec: Partial<CertificateSpec>) => {
  const own = writeCaCert('sub', root, spec)
  return agreed({ client: writeClientCert(own), others: [own] })
}
const clientWith = (spec: Partial<CertificateSpec>) => agreed({ client: writeClientCert(root, spec) })
const rootWith = (spec: Partial<CertificateSpec>) => {
  const own = writeCaCert('root', undefined, spec)
  return agreed({ client: writeClientCert(own), root: own })
}

/** A key on P-256 whose certificate contains the parameters of the curve in place of its name. */
function explicitKey(): TestKey {
  const key = testKey()
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' })
  return { ...key, publicKey, privateKey, spki: publicKey.export({ type: 'spki', format: 'der' }) }
}

const NOT_CA = 'is not that of a CA: its basic constraints do not contain cA'
const NO_SIGN = 'must not sign certificates: its key usage does not contain keyCertSign'
const NO_CLIENTS = 'is not for TLS clients: its extended key usage does not contain clientAuth'
const UNKNOWN = 'has a critical extension that the plugin does not know: 1.2.3.4'
const SHA1 =
  'is signed with the algorithm 1.2.840.10045.4.1; let the CA sign it with RSA, ECDSA or EdDSA, and SHA-256 or longer'

describe('a CA in a path', () => {
  const fault = (text: string) => `signed: the CA certificate CN=sub ${text}`

  it('must be that of a CA', () => {
    expect(under({ basicConstraints: null })).toBe(fault(NOT_CA))
    expect(under({ basicConstraints: null, keyUsage: null })).toBe(fault(NOT_CA))
    expect(under({ basicConstraints: { ca: false } })).toBe(fault(NOT_CA))
  })

  it("cannot be a client's certificate", () => {
    expect(agreed({ client: writeClientCert(byRoot, { subject: 'second' }), others: [byRoot] })).toBe(
      `signed: the CA certificate CN=client ${NOT_CA}`,
    )
  })

  it('must be allowed to sign certificates, if it has a key usage', () => {
    expect(under({ keyUsage: ['cRLSign', 'digitalSignature'] })).toBe(fault(NO_SIGN))
    expect(under({ keyUsage: null })).toBe('sub root')
  })

  it('must be for clients, if it has an extended key usage', () => {
    expect(under({ extendedKeyUsage: ['serverAuth', 'clientAuth'] })).toBe('sub root')
    expect(under({ extendedKeyUsage: ['serverAuth'] })).toBe(fault(NO_CLIENTS))
    expect(under({ extendedKeyUsage: ['anyExtendedKeyUsage'] })).toBe(fault(NO_CLIENTS))
    expect(rootWith({ extendedKeyUsage: ['serverAuth'] })).toBe(`signed: the CA certificate CN=root ${NO_CLIENTS}`)
  })

  it('must have no critical extension that is not known', () => {
    expect(under({ extensions: [unknownExtension] })).toBe(fault(UNKNOWN))
    expect(under({ extensions: [{ ...unknownExtension, critical: false }] })).toBe('sub root')
    expect(rootWith({ extensions: [unknownExtension] })).toBe(`signed: the CA certificate CN=root ${UNKNOWN}`)
  })

  it('may have a critical extension that cannot refuse the path', () => {
    const anyPolicy = der(0x30, der(0x30, der(0x06, Buffer.from('551d2000', 'hex'))))
    const crl = der(0x30, der(0x30, der(0xa0, der(0xa0, der(0x86, 'http://ca.example/')))))
    const dns = der(0x30, der(0x82, 'ca.example'))
    for (const [oid, value] of [
      ['551d20', anyPolicy],
      ['551d1f', crl],
      ['551d11', dns],
    ] as const) {
      expect(under({ extensions: [{ oid, critical: true, value }] })).toBe('sub root')
    }
  })

  it('must be valid at the time of the request', () => {
    const own = writeCaCert('sub', root, { notBefore: new Date(NOW - DAY), notAfter: new Date(NOW + DAY) })
    const long = { notBefore: new Date(NOW - 3 * DAY), notAfter: new Date(NOW + 3 * DAY) }
    const client = writeClientCert(own, long)
    const longRoot = writeCaCert('root', undefined, { key: root.key, ...long })
    const at = (time: number) => agreed({ client, others: [own], root: longRoot, time })
    expect(at(NOW - DAY + 1000)).toBe('sub root')
    expect(at(NOW + DAY - 1000)).toBe('sub root')
    expect(at(NOW - DAY - 1000)).toBe(fault(`is not valid before ${own.cert.validFrom}`))
    expect(at(NOW + DAY + 1000)).toBe(fault(`expired on ${own.cert.validTo}`))
    // OpenSSL takes the last second for the first after it. RFC 5280, section 4.1.2.5, includes it.
    expect(decide({ client, others: [own], root: longRoot, time: NOW - DAY })).toBe('sub root')
    expect(decide({ client, others: [own], root: longRoot, time: NOW + DAY })).toBe('sub root')
    expect(decide({ client, others: [own], root: longRoot, time: NOW + DAY + 1 })).toBe(
      fault(`expired on ${own.cert.validTo}`),
    )
  })

  it('can be the root alone that is not valid', () => {
    const notAfter = new Date(NOW - DAY / 2)
    expect(rootWith({ notAfter })).toMatch(/^signed: the CA certificate CN=root expired on /)
  })

  it('must be signed with a strong algorithm, unless it is the root', () => {
    expect(under({ digest: 'sha1' })).toBe(fault(SHA1))
    expect(rootWith({ digest: 'sha1' })).toBe('root')
  })

  it('must have a strong key', () => {
    expect(under({ key: testKey(1024) })).toBe(fault('has an RSA key of 1024 bits; 2048 or more are required'))
    expect(under({ key: testKey(2048) })).toBe('sub root')
    expect(under({ key: testKey('ed25519') })).toBe('sub root')
    expect(under({ key: testKey('P-384') })).toBe('sub root')
    expect(under({ key: explicitKey() })).toBe(
      fault('has a key that spells out the parameters of its curve; use a named curve'),
    )
    expect(under({ key: testKey('prime192v1') })).toBe(
      fault('has a key on the curve prime192v1; use P-256 or a larger one'),
    )
    expect(rootWith({ key: testKey(1024) })).toBe(
      'signed: the CA certificate CN=root has an RSA key of 1024 bits; 2048 or more are required',
    )
  })

  it('is refused with constraints that the plugin does not enforce, which OpenSSL does', () => {
    const permitted = der(0x30, der(0xa0, der(0x30, der(0x82, 'acme.example'))))
    for (const critical of [true, false]) {
      const own = writeCaCert('sub', root, { extensions: [{ oid: '551d1e', critical, value: permitted }] })
      expect(decide({ client: writeClientCert(own), others: [own] })).toBe(
        fault('has name constraints, which the plugin does not enforce'),
      )
    }
    const explicit = { oid: '551d24', critical: true, value: der(0x30, der(0x80, '\0')) }
    const own = writeCaCert('sub', root, { extensions: [explicit] })
    expect(decide({ client: writeClientCert(own), others: [own] })).toBe(
      fault('has policy constraints, which the plugin does not enforce'),
    )
  })
})

describe('a path length constraint', () => {
  const allowing = (pathLength: number) => ({ basicConstraints: { ca: true, pathLength } })

  it('counts the intermediates below', () => {
    const own = writeCaCert('root', undefined, { ...allowing(1), key: root.key })
    expect(agreed({ client: bySub, others: [sub], root: own })).toBe('sub root')
    expect(agreed({ client: byLow, others: [sub, low], root: own })).toBe(
      'signed: the path has 2 CAs below CN=root, whose path length constraint allows 1',
    )
  })

  it('of zero allows clients alone', () => {
    const own = writeCaCert('sub', root, { ...allowing(0), key: sub.key })
    expect(agreed({ client: bySub, others: [own] })).toBe('sub root')
    expect(agreed({ client: byLow, others: [low, own] })).toBe(
      'signed: the path has 1 CAs below CN=sub, whose path length constraint allows 0',
    )
  })

  it('of a higher CA is not widened by a lower one', () => {
    const top = writeCaCert('root', undefined, { ...allowing(1), key: root.key })
    const own = writeCaCert('sub', root, { ...allowing(5), key: sub.key })
    expect(agreed({ client: byLow, others: [low, own], root: top })).toMatch(
      /^signed: the path has 2 CAs below CN=root/,
    )
  })

  it('does not count a certificate that a CA issued to itself', () => {
    const own = writeCaCert('sub', root, { ...allowing(0), key: sub.key })
    const renewed = writeCaCert('sub', own)
    expect(agreed({ client: writeClientCert(renewed), others: [own, renewed] })).toBe('sub sub root')
  })
})

describe("the client's certificate", () => {
  it('must be for clients, if it has an extended key usage', () => {
    expect(clientWith({ extendedKeyUsage: null })).toBe('root')
    expect(clientWith({ extendedKeyUsage: ['codeSigning', 'clientAuth'] })).toBe('root')
    expect(clientWith({ extendedKeyUsage: ['serverAuth'] })).toBe(`signed: the certificate ${NO_CLIENTS}`)
    expect(clientWith({ extendedKeyUsage: ['anyExtendedKeyUsage'] })).toBe(`signed: the certificate ${NO_CLIENTS}`)
  })

  it('must be allowed to sign a handshake, if it has a key usage', () => {
    expect(clientWith({ keyUsage: null })).toBe('root')
    expect(clientWith({ keyUsage: ['keyAgreement'] })).toBe('root')
    expect(clientWith({ keyUsage: ['keyEncipherment'] })).toBe(
      'signed: the certificate must not sign a TLS handshake: its key usage does not contain digitalSignature',
    )
  })

  it('must have a strong key, a strong signature, and no unknown critical extension', () => {
    expect(clientWith({ key: testKey(1024) })).toBe(
      'signed: the certificate has an RSA key of 1024 bits; 2048 or more are required',
    )
    expect(clientWith({ digest: 'sha1' })).toBe(`signed: the certificate ${SHA1}`)
    expect(clientWith({ extensions: [unknownExtension] })).toBe(`signed: the certificate ${UNKNOWN}`)
  })
})

describe('createIssuedBy', () => {
  const certificates = Array.from({ length: 10 }, () => parsePathCertificate(writeCaCert('sub', root).der))
  const anchor = parsePathCertificate(root.der)

  it('verifies each pair once', () => {
    const [one = anchor] = certificates
    const verify = vi.spyOn(one.x509, 'verify')
    const isIssuedBy = createIssuedBy()
    expect([isIssuedBy(one, anchor), isIssuedBy(one, anchor), isIssuedBy(anchor, one)]).toEqual([true, true, false])
    expect(verify).toHaveBeenCalledTimes(1)
  })

  it('gives up after a number of signatures, of which those of other names do not count', () => {
    const isIssuedBy = createIssuedBy(2)
    const [one = anchor, two = anchor, three = anchor] = certificates
    expect([isIssuedBy(one, anchor), isIssuedBy(two, one), isIssuedBy(two, anchor)]).toEqual([true, false, true])
    expect(() => isIssuedBy(three, anchor)).toThrow(TooManySignaturesError)
    expect(isIssuedBy(one, anchor)).toBe(true)
  })

  it('does not verify a signature that is known, looks it up once, and counts it all the same', () => {
    const learnt: Fact[] = []
    const [one = anchor, two = anchor, three = anchor] = certificates
    const noting = { has: () => false, note: (fact: Fact) => learnt.push(fact) }
    const verifying = createIssuedBy(2, noting)
    expect([verifying(one, anchor), verifying(one, anchor), verifying(two, one)]).toEqual([true, true, false])
    expect(learnt).toEqual([factOf('signed', anchor.x509.fingerprint256, one.x509.fingerprint256)])

    const has = vi.fn(() => true)
    const note = vi.fn()
    const verify = vi.spyOn(three.x509, 'verify')
    const knowing = createIssuedBy(2, { has, note })
    expect([knowing(three, anchor), knowing(three, anchor), knowing(one, anchor)]).toEqual([true, true, true])
    expect([has.mock.calls.length, note.mock.calls.length, verify.mock.calls.length]).toEqual([2, 0, 0])
    expect(() => knowing(two, anchor)).toThrow(TooManySignaturesError)
    expect(knowing(anchor, one)).toBe(false)
  })

  it('has room for every path of ten certificates, and not for all pairs of ten', () => {
    expect(MAX_VERIFICATIONS).toBe(50)
    const key = testKey()
    const same = Array.from({ length: 10 }, (_, at) =>
      writeCaCert('same', undefined, { key, notAfter: new Date(NOW + DAY + at * 1000) }),
    )
    const own = writeCaCert('same', undefined, { key: testKey() })
    expect(() =>
      decide({ client: writeClientCert(own), others: same, root: same[0] as WrittenCertificate, maxDepth: 9 }),
    ).toThrow(TooManySignaturesError)
  })
})
