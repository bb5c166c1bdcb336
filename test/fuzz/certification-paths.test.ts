// The oracle is `openssl verify -purpose sslclient`. The kinds of faults are those of the x509-limbo suite.
import { opensslVerifier, type PathSetting } from '@countersign/test-support/openssl-verify'
import { type TestKey, testKey } from '@countersign/test-support/test-key'
import {
  type CertificateSpec,
  type WrittenCertificate,
  writeCaCert,
  writeCertificate,
} from '@countersign/test-support/write-certificate'
import { der } from '@countersign/test-support/write-der'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { describeNoPath } from '../../packages/origin-plugin/src/certification-path/describe-no-path.ts'
import { findPath } from '../../packages/origin-plugin/src/certification-path/find-path.ts'
import { createIssuedBy } from '../../packages/origin-plugin/src/certification-path/issued-by.ts'
import { parsePathCertificate } from '../../packages/origin-plugin/src/certification-path/path-certificate.ts'
import { fuzz } from './fuzz.ts'

const openssl = opensslVerifier()
afterAll(openssl.remove)

const DAY = 86_400_000
const NOW = Math.floor(Date.now() / 1000) * 1000
const NAMES = ['root', 'a', 'b', 'c'] as const
type Name = (typeof NAMES)[number]

/** Each name has a key of its own, and a second one. */
const KEYS: Readonly<Record<Name, readonly [TestKey, TestKey]>> = {
  root: [testKey(), testKey('P-384')],
  a: [testKey(), testKey(1024)],
  b: [testKey(2048), testKey('ed25519')],
  c: [testKey(), testKey('prime192v1')],
}
const CLIENT_KEYS = [testKey(), testKey(), testKey(1024)]

/** Takes the first value nearly always, so that a path has few faults. */
const mostly = <Value>(usual: Value, ...others: readonly Value[]) =>
  fc.oneof({ weight: 12 * others.length, arbitrary: fc.constant(usual) }, ...others.map((each) => fc.constant(each)))

const validity = mostly(
  { notBefore: new Date(NOW - DAY), notAfter: new Date(NOW + DAY) },
  { notBefore: new Date(NOW - DAY), notAfter: new Date(NOW - 1000) },
  { notBefore: new Date(NOW + 1000), notAfter: new Date(NOW + DAY) },
  { notBefore: new Date(NOW - 1000), notAfter: new Date(NOW + 1000) },
)
const extension = (critical: boolean, oid = '2a0304', value = der(0x05)) => [{ oid, critical, value }]
const anyPolicy = der(0x30, der(0x30, der(0x06, Buffer.from('551d2000', 'hex'))))
const extensions = mostly<NonNullable<CertificateSpec['extensions']>>(
  [],
  extension(true),
  extension(false),
  extension(true, '551d20', anyPolicy),
  extension(true, '551d11', der(0x30, der(0x82, 'ca.example'))),
)
const digest = mostly<'sha256' | 'sha1'>('sha256', 'sha1')

const caSpec = fc.record<Partial<CertificateSpec>>({
  basicConstraints: mostly<(CertificateSpec['basicConstraints'] & object) | null>(
    { ca: true },
    { ca: true, pathLength: 0 },
    { ca: true, pathLength: 1 },
    { ca: true, pathLength: 2 },
    { ca: false },
    null,
  ),
  keyUsage: mostly<(CertificateSpec['keyUsage'] & object) | null>(
    ['keyCertSign', 'cRLSign'],
    null,
    ['cRLSign'],
    ['digitalSignature', 'keyCertSign'],
  ),
  extendedKeyUsage: mostly<(CertificateSpec['extendedKeyUsage'] & object) | null>(
    null,
    ['clientAuth'],
    ['serverAuth', 'clientAuth'],
    ['serverAuth'],
    ['anyExtendedKeyUsage'],
  ),
  extensions,
  digest,
})
const clientSpec = fc.record<Partial<CertificateSpec>>({
  basicConstraints: mostly<(CertificateSpec['basicConstraints'] & object) | null>({ ca: false }, null, { ca: true }),
  keyUsage: mostly<(CertificateSpec['keyUsage'] & object) | null>(
    ['digitalSignature'],
    null,
    ['keyAgreement'],
    ['keyEncipherment'],
    ['digitalSignature', 'keyCertSign'],
  ),
  extendedKeyUsage: mostly<(CertificateSpec['extendedKeyUsage'] & object) | null>(
    ['clientAuth'],
    null,
    ['serverAuth'],
    ['anyExtendedKeyUsage'],
    ['codeSigning', 'clientAuth'],
  ),
  extensions,
  digest,
  key: mostly(...(CLIENT_KEYS as [TestKey, ...TestKey[]])),
})

/** A certificate of a CA below the root. The wrong key signs it now and then. */
const ca = (subject: fc.Arbitrary<Name>, issuer: fc.Arbitrary<Name>) =>
  fc
    .record({ subject, issuer, own: mostly(0, 1), signer: mostly(0, 1), validity, spec: caSpec })
    .map(({ subject: name, issuer: above, own, signer, ...more }) =>
      writeCertificate({
        ...more.spec,
        ...more.validity,
        subject: name,
        issuer: above,
        key: KEYS[name][own] as TestKey,
        signer: KEYS[above][signer] as TestKey,
      }),
    )
const anyName = fc.constantFrom(...NAMES)
const only = (name: Name) => fc.constant(name)

/** A straight line from the root, and some more certificates of any names, in any order, some of them twice. */
const others = fc
  .tuple(
    fc.tuple(ca(only('a'), only('root')), ca(only('b'), only('a')), ca(only('c'), only('b'))),
    fc.array(ca(anyName, anyName), { maxLength: 4 }),
    mostly(3, 0, 1, 2),
  )
  .chain(([line, more, missing]) => {
    const all = [...line.filter((_, at) => at !== missing), ...more]
    return fc
      .tuple(fc.shuffledSubarray(all, { minLength: all.length }), fc.subarray(all, { maxLength: 2 }))
      .map(([shuffled, again]) => [...shuffled, ...again].slice(0, 10))
  })

const root = fc
  .record({ validity, spec: caSpec, isCa: fc.constant({ ca: true }) })
  .map(({ spec, validity: dates, isCa }) =>
    writeCaCert('root', undefined, {
      ...spec,
      ...dates,
      key: KEYS.root[0],
      basicConstraints: spec.basicConstraints ?? isCa,
    }),
  )

/** One process of OpenSSL answers for many of them. */
const CLIENTS = 25

const clients = fc.array(
  fc.record({ issuer: anyName, signer: mostly(0, 1), spec: clientSpec }).map(({ issuer, signer, spec }) =>
    writeCertificate({
      ...spec,
      notBefore: new Date(NOW - DAY),
      notAfter: new Date(NOW + DAY),
      subject: 'client',
      issuer,
      signer: KEYS[issuer][signer] as TestKey,
    }),
  ),
  { minLength: CLIENTS, maxLength: CLIENTS },
)

/** The common names of the path; `undefined` without one, for a reason in one sentence. */
function ourPath(client: WrittenCertificate, { others: sent, root: anchor, maxDepth, time }: PathSetting) {
  const presented = {
    client: parsePathCertificate(client.der),
    others: sent.map((each) => parsePathCertificate(each.der)),
  }
  const at = { root: parsePathCertificate(anchor.der), maxDepth }
  const path = findPath(presented, at, createIssuedBy(1_000), time)
  if (!path) expect(describeNoPath(presented, at, createIssuedBy(1_000), time).reason).toMatch(/^[a-zA-Z].{20}/)
  return path?.map(({ subject }) => subject.CN).join(' ')
}

/**
 * The least share of the clients that has each path, a quarter of the usual one. It allows a path of two intermediates to
 * be missing among the clients of few runs, because each run has one set of certificates.
 */
const LEAST = [
  ['root', 0.04],
  ['a root', 0.02],
  ['b a root', 0.01],
  ['undefined', 0.1],
] as const

describe('a certification path', () => {
  it('is found exactly if OpenSSL accepts one', () => {
    const found = new Map<string, number>()
    return fuzz(
      fc.property(root, others, clients, fc.constantFrom(1, 2, 3, 3), (anchor, sent, asked, maxDepth) => {
        const setting = { others: sent, root: anchor, maxDepth, time: NOW }
        const theirs = openssl.acceptsEach(asked, setting)
        for (const [at, client] of asked.entries()) {
          const path = ourPath(client, setting)
          expect(path !== undefined, `${path} of ${describeCase(client, setting)}`).toBe(theirs[at])
          found.set(String(path), (found.get(String(path)) ?? 0) + 1)
        }
      }),
      0.02,
    ).then(() => {
      const asked = [...found.values()].reduce((sum, count) => sum + count, 0)
      for (const [path, share] of LEAST) {
        expect(found.get(path) ?? 0, path).toBeGreaterThanOrEqual(Math.floor(asked * share))
      }
    })
  }, 3_600_000)
})

const describeCase = (client: WrittenCertificate, { others: sent, root: anchor, maxDepth }: PathSetting) =>
  JSON.stringify({
    maxDepth,
    chain: [client, ...sent, anchor].map(({ spec: { key: _, signer: __, ...spec } }) => spec),
  })
