import { describe, expect, it } from 'vitest'
import { generateKeyPair } from '../pki/key-pair.ts'
import { Name, X509CertificateGenerator } from '../pki/peculiar-x509.ts'
import { readCertificateFields } from './certificate-fields.ts'

async function issue(name: Name): Promise<Uint8Array> {
  const keys = await generateKeyPair('P-256')
  const certificate = await X509CertificateGenerator.createSelfSigned({ name, keys, serialNumber: '01' })
  return new Uint8Array(certificate.rawData)
}

const fieldsOf = async (name: Name) => readCertificateFields(await issue(name))

describe('readCertificateFields', () => {
  it('reads every string type that names are written in', async () => {
    const { subject } = await fieldsOf(
      new Name([
        { '2.5.4.6': [{ printableString: 'US' }] },
        { '2.5.4.10': [{ bmpString: 'Zoë' }] },
        { '2.5.4.11': [{ utf8String: '🦊' }] },
        { '2.5.4.3': [{ ia5String: 'a' }] },
      ]),
    )
    expect(subject).toEqual([
      [{ type: 'C', value: 'US' }],
      [{ type: 'O', value: 'Zoë' }],
      [{ type: 'OU', value: '🦊' }],
      [{ type: 'CN', value: 'a' }],
    ])
  })

  it('gives the bytes of a value that its type does not allow', async () => {
    const der = Buffer.from(await issue(new Name([{ '2.5.4.3': [{ utf8String: 'ë' }] }]))).toString('hex')
    const { subject } = readCertificateFields(Buffer.from(der.replaceAll('0c02c3ab', '0c02c328'), 'hex'))
    expect(subject).toEqual([[{ type: 'CN', value: Buffer.of(0x0c, 2, 0xc3, 0x28) }]])
  })

  it('reads a certificate without a subject and without extensions', async () => {
    const { subject, serialNumber, subjectKeyId } = await fieldsOf(new Name([]))
    expect([subject, serialNumber, subjectKeyId]).toEqual([[], Uint8Array.of(1), new Uint8Array()])
  })

  it('refuses bytes that are not a certificate', () => {
    expect(() => readCertificateFields(Uint8Array.of(0x30, 0))).toThrow(RangeError)
  })
})
