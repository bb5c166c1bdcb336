import { X509Certificate } from 'node:crypto'
import { opensslX509 } from '@countersign/test-support/openssl'
import { beforeAll, describe, expect, it } from 'vitest'
import { issueClient } from './dev-client.ts'
import { createPki, type Pki } from './pki.ts'

let pki: Pki

beforeAll(async () => {
  pki = await createPki('localhost')
})

describe('issueClient', () => {
  it('issues a certificate with the given fields', async () => {
    const notBefore = new Date('2025-01-02T03:04:05Z')
    const notAfter = new Date('2055-01-02T03:04:05Z')
    const san = {
      dns: ['a.example'],
      email: ['a@b.example'],
      uri: ['spiffe://acme/a'],
      ip: ['192.0.2.7', '2001:db8::7'],
    }
    const { cert } = await issueClient(pki, { subject: 'CN=a,O=Acme', keyType: 'RSA-2048', notBefore, notAfter, san })
    const certificate = new X509Certificate(cert)
    expect(certificate.publicKey.asymmetricKeyType).toBe('rsa')
    expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048)
    expect(new Date(certificate.validFrom)).toEqual(notBefore)
    expect(new Date(certificate.validTo)).toEqual(notAfter)
    expect(certificate.subjectAltName?.split(', ')).toEqual([
      'DNS:a.example',
      'email:a@b.example',
      'URI:spiffe://acme/a',
      'IP Address:192.0.2.7',
      'IP Address:2001:DB8:0:0:0:0:0:7',
    ])
    expect(opensslX509(cert, '-purpose')).toMatch(/^SSL client : Yes$/m)
  })

  it.each([
    [
      ['clientAuth', 'serverAuth', 'anyExtendedKeyUsage'],
      ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1', '2.5.29.37.0'],
    ],
    [
      ['codeSigning', 'emailProtection', 'timeStamping', 'OCSPSigning', '1.2.3'],
      ['1.3.6.1.5.5.7.3.3', '1.3.6.1.5.5.7.3.4', '1.3.6.1.5.5.7.3.8', '1.3.6.1.5.5.7.3.9', '1.2.3'],
    ],
    [[], undefined],
    [undefined, ['1.3.6.1.5.5.7.3.2']],
  ])('issues a certificate with the purposes %j', async (extendedKeyUsage, oids) => {
    const { cert } = await issueClient(pki, { extendedKeyUsage })
    expect(new X509Certificate(cert).keyUsage).toEqual(oids)
  })

  it('gives every certificate another serial number of 32 digits', async () => {
    const [one, two] = await Promise.all([issueClient(pki), issueClient(pki)])
    const serial = ({ cert }: { cert: string }) => new X509Certificate(cert).serialNumber
    expect(serial(one)).toMatch(/^4[0-9A-F]{31}$/)
    expect(serial(one)).not.toBe(serial(two))
  })

  it('uses the string types of RFC 5280, so that other software compares names as expected', async () => {
    const { cert } = await issueClient(pki, { subject: 'emailAddress=a@b,CN=a,C=US,DC=acme' })
    expect(opensslX509(cert, '-subject', '-nameopt', 'RFC2253,show_type')).toBe(
      'subject=emailAddress=IA5STRING:a@b,CN=UTF8STRING:a,C=PRINTABLESTRING:US,DC=IA5STRING:acme',
    )
  })

  it.each([
    [{ subject: 'no name' }, SyntaxError, /distinguished name/],
    [{ subject: 'shoeSize=42' }, TypeError, /dotted OID/],
    [{ keyType: 'P-512' as 'P-256' }, TypeError, /"P-256" or "RSA-2048"/],
    [{ issuer: 'nobody' as 'ca' }, TypeError, /issuer must be/],
    [
      { extendedKeyUsage: ['clientAuth', 'nobody'] },
      TypeError,
      /unknown purpose "nobody"; write serverAuth, clientAuth/,
    ],
    [{ extendedKeyUsage: ['Client Authentication'] }, TypeError, /"Client Authentication"; write clientAuth$/],
    [{ extendedKeyUsage: ['TLS Web Server Authentication'] }, TypeError, /Authentication"; write serverAuth$/],
    [{ notAfter: 'yesterday' as unknown as Date }, TypeError, /^notAfter must be a valid Date$/],
    [{ notBefore: new Date('yesterday') }, TypeError, /^notBefore must be a valid Date$/],
    [{ extendedKeyUsage: ['web'] }, TypeError, /"web"; write serverAuth, clientAuth/],
    [{ extendedKeyUsage: ['3.1'] }, TypeError, /unknown purpose "3.1"/],
  ])('refuses %o', async (options, type, message) => {
    const refused = issueClient(pki, options)
    await expect(refused).rejects.toThrow(type)
    await expect(refused).rejects.toThrow(message)
  })
})
