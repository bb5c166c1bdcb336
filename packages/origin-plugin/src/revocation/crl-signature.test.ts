import { X509Certificate } from 'node:crypto'
import { createCa, type TestCa } from '@countersign/test-support/certificates'
import { der } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { createOpensslCa } from '../../test/support/openssl-ca.ts'
import { algorithm, ECDSA_WITH_SHA256, writeCrl } from '../../test/support/write-crl.ts'
import { DerCursor } from '../x509/der-cursor.ts'
import { MAX_ALGORITHM_BYTES } from '../x509/signatures/x509-algorithm.ts'
import { UnverifiedCrlError, verifyCrl } from './crl-signature.ts'

let ca: TestCa
beforeAll(async () => {
  ca = await createCa()
})

const verify = (bytes: Uint8Array) => verifyCrl(bytes, ca.cert.publicKey)
const SIGNATURE = der(0x03, '\0', Buffer.alloc(64))
const UNVERIFIED = 'the signature does not verify with the key of this CA: the list is of another CA, or was changed'
const list = (...parts: Buffer[]) => der(0x30, ...parts)
const TBS = der(0x30, 'anything')

describe('verifyCrl', () => {
  it('returns the signed bytes and the algorithm', () => {
    const crl = writeCrl(ca)
    const { signed, algorithm: encoded } = verify(crl)
    expect(Buffer.from(encoded)).toEqual(ECDSA_WITH_SHA256)
    expect(Buffer.from(signed)).toEqual(crl.subarray(3, 3 + signed.length))
    expect(signed.length).toBe((crl[4] as number) + 2)
  })

  it('reads none of the signed bytes: they may be anything', () => {
    const tbs = der(0x30, Buffer.alloc(1000, 'x'))
    const crl = list(tbs, ECDSA_WITH_SHA256, der(0x03, '\0', ca.sign(tbs)))
    expect(Buffer.from(verify(crl).signed)).toEqual(tbs)
  })

  it('names a certificate in place of a list', async () => {
    const other = (await createCa()).cert.raw
    expect(() => verify(other)).toThrow(
      new UnverifiedCrlError(
        'the signature does not verify with the key of this CA: it is a certificate, and not a list',
      ),
    )
  })

  // A bound on the work, for unsigned input of any length: each step moves a cursor once.
  it.each([
    ['a million tiny values', Buffer.alloc(2_000_000, Buffer.from([5, 0]))],
    ['a million nested values', Buffer.alloc(2_000_000, 0x30)],
  ])('moves a handful of times over %s', (_what, contents) => {
    const steps = vi.spyOn(DerCursor.prototype, 'next')
    const long = (tag: number, bytes: Uint8Array) => {
      const head = Buffer.from([tag, 0x84, 0, 0, 0, 0])
      head.writeUInt32BE(bytes.length, 2)
      if (bytes.length < 0x1000000) return Buffer.concat([Buffer.from([tag, 0x83]), head.subarray(3), bytes])
      return Buffer.concat([head, bytes])
    }
    const bytes = long(0x30, Buffer.concat([long(0x30, contents), ECDSA_WITH_SHA256, SIGNATURE]))
    expect(() => verify(bytes)).toThrow(UNVERIFIED)
    expect(steps.mock.calls.length).toBeLessThan(12)
    steps.mockRestore()
  })

  it.each<[string, () => Uint8Array, string]>([
    ['no bytes', () => Buffer.alloc(0), 'the list is not a DER sequence'],
    ['another value', () => Buffer.from('0500', 'hex'), 'the list is not a DER sequence'],
    [
      'bytes behind the list',
      () => Buffer.concat([writeCrl(ca), Buffer.from([0])]),
      'the list is followed by other bytes',
    ],
    ['an empty list', () => list(), 'the signed part of the list is missing'],
    ['no algorithm', () => list(TBS), 'the signature algorithm of the list is missing'],
    ['no signature', () => list(TBS, ECDSA_WITH_SHA256), 'the signature of the list is missing'],
    [
      'a signature that is an octet string',
      () => list(TBS, ECDSA_WITH_SHA256, der(0x04, '\0')),
      'the signature of the list is missing',
    ],
    [
      'an empty signature',
      () => list(TBS, ECDSA_WITH_SHA256, der(0x03)),
      'the signature of the list does not consist of whole bytes',
    ],
    [
      'a signature with unused bits',
      () => list(TBS, ECDSA_WITH_SHA256, der(0x03, '\x01\0')),
      'the signature of the list does not consist of whole bytes',
    ],
    [
      'a value behind the signature',
      () => list(TBS, ECDSA_WITH_SHA256, SIGNATURE, der(0x05)),
      'the signature of the list is followed by another value',
    ],
    ['an algorithm without an OID', () => list(TBS, der(0x30), SIGNATURE), 'the OID of an algorithm is missing'],
    [
      'SHA-1',
      () => list(TBS, algorithm('2a8648ce3d0401'), SIGNATURE),
      'the list is signed with the algorithm 1.2.840.10045.4.1; let the CA sign it with RSA, ECDSA or EdDSA, and SHA-256 or longer',
    ],
  ])('refuses %s', (_what, bytes, message) => {
    expect(() => verify(bytes())).toThrow(expect.objectContaining({ name: 'SyntaxError', message }))
  })

  it('limits the length of the algorithm', () => {
    const padded = (length: number) =>
      der(0x30, der(0x06, Buffer.from('2a8648ce3d040302', 'hex')), der(0x04, Buffer.alloc(length - 14)))
    expect(padded(MAX_ALGORITHM_BYTES)).toHaveLength(128)
    expect(() => verify(list(TBS, padded(128), SIGNATURE))).toThrow(UNVERIFIED)
    expect(() => verify(list(TBS, padded(129), SIGNATURE))).toThrow(
      new SyntaxError('the signature algorithm of the list is too long'),
    )
  })

  it('refuses a signature that is not of this key', async () => {
    const other = await createCa()
    for (const bytes of [
      writeCrl(other),
      writeCrl(ca, { signature: SIGNATURE }),
      list(TBS, ECDSA_WITH_SHA256, der(0x03, '\0')),
    ]) {
      expect(() => verify(bytes)).toThrow(expect.objectContaining({ name: 'UnverifiedCrlError', message: UNVERIFIED }))
    }
    expect(() => verify(writeCrl(other))).toThrow(UnverifiedCrlError)
  })

  it('uses a key only with an algorithm of its own type', () => {
    const openssl = createOpensslCa('/CN=Ed25519', ['ED25519'])
    const { publicKey } = new X509Certificate(openssl.certificate)
    const crl = openssl.crl()
    openssl.remove()
    expect(() => verifyCrl(crl, publicKey)).not.toThrow()
    expect(() => verifyCrl(writeCrl(ca), publicKey)).toThrow(UNVERIFIED)
    expect(() => verify(crl)).toThrow(UNVERIFIED)
  })
})

describe('verifyCrl: RSA-PSS', () => {
  const PSS = '2a864886f70d01010a'
  const SHA256 = '608648016503040201'
  const SHA384 = '608648016503040202'
  const MGF1 = '2a864886f70d010108'
  const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
  const hash = (digest: string) => der(0xa0, der(0x30, oid(digest)))
  const mask = (digest: string, generator = MGF1) => der(0xa1, der(0x30, oid(generator), der(0x30, oid(digest))))
  const salt = (bytes: string) => der(0xa2, der(0x02, Buffer.from(bytes, 'hex')))
  const pss = (...parameters: Buffer[]) => list(TBS, der(0x30, oid(PSS), der(0x30, ...parameters)), SIGNATURE)
  const ADVICE =
    'the list is signed with RSA-PSS of another form; let the CA use SHA-256, SHA-384 or SHA-512, and the same one for MGF1'

  it.each([
    ['a salt length of one byte', pss(hash(SHA256), mask(SHA256), salt('20'))],
    ['a salt length of two bytes', pss(hash(SHA384), mask(SHA384), salt('00de'))],
    ['the usual salt length', pss(hash(SHA256), mask(SHA256))],
  ])('reads %s', (_what, bytes) => {
    expect(() => verify(bytes)).toThrow(UNVERIFIED)
  })

  it.each([
    ['no parameters', list(TBS, der(0x30, oid(PSS)), SIGNATURE)],
    ['parameters that are not a sequence', list(TBS, der(0x30, oid(PSS), der(0x05)), SIGNATURE)],
    ['the default digest, SHA-1', pss()],
    ['a mask without a digest', pss(hash(SHA256))],
    ['no digest', pss(mask(SHA256), salt('20'))],
    ['an empty digest', pss(der(0xa0), mask(SHA256), salt('20'))],
    ['an unknown digest', pss(hash('2a0304'), mask('2a0304'), salt('20'))],
    ['two digests', pss(hash(SHA256), mask(SHA384), salt('20'))],
    ['an unknown mask', pss(hash(SHA256), mask(SHA256, '2a0304'), salt('20'))],
    ['an empty salt length', pss(hash(SHA256), mask(SHA256), salt(''))],
    ['a salt length of three bytes', pss(hash(SHA256), mask(SHA256), salt('010000'))],
    ['a salt length that is not a number', pss(hash(SHA256), mask(SHA256), der(0xa2, der(0x04, '\x20')))],
    ['an empty field for the salt length', pss(hash(SHA256), mask(SHA256), der(0xa2))],
    ['a trailer field', pss(hash(SHA256), mask(SHA256), salt('20'), der(0xa3, der(0x02, '\x01')))],
    ['a trailer field in place of the salt length', pss(hash(SHA256), mask(SHA256), der(0xa3, der(0x02, '\x01')))],
  ])('refuses %s', (_what, bytes) => {
    expect(() => verify(bytes)).toThrow(new SyntaxError(ADVICE))
  })
})
