import { createCa, type TestCa, x509 } from '@countersign/test-support/certificates'
import { opensslX509 } from '@countersign/test-support/openssl'
import { der } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it } from 'vitest'
import { readCertificateParts } from '../certificate-parts.ts'
import { readAuthorityKey } from './authority-key.ts'

let ca: TestCa
beforeAll(async () => {
  ca = await createCa()
})

const extension = (...fields: Buffer[]) => new x509.Extension('2.5.29.35', false, der(0x30, ...fields))
const keyOf = async (...extensions: x509.Extension[]) =>
  readAuthorityKey(readCertificateParts((await ca.issue({ bare: true, extensions })).cert.raw))

describe('readAuthorityKey', () => {
  it('reads the key identifier that OpenSSL prints', async () => {
    const { cert, pem } = await ca.issue()
    const { keyId, serialNumber } = readAuthorityKey(readCertificateParts(cert.raw))
    expect(opensslX509(pem, '-ext', 'authorityKeyIdentifier').replaceAll(':', '')).toContain(keyId)
    expect(serialNumber).toBeUndefined()
  })

  it('reads the serial number of the CA as node:crypto prints it', async () => {
    const issuer = der(0xa1, der(0x82, 'a.example'))
    expect(await keyOf(extension(issuer, der(0x82, Buffer.from('00abcdef', 'hex'))))).toEqual({
      keyId: undefined,
      serialNumber: 'ABCDEF',
    })
    const both = extension(der(0x80, Buffer.from('abcd', 'hex')), issuer, der(0x82, '\x05'))
    expect(await keyOf(both)).toEqual({ keyId: 'ABCD', serialNumber: '05' })
  })

  it('reads neither without the extension, or from an empty one', async () => {
    const none = { keyId: undefined, serialNumber: undefined }
    expect(await keyOf()).toEqual(none)
    expect(await keyOf(extension())).toEqual(none)
  })

  it('throws SyntaxError for an extension of another form', async () => {
    await expect(keyOf(new x509.Extension('2.5.29.35', false, der(0x04, 'x')))).rejects.toThrow(SyntaxError)
  })
})
