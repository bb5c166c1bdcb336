import { X509Certificate } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { createOpensslCa } from '../../test/support/openssl-ca.ts'
import { parseCrl } from './parse-crl.ts'

const ca = createOpensslCa('/O=Acme/CN=Acme Client CA')
const namesake = createOpensslCa('/O=Acme/CN=Acme Client CA')
const other = createOpensslCa('/O=Acme/CN=Other CA')
const certificate = new X509Certificate(ca.certificate)
afterAll(() => {
  for (const each of [ca, namesake, other]) each.remove()
})

const serial = (hex: string) => Buffer.from(hex, 'hex')
const serials = ['01', '7F', '00936EACBE07F201DF', '4B373CF1EC7D21ECBA4BD4C15A97103D', 'FFFF']

describe('parseCrl', () => {
  it.each(['DER', 'PEM'] as const)('reads the lists of OpenSSL, in %s', async (outform) => {
    const list = await parseCrl(ca.crl({ serials, outform }), certificate)
    expect(list.serials.size).toBe(serials.length)
    for (const hex of ['01', '7F', '00936EACBE07F201DF', '4B373CF1EC7D21ECBA4BD4C15A97103D', '00FFFF']) {
      expect(list.serials.has(serial(hex))).toBe(true)
    }
    for (const hex of ['02', '', '0001', '936EACBE07F201DF', '4B373CF1EC7D21ECBA4BD4C15A97103E', 'FFFF']) {
      expect(list.serials.has(serial(hex))).toBe(false)
    }
  })

  it('reads the dates', async () => {
    const dates = { lastUpdate: '20260102030405Z', nextUpdate: '20510102030405Z' }
    const list = await parseCrl(ca.crl(dates), certificate)
    expect(new Date(list.thisUpdate).toISOString()).toBe('2026-01-02T03:04:05.000Z')
    expect(new Date(list.nextUpdate).toISOString()).toBe('2051-01-02T03:04:05.000Z')
  })

  it('reads an empty list', async () => {
    const list = await parseCrl(ca.crl(), certificate)
    expect(list.serials.size).toBe(0)
    expect(list.serials.has(serial('01'))).toBe(false)
  })

  it('reads thousands of entries', async () => {
    const many = Array.from({ length: 25_000 }, (_, at) => (at + 256).toString(16).padStart(8, '0').toUpperCase())
    const list = await parseCrl(ca.crl({ serials: many }), certificate)
    expect(list.serials.size).toBe(many.length)
    for (let at = 0; at < many.length; at += 997) {
      const hex = (at + 256).toString(16)
      expect(list.serials.has(serial(hex.padStart(hex.length + (hex.length % 2), '0')))).toBe(true)
    }
    expect(list.serials.has(serial('00ff'))).toBe(false)
  })

  it.each([
    ['RSA with SHA-512', ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'], 'sha512'],
    ['ECDSA with SHA-384', ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384'], 'sha384'],
    ['Ed25519', ['ED25519'], 'default'],
  ])('verifies %s', async (_name, algorithm, digest) => {
    const another = createOpensslCa('/CN=Another', algorithm)
    const list = await parseCrl(another.crl({ serials, digest }), new X509Certificate(another.certificate))
    expect(list.serials.size).toBe(serials.length)
    another.remove()
  })

  it('refuses SHA-1', async () => {
    await expect(parseCrl(ca.crl({ digest: 'sha1' }), certificate)).rejects.toThrow('signature algorithm')
  })

  it("refuses another CA's list, also one of the same name", async () => {
    await expect(parseCrl(other.crl({ serials }), certificate)).rejects.toThrow(
      'the issuer of the list is not this CA: CN=Other CA,O=Acme',
    )
    await expect(parseCrl(namesake.crl({ serials }), certificate)).rejects.toThrow(
      'does not verify with the key of the CA',
    )
  })

  it.each([
    ['a delta', '2.5.29.27 = critical,DER:02:01:01', '2.5.29.27'],
    ['a partial list', 'issuingDistributionPoint = critical,@idp\n[idp]\nonlyuser = TRUE', '2.5.29.28'],
    ['an indirect list', 'issuingDistributionPoint = @idp\n[idp]\nindirectCRL = TRUE', '2.5.29.28'],
    ['something critical that nobody knows', '1.2.3.4 = critical,DER:05:00', '1.2.3.4'],
  ])('refuses %s', async (_what, extensions, message) => {
    const list = ca.crl({ serials, extensions })
    await expect(parseCrl(list, certificate)).rejects.toThrow(message)
  })

  it('ignores an extension that is not critical', async () => {
    const list = await parseCrl(ca.crl({ serials, extensions: '1.2.3.4 = DER:05:00' }), certificate)
    expect(list.serials.size).toBe(serials.length)
  })

  it('refuses every list in which a byte is changed', async () => {
    const good = ca.crl({ serials })
    for (let at = 0; at < good.length; at += 1) {
      const changed = Buffer.from(good)
      changed[at] = (changed[at] as number) ^ 0x01
      await expect(parseCrl(changed, certificate), `byte ${at}`).rejects.toThrow(SyntaxError)
    }
  })

  it('refuses every list that is cut off, or followed by other bytes', async () => {
    const good = ca.crl({ serials })
    for (let length = 0; length < good.length; length += 1) {
      await expect(parseCrl(good.subarray(0, length), certificate)).rejects.toThrow(SyntaxError)
    }
    await expect(parseCrl(Buffer.concat([good, Buffer.from([5, 0])]), certificate)).rejects.toThrow(
      'followed by other bytes',
    )
  })

  it.each(['', 'text', '-----BEGIN X509 CRL-----\n-----END X509 CRL-----', '0\0', '0\x80\0\0'])(
    'refuses %j',
    async (text) => {
      await expect(parseCrl(Buffer.from(text, 'latin1'), certificate)).rejects.toThrow(SyntaxError)
    },
  )
})
