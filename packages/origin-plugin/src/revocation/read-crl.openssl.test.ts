import { X509Certificate } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { createOpensslCa } from '../../test/support/openssl-ca.ts'
import { readCrl } from './read-crl.ts'
import { hasSerial } from './serial-set.ts'

const ca = createOpensslCa('/O=Acme/CN=Acme Client CA')
const namesake = createOpensslCa('/O=Acme/CN=Acme Client CA')
const other = createOpensslCa('/O=Acme/CN=Other CA')
const { publicKey } = new X509Certificate(ca.certificate)
afterAll(() => {
  for (const each of [ca, namesake, other]) each.remove()
})

const serial = (hex: string) => Buffer.from(hex, 'hex')
const serials = ['01', '7F', '00936EACBE07F201DF', '4B373CF1EC7D21ECBA4BD4C15A97103D', 'FFFF']

const idp = (fields: string) => `issuingDistributionPoint = critical,@idp\n[idp]\n${fields}`

describe('readCrl: the lists of OpenSSL', () => {
  it.each(['DER', 'PEM'] as const)('reads the lists of OpenSSL, in %s', (outform) => {
    const list = readCrl(ca.crl({ serials, outform }), publicKey)
    expect(list.serials.size).toBe(serials.length)
    for (const hex of ['01', '7F', '00936EACBE07F201DF', '4B373CF1EC7D21ECBA4BD4C15A97103D', '00FFFF']) {
      expect(hasSerial(list.serials, serial(hex))).toBe(true)
    }
    for (const hex of ['02', '', '0001', '936EACBE07F201DF', '4B373CF1EC7D21ECBA4BD4C15A97103E', 'FFFF']) {
      expect(hasSerial(list.serials, serial(hex))).toBe(false)
    }
  })

  it('reads the dates', () => {
    const dates = { lastUpdate: '20260102030405Z', nextUpdate: '20510102030405Z' }
    const list = readCrl(ca.crl(dates), publicKey)
    expect(new Date(list.thisUpdate).toISOString()).toBe('2026-01-02T03:04:05.000Z')
    expect(new Date(list.nextUpdate).toISOString()).toBe('2051-01-02T03:04:05.000Z')
  })

  it('reads an empty list', () => {
    const list = readCrl(ca.crl(), publicKey)
    expect(list.serials.size).toBe(0)
    expect(hasSerial(list.serials, serial('01'))).toBe(false)
  })

  it('reads thousands of entries', () => {
    const many = Array.from({ length: 25_000 }, (_, at) => (at + 256).toString(16).padStart(8, '0').toUpperCase())
    const list = readCrl(ca.crl({ serials: many }), publicKey)
    expect(list.serials.size).toBe(many.length)
    for (let at = 0; at < many.length; at += 997) {
      const hex = (at + 256).toString(16)
      expect(hasSerial(list.serials, serial(hex.padStart(hex.length + (hex.length % 2), '0')))).toBe(true)
    }
    expect(hasSerial(list.serials, serial('00ff'))).toBe(false)
  })

  it.each([
    ['RSA with SHA-512', ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'], 'sha512'],
    ['ECDSA with SHA-384', ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384'], 'sha384'],
    ['Ed25519', ['ED25519'], 'default'],
  ])('verifies %s', (_name, algorithm, digest) => {
    const another = createOpensslCa('/CN=Another', algorithm)
    const list = readCrl(another.crl({ serials, digest }), new X509Certificate(another.certificate).publicKey)
    expect(list.serials.size).toBe(serials.length)
    another.remove()
  })

  it.each([
    ['sha256', 'digest'],
    ['sha384', '20'],
    ['sha512', 'max'],
  ])('verifies RSA-PSS with %s and the salt length %s', (digest, salt) => {
    const another = createOpensslCa('/CN=Another', ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'])
    const sigopts = ['rsa_padding_mode:pss', `rsa_pss_saltlen:${salt}`]
    const list = readCrl(another.crl({ serials, digest, sigopts }), new X509Certificate(another.certificate).publicKey)
    expect(list.serials.size).toBe(serials.length)
    another.remove()
  })

  it('verifies RSA-PSS with a key that is for nothing else', () => {
    const another = createOpensslCa('/CN=Another', ['RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048'])
    const list = readCrl(another.crl({ serials }), new X509Certificate(another.certificate).publicKey)
    expect(list.serials.size).toBe(serials.length)
    another.remove()
  })

  it('refuses RSA-PSS with two different digests, and SHA-1', () => {
    const another = createOpensslCa('/CN=Another', ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'])
    const { publicKey: otherKey } = new X509Certificate(another.certificate)
    for (const mgf1 of ['sha1', 'sha512']) {
      const sigopts = ['rsa_padding_mode:pss', 'rsa_pss_saltlen:digest', `rsa_mgf1_md:${mgf1}`]
      expect(() => readCrl(another.crl({ sigopts }), otherKey)).toThrow(
        'the list is signed with RSA-PSS of another form',
      )
    }
    another.remove()
    expect(() => readCrl(ca.crl({ digest: 'sha1' }), publicKey)).toThrow(
      'the list is signed with the algorithm 1.2.840.10045.4.1; let the CA sign it with RSA, ECDSA or EdDSA, and SHA-256 or longer',
    )
  })

  it("refuses another CA's list, also one of the same name", () => {
    for (const another of [other, namesake]) {
      expect(() => readCrl(another.crl({ serials }), publicKey)).toThrow(
        'the signature does not verify with the key of this CA: the list is of another CA, or was changed',
      )
    }
  })

  it('refuses version 1, and states the setting of OpenSSL', () => {
    expect(() => readCrl(ca.crl({ version1: true }), publicKey)).toThrow(
      'the list is not of version 2, and an earlier one cannot state its scope; let the CA write version 2 (crl_extensions of OpenSSL)',
    )
  })

  it.each([
    [
      '2.5.29.27 = critical,DER:02:01:01',
      'the list is a delta list, which contains only changes; write the complete list',
    ],
    [idp('onlyCA = TRUE'), 'the list contains only CA certificates; write the list of the client certificates'],
    [idp('onlyAA = TRUE'), 'the list contains only attribute certificates; write the list of the client certificates'],
    [
      idp('indirectCRL = TRUE'),
      'the list also contains certificates of other CAs (indirectCRL); write a list of this CA alone',
    ],
    [
      idp('onlysomereasons = keyCompromise'),
      'the list contains only some reasons of revocation; write the list of all reasons',
    ],
    [
      '1.2.3.4 = critical,DER:05:00',
      'the list has the unknown critical extension 1.2.3.4, which may change its meaning',
    ],
  ])('refuses a list with %j', (extensions, message) => {
    const list = ca.crl({ serials, extensions })
    expect(() => readCrl(list, publicKey)).toThrow(expect.objectContaining({ message }))
  })

  it.each([
    [idp('onlyuser = TRUE'), { points: 'all', certificates: 'users' }],
    [
      idp('fullname = URI:http://ca.example/a.crl'),
      { points: [`8617${Buffer.from('http://ca.example/a.crl').toString('hex')}`], certificates: 'all' },
    ],
    [
      idp('onlyuser = TRUE\nfullname = DNS:ca.example'),
      { points: [`820a${Buffer.from('ca.example').toString('hex')}`], certificates: 'users' },
    ],
  ])('reads the scope of a list with %j', (extensions, scope) => {
    expect(readCrl(ca.crl({ serials, extensions }), publicKey).scope).toEqual(scope)
  })

  it('accepts a list of CA certificates alone for a CA above others', () => {
    const list = readCrl(ca.crl({ serials, extensions: idp('onlyCA = TRUE') }), publicKey, true)
    expect(list.scope).toEqual({ points: 'all', certificates: 'cas' })
    expect(list.serials.size).toBe(serials.length)
  })

  it('prefers another list to one of CA certificates alone, also to a newer one', () => {
    const cas = ca.crl({ number: '09', extensions: idp('onlyCA = TRUE'), outform: 'PEM' })
    for (const extensions of ['', idp('onlyuser = TRUE')]) {
      const other = ca.crl({ number: '02', extensions, outform: 'PEM' })
      expect(readCrl(Buffer.concat([cas, other]), publicKey, true).number).toBe(2n)
    }
  })

  it('reads the number of the list', () => {
    expect(readCrl(ca.crl({ number: '0100' }), publicKey).number).toBe(256n)
  })

  it('ignores an extension that is not critical', () => {
    const list = readCrl(ca.crl({ serials, extensions: '1.2.3.4 = DER:05:00' }), publicKey)
    expect(list.serials.size).toBe(serials.length)
  })

  it('refuses every list in which a byte is changed', () => {
    const good = ca.crl({ serials })
    for (let at = 0; at < good.length; at += 1) {
      const changed = Buffer.from(good)
      changed[at] = (changed[at] as number) ^ 0x01
      expect(() => readCrl(changed, publicKey), `byte ${at}`).toThrow(SyntaxError)
    }
  })

  it('refuses every list that is cut off, or followed by other bytes', () => {
    const good = ca.crl({ serials })
    for (let length = 0; length < good.length; length += 1) {
      expect(() => readCrl(good.subarray(0, length), publicKey)).toThrow(SyntaxError)
    }
    expect(() => readCrl(Buffer.concat([good, Buffer.from([5, 0])]), publicKey)).toThrow('followed by other bytes')
  })

  it.each(['', 'text', '-----BEGIN X509 CRL-----\n-----END X509 CRL-----', '0\0', '0\x80\0\0'])(
    'refuses %j',
    (text) => {
      expect(() => readCrl(Buffer.from(text, 'latin1'), publicKey)).toThrow(SyntaxError)
    },
  )
})
