import { createCa, type TestCa, x509 } from '@countersign/test-support/certificates'
import { der } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it } from 'vitest'
import { readCertificateParts } from './certificate-parts.ts'
import { isSigningCertificate } from './signing-certificate.ts'

let ca: TestCa
beforeAll(async () => {
  ca = await createCa()
})

const KEY_USAGE = '2.5.29.15'
const BASIC_CONSTRAINTS = '2.5.29.19'
const isSigning = (oid: string, value: Uint8Array) =>
  isSigningCertificate({ extensions: new Map([[oid, { critical: false, value }]]) })

describe('isSigningCertificate', () => {
  it('tells a CA from a client', async () => {
    expect(isSigningCertificate(readCertificateParts(ca.cert.raw))).toBe(true)
    expect(isSigningCertificate(readCertificateParts((await ca.issue()).cert.raw))).toBe(false)
    expect(isSigningCertificate({ extensions: new Map() })).toBe(false)
  })

  it.each([
    [x509.KeyUsageFlags.digitalSignature, false],
    [x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyAgreement | x509.KeyUsageFlags.encipherOnly, false],
    [x509.KeyUsageFlags.decipherOnly, false],
    [x509.KeyUsageFlags.keyCertSign, true],
    [x509.KeyUsageFlags.cRLSign, true],
    [x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.cRLSign, true],
  ])('reads the key usages %i', async (flags, signs) => {
    const { cert } = await ca.issue({ extensions: [new x509.KeyUsagesExtension(flags, true)] })
    expect(isSigningCertificate(readCertificateParts(cert.raw))).toBe(signs)
  })

  it.each([
    ['the default', der(0x30), false],
    ['FALSE', der(0x30, der(0x01, '\0')), false],
    ['TRUE', der(0x30, der(0x01, '\xff')), true],
    ['TRUE as BER writes it', der(0x30, der(0x01, '\x01')), true],
    ['a length alone', der(0x30, der(0x02, '\0')), false],
    ['nothing', Buffer.alloc(0), true],
    ['no sequence', der(0x31), true],
    ['a value that is cut off', der(0x30, der(0x01, '\0')).subarray(0, 4), true],
  ])('takes BasicConstraints with %s', (_what, value, signs) => {
    expect(isSigning(BASIC_CONSTRAINTS, value)).toBe(signs)
  })

  it.each([
    ['no bits', der(0x03, '\0'), true],
    ['another type', der(0x04, '\0\x80'), true],
    ['nothing', Buffer.alloc(0), true],
    ['digitalSignature', der(0x03, '\x07\x80'), false],
    ['keyCertSign', der(0x03, '\x02\x04'), true],
  ])('takes KeyUsage with %s', (_what, value, signs) => {
    expect(isSigning(KEY_USAGE, value)).toBe(signs)
  })
})
