import { type IssuedCert, type TestCa, x509 } from '@countersign/test-support/certificates'
import { der, splitDer } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it } from 'vitest'
import { refusalOf } from '../../test/support/expect-refusal.ts'
import { certificateLines, edgeFieldsOf, type HeaderChanges } from '../../test/support/header-lines.ts'
import { CA_DN, compileIssuers, createIssuers } from '../../test/support/issuers.ts'
import { parseClientCert } from './parse-client-cert.ts'
import { requireTrustedIssuer } from './require-trusted-issuer.ts'
import { describeParsed, type ParsedCert } from './shareable-cert.ts'

let ca: TestCa
let namesake: TestCa
let stranger: TestCa
let issued: IssuedCert
let byNamesake: IssuedCert
let keyId: string

beforeAll(async () => {
  ;({ ca, namesake, stranger, issued, keyId } = await createIssuers())
  byNamesake = await namesake.issue()
})

const certOf = (cert: IssuedCert, changes?: HeaderChanges): ParsedCert =>
  parseClientCert(edgeFieldsOf(certificateLines(cert, changes)))

/** Without `Client-Cert`, so that only names can be compared. */
const named = (cert: IssuedCert, changes: HeaderChanges = {}) => certOf(cert, { 'client-cert': null, ...changes })

const trust = (cert: ParsedCert, ...issuers: readonly unknown[]) =>
  requireTrustedIssuer(cert, compileIssuers(...issuers), Date.now() / 1000).issuers

/** The reason of the refusal without the name of the certificate at its end, which has to be there. */
function refusal(cert: ParsedCert, ...issuers: readonly unknown[]): string {
  const { code, reason } = refusalOf(() => trust(cert, ...issuers))
  expect(code).toBe('CSN_CERT_UNTRUSTED_ISSUER')
  const at = reason.lastIndexOf(' (serial number ')
  expect(` (${describeParsed(cert)})`.startsWith(reason.slice(at, 300))).toBe(true)
  return reason.slice(0, at)
}

const untrusted = (name = CA_DN) => `the issuer ${name} is not one of trustedIssuers`
const otherKey = (theirs: string | undefined, ours = keyId) =>
  `the issuer ${CA_DN} has the name of a trusted issuer and another key: its key identifier is ${theirs}, not ${ours}`
const unsigned = `another CA of the same name signed the certificate, and not the trusted issuer ${CA_DN}`
const ADVICE = 'or write { ca, byName: true }'
const NOT_FORWARDED = `the Worker does not forward the certificate, so its signature cannot be verified; set COUNTERSIGN_FORWARD_CERT to leaf, ${ADVICE}`
const TOO_LARGE = `the certificate is larger than 10 KiB, so Cloudflare does not forward it and its signature cannot be verified; issue a smaller one, ${ADVICE}`

describe('requireTrustedIssuer', () => {
  describe('by a certificate in PEM', () => {
    it('accepts a certificate that it signed', () => {
      for (const issuer of [ca.pem, { ca: ca.pem }, { ca: ca.pem, byName: false }, { ca: ca.pem, byName: true }]) {
        expect(trust(certOf(issued), issuer)).toHaveLength(1)
      }
    })

    it('refuses one that was not forwarded, and states the cause', () => {
      for (const issuer of [ca.pem, { ca: ca.pem }, { ca: ca.pem, byName: false }]) {
        expect(refusal(named(issued), issuer)).toBe(NOT_FORWARDED)
        expect(refusal(named(issued, { 'x-cert-too-large': '0' }), issuer)).toBe(NOT_FORWARDED)
        expect(refusal(named(issued, { 'x-cert-too-large': '1' }), issuer)).toBe(TOO_LARGE)
      }
      expect(refusal(named(issued), stranger.pem, ca.pem)).toBe(NOT_FORWARDED)
    })

    it('refuses one that was not forwarded of a CA with the same name and key identifier', () => {
      const claimed = named(byNamesake, { 'x-cert-issuer-ski': keyId, 'x-cert-too-large': '1' })
      expect(refusal(claimed, ca.pem)).toBe(TOO_LARGE)
      // The operator accepted exactly this.
      expect(trust(claimed, { ca: ca.pem, byName: true })).toHaveLength(1)
    })

    it('accepts one that was not forwarded by name and key identifier, if that is written', () => {
      const byName = { ca: ca.pem, byName: true }
      expect(trust(named(issued), byName)).toHaveLength(1)
      expect(refusal(named(byNamesake), byName)).toBe(otherKey(named(byNamesake).issuerKeyId))
      expect(refusal(named(issued, { 'x-cert-issuer-ski': null }), byName)).toBe(otherKey('missing'))
      expect(refusal(certOf(byNamesake), byName)).toBe(unsigned)
    })

    it('accepts a certificate of any of several issuers, in one text or many', () => {
      const bundle = `# Acme\n${stranger.pem}\n\nsome words\r\n${ca.pem.replaceAll('\n', '\r\n')}`
      expect(trust(certOf(issued), bundle)).toHaveLength(1)
      expect(trust(certOf(issued), stranger.pem, ca.pem)).toHaveLength(1)
      expect(trust(certOf(issued), { dn: 'CN=x' }, ca.pem)).toHaveLength(1)
    })

    it('refuses a certificate that another CA signed', async () => {
      expect(refusal(certOf(issued), stranger.pem)).toBe(untrusted())
      expect(refusal(certOf(await stranger.issue()), ca.pem)).toBe(untrusted('CN=Other CA,O=Other'))
    })

    it('refuses a certificate of a CA with the same name, for its signature', () => {
      // With its key identifier in a header, without it, and with that of the right one claimed.
      for (const claimed of [undefined, null, keyId]) {
        const changes = claimed === undefined ? {} : { 'x-cert-issuer-ski': claimed }
        expect(refusal(certOf(byNamesake, changes), ca.pem)).toBe(unsigned)
      }
    })

    it('does not need the key identifiers that headers claim', () => {
      expect(trust(certOf(issued, { 'x-cert-issuer-ski': 'ABCD' }), ca.pem)).toHaveLength(1)
      expect(trust(certOf(issued, { 'x-cert-issuer-ski': null }), ca.pem)).toHaveLength(1)
    })

    it('refuses a certificate without identifiers that another key signed', async () => {
      const bare = await namesake.issue({ bare: true })
      expect(refusal(certOf(bare, { 'x-cert-issuer-ski': null }), ca.pem)).toBe(unsigned)
      expect(trust(certOf(bare, { 'x-cert-issuer-ski': null }), namesake.pem)).toHaveLength(1)
    })

    it('distinguishes two of one name by the signature, and without the certificate by the key identifier', () => {
      const signerOf = (...signers: readonly { readonly ca: unknown }[]) => signers.map(({ ca }) => String(ca))
      expect(signerOf(...trust(certOf(byNamesake), ca.pem, namesake.pem))).toEqual([String(namesake.cert)])
      const both = [ca, namesake].map(({ pem }) => ({ ca: pem, byName: true }))
      expect(signerOf(...trust(named(byNamesake), ...both))).toEqual([String(namesake.cert)])
      const unknown = named(byNamesake, { 'x-cert-issuer-ski': null })
      expect(refusal(unknown, ...both)).toBe(otherKey('missing'))
    })

    it('refuses a certificate that a CA below the listed one signed', async () => {
      const below = await ca.issueCa({ subject: 'CN=Issuing CA,O=Acme' })
      const leaf = await below.issue()
      expect(refusal(certOf(leaf), ca.pem)).toBe(untrusted('CN=Issuing CA,O=Acme'))
      expect(trust(certOf(leaf), below.pem)).toHaveLength(1)
    })
  })

  describe('by name', () => {
    it('accepts every spelling of the name', () => {
      for (const dn of [CA_DN, 'cn=Acme Client CA, o=Acme, c=US', '2.5.4.3=Acme Client CA,O=\\41cme,C=US']) {
        expect(trust(certOf(issued), { dn })).toHaveLength(1)
      }
    })

    it.each(['CN=Acme Client CA', 'CN=Acme Client CA,C=US,O=Acme', 'CN=acme client ca,O=Acme,C=US', 'O=Acme,C=US'])(
      'refuses the name %s, which is another one',
      (dn) => {
        expect(refusal(certOf(issued), { dn })).toBe(untrusted())
      },
    )

    it('cannot tell apart two CAs of one name', () => {
      expect(trust(certOf(byNamesake), { dn: CA_DN })).toHaveLength(1)
    })
  })

  describe('by key identifier', () => {
    it('accepts every spelling', () => {
      const colons = (keyId.match(/../g) ?? []).join(':')
      for (const spelling of [keyId, keyId.toLowerCase(), colons, colons.toLowerCase()]) {
        expect(trust(certOf(issued), { keyId: spelling })).toHaveLength(1)
      }
    })

    it('refuses another key identifier, and a certificate whose issuer has none', () => {
      expect(refusal(certOf(byNamesake), { keyId })).toBe(untrusted())
      expect(refusal(certOf(issued, { 'x-cert-issuer-ski': null }), { keyId })).toBe(untrusted())
    })

    it('has to agree together with the name', () => {
      expect(trust(certOf(issued), { dn: CA_DN, keyId })).toHaveLength(1)
      expect(refusal(certOf(byNamesake), { dn: CA_DN, keyId })).toBe(otherKey(certOf(byNamesake).issuerKeyId))
      expect(refusal(certOf(issued), { dn: 'CN=x', keyId })).toBe(untrusted())
      expect(refusal(certOf(issued, { 'x-cert-issuer-ski': null }), { dn: CA_DN, keyId })).toBe(otherKey('missing'))
    })
  })

  describe('by a certificate that the CA renewed with its key', () => {
    const AUTHORITY_KEY_ID = '2.5.29.35'
    const naming = (serial: string) => ({
      bare: true,
      extensions: [
        new x509.Extension(
          AUTHORITY_KEY_ID,
          false,
          der(0x30, der(0xa1, der(0xa4, nameOf(ca.cert.raw))), der(0x82, Buffer.from(serial, 'hex'))),
        ),
      ],
    })

    it('accepts a certificate that names the listed one by issuer and serial number', async () => {
      const leaf = await ca.issue(naming(ca.cert.serialNumber))
      expect(trust(certOf(leaf), ca.pem)).toHaveLength(1)
    })

    it('refuses a certificate that names the other one, and states which to list', async () => {
      const leaf = await ca.issue(naming('00ABCDEF'))
      expect(refusal(certOf(leaf), ca.pem)).toBe(
        `the certificate names another certificate of its issuer ${CA_DN}, with the same key and the serial number ABCDEF, and not ${ca.cert.serialNumber}; list that one in trustedIssuers too`,
      )
    })

    it('refuses a certificate whose authority key identifier cannot be read', async () => {
      const extension = new x509.Extension(AUTHORITY_KEY_ID, false, Uint8Array.of(0x04, 0x01, 0x00))
      const leaf = await ca.issue({ bare: true, extensions: [extension] })
      expect(refusal(certOf(leaf), ca.pem)).toBe(
        `the authority key identifier of the certificate cannot be read, so it may name another certificate of its issuer ${CA_DN}`,
      )
    })

    it('refuses a certificate that names it by another key identifier, and states both', async () => {
      const extension = new x509.Extension(AUTHORITY_KEY_ID, false, der(0x30, der(0x80, Buffer.from('ABCD', 'hex'))))
      const leaf = await ca.issue({ bare: true, extensions: [extension] })
      expect(refusal(certOf(leaf), ca.pem)).toBe(
        `the certificate names another certificate of its issuer ${CA_DN}, with the same key and the key identifier ABCD, and not ${keyId}; list that one in trustedIssuers too`,
      )
    })

    // OpenSSL reads every extension that it knows before it compares two certificates.
    it.each([
      ['a key usage without bits', '2.5.29.15', Uint8Array.of(0x03, 0x01, 0x00)],
      ['malformed address blocks', '1.3.6.1.5.5.7.1.7', Uint8Array.of(0x04, 0x00)],
    ])('refuses a certificate with %s, and does not blame the issuer', async (_what, oid, value) => {
      const leaf = await ca.issue({ bare: true, extensions: [new x509.Extension(oid, false, value)] })
      const { code, reason } = refusalOf(() => trust(certOf(leaf), ca.pem))
      expect(code).toBe('CSN_CERT_UNREADABLE')
      expect(reason).toContain(
        `its issuer ${CA_DN} signed the certificate, and OpenSSL does not accept an extension of it: one is malformed, `,
      )
    })
  })
})

/** The subject of a self-signed certificate: version, serial number, algorithm, issuer. */
function nameOf(certificate: Uint8Array): Buffer {
  const [tbs = Buffer.alloc(0)] = splitDer(certificate)
  return splitDer(tbs)[3] ?? expect.fail('the certificate has no issuer')
}
