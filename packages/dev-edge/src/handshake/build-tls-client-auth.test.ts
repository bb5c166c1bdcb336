import { X509Certificate } from 'node:crypto'
import { createCa } from '@countersign/test-support/certificates'
import { opensslX509 } from '@countersign/test-support/openssl'
import { der } from '@countersign/test-support/write-der'
import { parseCertificateDate } from '@countersign/wire'
import { beforeAll, describe, expect, it } from 'vitest'
import { type DevClient, issueClient, toPem } from '../pki/dev-client.ts'
import { copyName } from '../pki/encode-name.ts'
import { generateKeyPair } from '../pki/key-pair.ts'
import { X509CertificateGenerator } from '../pki/peculiar-x509.ts'
import { createPki, type Pki } from '../pki/pki.ts'
import { buildTlsClientAuth } from './build-tls-client-auth.ts'

let pki: Pki
let ca: X509Certificate

beforeAll(async () => {
  pki = await createPki('localhost')
  ca = new X509Certificate(toPem(pki.ca.certificate))
})

function build(
  { cert, ca: intermediates }: DevClient,
  chain = intermediates ? [new X509Certificate(intermediates)] : [],
) {
  const edge = { authorities: [ca], isRevoked: () => false }
  return buildTlsClientAuth({ leaf: new X509Certificate(cert), chain, verdict: 'SUCCESS' }, edge)
}

const SUBJECTS = [
  ['a plain name', 'CN=alice,OU=Ops,O=Acme,C=US'],
  ['Latin letters', 'CN=Zoë Müller,O=Ácme'],
  ['an emoji', 'CN=🦊 fox,O=Acme'],
  ['a comma, a plus and quotes', 'CN=Acme\\, \\"Best\\" \\+ more,O=A\\;B\\<C\\>D\\\\E'],
  ['a leading hash and spaces around', 'CN=\\#1,OU=\\ both ends\\ ,O=a  b'],
  ['an equals sign and a slash', 'CN=a=b/O=Evil,O=Acme'],
  ['a line feed and a tab', 'CN=a\\0Ab\\09c,O=Acme'],
  ['an RDN with two attributes', 'CN=alice+UID=7,O=Acme'],
  ['a mail address and domain components', 'emailAddress=a@b.example,CN=a,DC=acme,DC=example'],
  ['a street', 'CN=a,STREET=Main Road 1,O=Acme'],
  ['an attribute without a name', 'CN=a,1.3.6.1.4.1.99999.1=text,O=Acme'],
  ['a repeated attribute', 'CN=a,CN=b,OU=one,OU=two,O=Acme'],
] as const

describe('buildTlsClientAuth', () => {
  describe.each(SUBJECTS)('of a subject with %s', (_, subject) => {
    it('writes RFC 2253 as OpenSSL does', async () => {
      const client = await issueClient(pki, { subject })
      const expected = opensslX509(client.cert, '-subject', '-nameopt', 'RFC2253')
      expect(`subject=${build(client).certSubjectDNRFC2253}`).toBe(expected)
    })

    it('writes the plain name as RFC 2253 with the characters themselves', async () => {
      const client = await issueClient(pki, { subject })
      const expected = opensslX509(client.cert, '-subject', '-nameopt', 'RFC2253,-esc_msb')
      expect(`subject=${build(client).certSubjectDN}`).toBe(expected)
    })
  })

  it.each(SUBJECTS.filter(([, subject]) => !/[/]|[+]UID|[+] more/.test(subject)))(
    'writes the legacy line of a subject with %s as OpenSSL does',
    async (_, subject) => {
      const client = await issueClient(pki, { subject })
      const expected = opensslX509(client.cert, '-subject', '-nameopt', 'compat')
      expect(`subject=${build(client).certSubjectDNLegacy}`).toBe(expected)
    },
  )

  it.each([
    ['CN=a=b/O=Evil,O=Acme', '/O=Acme/CN=a=b/O=Evil'],
    ['CN=alice+UID=7,O=Acme', '/O=Acme/CN=alice/UID=7'],
    ['CN=a \\+ b', '/CN=a + b'],
  ])('writes the legacy line of %s without escapes, so that it is ambiguous', async (subject, line) => {
    expect(build(await issueClient(pki, { subject })).certSubjectDNLegacy).toBe(line)
  })

  it('writes all other fields as OpenSSL does', async () => {
    const client = await issueClient(pki, { keyType: 'RSA-2048', notBefore: new Date('2024-02-03T04:05:06Z') })
    const auth = build(client)
    const openssl = (...options: string[]) => opensslX509(client.cert, ...options).replace(/^[^=]*=/, '')

    expect(auth.certSerial).toBe(openssl('-serial'))
    expect(auth.certNotBefore).toBe(openssl('-startdate'))
    expect(auth.certNotBefore).toBe('Feb  3 04:05:06 2024 GMT')
    expect(auth.certNotAfter).toBe(openssl('-enddate'))
    const plain = (fingerprint: string) => fingerprint.replaceAll(':', '').toLowerCase()
    expect(auth.certFingerprintSHA1).toBe(plain(openssl('-fingerprint', '-sha1')))
    expect(auth.certFingerprintSHA256).toBe(plain(openssl('-fingerprint', '-sha256')))
    expect(auth.certIssuerDNRFC2253).toBe(openssl('-issuer', '-nameopt', 'RFC2253'))
    expect(auth.certIssuerDNLegacy).toBe(openssl('-issuer', '-nameopt', 'compat'))
    const [, ski] = openssl('-ext', 'subjectKeyIdentifier').split('\n')
    expect(auth.certSKI).toBe(ski?.trim().replaceAll(':', ''))
    const pem = `-----BEGIN CERTIFICATE-----\n${auth.certRFC9440.slice(1, -1)}\n-----END CERTIFICATE-----`
    expect(new X509Certificate(pem).fingerprint256).toBe(new X509Certificate(client.cert).fingerprint256)
  })

  it.each([
    ['00000101000000Z', '0000-01-01T00:00:00Z'],
    ['00991231235959Z', '0099-12-31T23:59:59Z'],
    ['19490203040506Z', '1949-02-03T04:05:06Z'],
  ])('writes the date %s as OpenSSL does', async (written, date) => {
    const rawValidity = der(0x30, der(0x18, written), der(0x18, '99991231235959Z'))
    const { pem } = await (await createCa()).issue({ rawValidity })
    const { certNotBefore, certNotAfter } = build({ name: 'old', cert: pem, key: '' })
    expect(`notBefore=${certNotBefore}`).toBe(opensslX509(pem, '-startdate'))
    expect(parseCertificateDate(certNotBefore)).toBe(Date.parse(date))
    expect(certNotAfter).toBe('Dec 31 23:59:59 9999 GMT')
  })

  it('keeps the zero byte before a serial number with the high bit set', async () => {
    const client = await issueClient(pki, { serialNumber: '936eacbe07f201df' })
    expect(build(client).certSerial).toBe('00936EACBE07F201DF')
  })

  it('takes serial number and key identifier of the issuer from its certificate', async () => {
    const auth = build(await issueClient(pki))
    const openssl = (...options: string[]) => opensslX509(ca.toString(), ...options)
    expect(auth.certIssuerSerial).toBe(openssl('-serial').slice('serial='.length))
    expect(auth.certIssuerSKI).toBe(openssl('-ext', 'subjectKeyIdentifier').split('\n')[1]?.trim().replaceAll(':', ''))
  })

  it('leaves the fields of an unknown issuer empty', async () => {
    const auth = build(await issueClient(pki, { issuer: 'other' }))
    expect([auth.certIssuerDN, auth.certIssuerSerial, auth.certIssuerSKI]).toEqual([
      'CN=Other Client CA,O=Other',
      '',
      '',
    ])
  })

  it('does not take a CA for the issuer that only has its name', async () => {
    const impostor = await createPki('localhost')
    const auth = build(await issueClient(impostor))
    expect([auth.certIssuerDN, auth.certIssuerSerial]).toEqual(['CN=Acme Client CA,O=Acme', ''])
  })

  it('does not either when the certificate has no key identifier to compare', async () => {
    const keys = await generateKeyPair('P-256')
    const certificate = await X509CertificateGenerator.create({
      subject: 'CN=alice',
      issuer: copyName(pki.ca.certificate.subjectName),
      publicKey: keys.publicKey,
      signingKey: keys.privateKey,
    })
    const leaf = new X509Certificate(toPem(certificate))
    expect(leaf.checkIssued(ca)).toBe(true)
    expect(build({ name: 'alice', cert: leaf.toString(), key: '' }).certIssuerSerial).toBe('')
  })

  it('lists intermediates without the root', async () => {
    const client = await issueClient(pki, { issuer: 'intermediate' })
    const intermediate = new X509Certificate(client.ca ?? '')
    const auth = build(client, [intermediate, ca])
    expect(auth.certChainRFC9440).toBe(`:${intermediate.raw.toString('base64')}:`)
    expect(auth.certIssuerDN).toBe('CN=Acme Branch CA,O=Acme')
    expect(auth.certIssuerSerial).toBe(intermediate.serialNumber)
  })

  it('lists several intermediates with commas, leaf side first', async () => {
    const client = await issueClient(pki, { issuer: 'intermediate' })
    const one = new X509Certificate(client.ca ?? '')
    const two = new X509Certificate(client.cert)
    expect(build(client, [one, two]).certChainRFC9440).toBe(
      `:${one.raw.toString('base64')}:, :${two.raw.toString('base64')}:`,
    )
  })

  it('leaves out a certificate over 10 KiB and intermediates over 16 KiB', async () => {
    const dns = Array.from({ length: 420 }, (_, index) => `host-${index}.some-long-name.acme.example`)
    const large = await issueClient(pki, { san: { dns } })
    const certificate = new X509Certificate(large.cert)
    expect(certificate.raw.length).toBeGreaterThan(10 * 1024)
    const auth = build(large, [certificate, certificate])
    expect(auth).toMatchObject({ certPresented: '1', certRFC9440: '', certRFC9440TooLarge: true })
    expect(auth).toMatchObject({ certChainRFC9440: '', certChainRFC9440TooLarge: true })
    expect(build(large, [certificate])).toMatchObject({ certChainRFC9440TooLarge: false })
  })

  it('sets certRevoked of a revoked certificate, and changes no other field', async () => {
    const leaf = new X509Certificate((await issueClient(pki)).cert)
    const edge = { authorities: [ca], isRevoked: () => true }
    const auth = buildTlsClientAuth({ leaf, chain: [], verdict: 'SUCCESS' }, edge)
    expect(auth).toMatchObject({ certRevoked: '1', certVerified: 'SUCCESS' })
  })

  it('is the placeholder of Cloudflare without a certificate', () => {
    const { certPresented, certVerified, certRevoked, certRFC9440TooLarge, certChainRFC9440TooLarge, ...rest } =
      buildTlsClientAuth(undefined, { authorities: [ca], isRevoked: () => true })
    expect([certPresented, certVerified, certRevoked]).toEqual(['0', 'NONE', '0'])
    expect([certRFC9440TooLarge, certChainRFC9440TooLarge]).toEqual([false, false])
    expect(Object.keys(rest)).toHaveLength(16)
    expect(new Set(Object.values(rest))).toEqual(new Set(['']))
  })
})
