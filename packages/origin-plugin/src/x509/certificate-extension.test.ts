import type { X509Certificate } from 'node:crypto'
import { createCa, type IssuedCert, type TestCa, x509 } from '@countersign/test-support/certificates'
import { der } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it } from 'vitest'
import { allowsKeyUsage, readCertificateExtension } from './certificate-extension.ts'

let ca: TestCa
let cert: IssuedCert
beforeAll(async () => {
  ca = await createCa()
  const extensions = [
    new x509.Extension('1.2.3.4', true, Buffer.from('0403aabbcc', 'hex')),
    new x509.Extension('1.2.3.5', false, Buffer.from('0500', 'hex')),
  ]
  cert = await ca.issue({ extensions })
})

describe('readCertificateExtension', () => {
  it('returns the contents of an extension, critical or not', () => {
    expect(readCertificateExtension(cert.cert.raw, '2a0304')).toEqual(Buffer.from('0403aabbcc', 'hex'))
    expect(readCertificateExtension(cert.cert.raw, '2a0305')).toEqual(Buffer.from('0500', 'hex'))
  })

  it('returns nothing for an extension that the certificate does not have', () => {
    expect(readCertificateExtension(cert.cert.raw, '2a0306')).toBeUndefined()
  })

  it('returns nothing for a certificate without extensions', () => {
    const bare = der(0x30, der(0x30, der(0x02, '\x01')))
    expect(readCertificateExtension(bare, '2a0304')).toBeUndefined()
  })

  it.each([
    ['', 'the certificate is missing'],
    ['3000', 'the signed part of the certificate is missing'],
    ['30043002a300', 'the sequence of the extensions of the certificate is missing'],
    ['30083006a30430023000', 'the OID of an extension is missing'],
    ['300d300ba3093007300506032a0304', 'an extension of the certificate has no value'],
    ['3010300ea30c300a300806032a03040101ff', 'an extension of the certificate has no value'],
  ])('refuses %j', (hex, message) => {
    expect(() => readCertificateExtension(Buffer.from(hex, 'hex'), '2a0304')).toThrow(new SyntaxError(message))
  })
})

describe('allowsKeyUsage', () => {
  const issueWith = async (...flags: x509.KeyUsageFlags[]) =>
    (await ca.issue({ extensions: [new x509.KeyUsagesExtension(flags.reduce((all, flag) => all | flag, 0))] })).cert

  it('allows every use without the extension', () => {
    expect(allowsKeyUsage(ca.cert, 'cRLSign')).toBe(true)
    expect(allowsKeyUsage(ca.cert, 'keyCertSign')).toBe(true)
  })

  it('reads each use from its own bit', async () => {
    const { cRLSign, keyCertSign, digitalSignature } = x509.KeyUsageFlags
    const uses = ({ raw }: X509Certificate) =>
      (['keyCertSign', 'cRLSign'] as const).map((usage) => allowsKeyUsage({ raw } as X509Certificate, usage))
    expect(uses(await issueWith(cRLSign))).toEqual([false, true])
    expect(uses(await issueWith(keyCertSign))).toEqual([true, false])
    expect(uses(await issueWith(keyCertSign, cRLSign))).toEqual([true, true])
    expect(uses(await issueWith(digitalSignature))).toEqual([false, false])
  })

  it('allows no use with an empty extension, and refuses another value', () => {
    const certificate = (value: string) => {
      const extension = der(0x30, der(0x06, '\x55\x1d\x0f'), der(0x04, Buffer.from(value, 'hex')))
      return { raw: der(0x30, der(0x30, der(0xa3, der(0x30, extension)))) } as unknown as X509Certificate
    }
    expect(allowsKeyUsage(certificate('030100'), 'cRLSign')).toBe(false)
    expect(() => allowsKeyUsage(certificate('0500'), 'cRLSign')).toThrow(
      new SyntaxError('the value of KeyUsage is missing'),
    )
  })
})
