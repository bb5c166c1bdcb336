import { createCa, type IssuedCert, type TestCa } from '@countersign/test-support/certificates'
import { beforeAll, describe, expect, it } from 'vitest'
import { refusalOf } from '../../test/support/expect-refusal.ts'
import { certificateLines, edgeFieldsOf, type HeaderChanges } from '../../test/support/header-lines.ts'
import type { ClientCert } from '../client-cert.ts'
import { parseClientCert } from './parse-client-cert.ts'
import { compileTrustedIssuers, requireTrustedIssuer } from './trusted-issuers.ts'

const DN = 'CN=Acme Client CA,O=Acme,C=US'

let ca: TestCa
/** Another key under the same name. */
let namesake: TestCa
let stranger: TestCa
let issued: IssuedCert
let byNamesake: IssuedCert
let keyId: string

beforeAll(async () => {
  ca = await createCa(DN)
  namesake = await createCa(DN)
  stranger = await createCa('CN=Other CA,O=Other')
  issued = await ca.issue()
  byNamesake = await namesake.issue()
  keyId = certOf(issued).issuerKeyId ?? ''
})

const certOf = (cert: IssuedCert, changes?: HeaderChanges): ClientCert =>
  parseClientCert(edgeFieldsOf(certificateLines(cert, changes)))

/** Without `Client-Cert`, so that only names can be compared. */
const named = (cert: IssuedCert, changes: HeaderChanges = {}) => certOf(cert, { 'client-cert': null, ...changes })

function compile(...issuers: readonly unknown[]) {
  const compiled = compileTrustedIssuers(issuers, (reason) => expect.fail(reason))
  return compiled ?? expect.fail('nothing was compiled')
}

const trust = (cert: ClientCert, ...issuers: readonly unknown[]) => requireTrustedIssuer(cert, compile(...issuers))
const refusal = (cert: ClientCert, ...issuers: readonly unknown[]) => refusalOf(() => trust(cert, ...issuers))

const untrusted = (name = DN) => ({
  code: 'CSN_CERT_UNTRUSTED_ISSUER',
  reason: `the issuer ${name} is not one of trustedIssuers`,
})
const unsigned = {
  code: 'CSN_CERT_UNTRUSTED_ISSUER',
  reason: `the certificate is not signed by the issuer that it names: ${DN}`,
}

function faultOf(issuers: unknown): string {
  try {
    compileTrustedIssuers(issuers, () => {})
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return (error as TypeError).message
  }
  return expect.fail('accepted')
}

describe('requireTrustedIssuer', () => {
  describe('by a certificate in PEM', () => {
    it('accepts a certificate that it signed, with Client-Cert and without', () => {
      expect(trust(certOf(issued), ca.pem)).toHaveLength(1)
      expect(trust(named(issued), ca.pem)).toHaveLength(1)
      expect(trust(certOf(issued), { ca: ca.pem })).toHaveLength(1)
    })

    it('accepts a certificate of any of several issuers, in one text or many', () => {
      const bundle = `# Acme\n${stranger.pem}\n\nsome words\r\n${ca.pem.replaceAll('\n', '\r\n')}`
      expect(trust(certOf(issued), bundle)).toHaveLength(1)
      expect(trust(certOf(issued), stranger.pem, ca.pem)).toHaveLength(1)
      expect(trust(certOf(issued), { dn: 'CN=x' }, ca.pem)).toHaveLength(1)
      expect(compile(bundle)).toHaveLength(2)
      const cutOff = bundle.slice(0, bundle.lastIndexOf('-----END'))
      expect(() => compile(cutOff)).toThrow('contains a PEM certificate that is cut off')
    })

    it('refuses a certificate that another CA signed', async () => {
      expect(refusal(certOf(issued), stranger.pem)).toEqual(untrusted())
      expect(refusal(certOf(await stranger.issue()), ca.pem)).toEqual(untrusted('CN=Other CA,O=Other'))
    })

    it('refuses a certificate of a CA with the same name: by its key identifier, otherwise by the signature', () => {
      expect(refusal(certOf(byNamesake), ca.pem)).toEqual(untrusted())
      expect(refusal(named(byNamesake), ca.pem)).toEqual(untrusted())
      // Without the identifier in a header, and with that of the right one claimed.
      expect(refusal(certOf(byNamesake, { 'x-cert-issuer-ski': null }), ca.pem)).toEqual(unsigned)
      expect(refusal(certOf(byNamesake, { 'x-cert-issuer-ski': keyId }), ca.pem)).toEqual(unsigned)
    })

    it('refuses a certificate without identifiers that another key signed', async () => {
      const bare = await namesake.issue({ bare: true })
      expect(refusal(certOf(bare, { 'x-cert-issuer-ski': null }), ca.pem)).toEqual(unsigned)
      expect(trust(certOf(bare, { 'x-cert-issuer-ski': null }), namesake.pem)).toHaveLength(1)
    })

    it('distinguishes two of one name if it can, and otherwise returns both', () => {
      const [signer] = trust(certOf(byNamesake, { 'x-cert-issuer-ski': null }), ca.pem, namesake.pem)
      expect(signer?.ca?.fingerprint256).toBe(namesake.cert.fingerprint256)
      expect(trust(named(byNamesake), ca.pem, namesake.pem)).toHaveLength(1)
      expect(trust(named(byNamesake, { 'x-cert-issuer-ski': null }), ca.pem, namesake.pem)).toHaveLength(2)
    })

    it('refuses a certificate that a CA below the listed one signed', async () => {
      const below = await ca.issueCa({ subject: 'CN=Issuing CA,O=Acme' })
      const leaf = await below.issue()
      expect(refusal(certOf(leaf), ca.pem)).toEqual(untrusted('CN=Issuing CA,O=Acme'))
      expect(trust(certOf(leaf), below.pem)).toHaveLength(1)
    })
  })

  describe('by name', () => {
    it('accepts every spelling of the name', () => {
      for (const dn of [DN, 'cn=Acme Client CA, o=Acme, c=US', '2.5.4.3=Acme Client CA,O=\\41cme,C=US']) {
        expect(trust(certOf(issued), { dn })).toHaveLength(1)
      }
    })

    it.each(['CN=Acme Client CA', 'C=US,O=Acme,CN=Acme Client CA', 'CN=acme client ca,O=Acme,C=US', 'O=Acme,C=US'])(
      'refuses the name %s, which is another one',
      (dn) => {
        expect(refusal(certOf(issued), { dn })).toEqual(untrusted())
      },
    )

    it('cannot tell apart two CAs of one name', () => {
      expect(trust(certOf(byNamesake), { dn: DN })).toHaveLength(1)
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
      expect(refusal(certOf(byNamesake), { keyId })).toEqual(untrusted())
      expect(refusal(certOf(issued, { 'x-cert-issuer-ski': null }), { keyId })).toEqual(untrusted())
    })

    it('has to agree together with the name', () => {
      expect(trust(certOf(issued), { dn: DN, keyId })).toHaveLength(1)
      expect(refusal(certOf(byNamesake), { dn: DN, keyId })).toEqual(untrusted())
      expect(refusal(certOf(issued), { dn: 'CN=x', keyId })).toEqual(untrusted())
      expect(refusal(certOf(issued, { 'x-cert-issuer-ski': null }), { dn: DN, keyId })).toEqual(untrusted())
    })
  })
})

describe('compileTrustedIssuers', () => {
  it('trusts every CA for null, and for nothing else', () => {
    expect(compileTrustedIssuers(null, () => {})).toBeNull()
    const message = /^trustedIssuers must list at least one CA; .*or null to trust every CA/
    for (const none of [undefined, [], '', ca.pem, {}, { dn: DN }, true, 0]) expect(faultOf(none)).toMatch(message)
  })

  it('names the place of the fault in the list', () => {
    expect(faultOf([ca.pem, 'CN=x'])).toMatch(/^trustedIssuers\[1\]: /)
  })

  it.each([
    '',
    'CN=Acme Client CA',
    '-----BEGIN CERTIFICATE-----',
    '-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----',
  ])('refuses the text "%s", which contains no certificate', (text) => {
    expect(faultOf([text])).toBe(
      'trustedIssuers[0]: the text does not contain a PEM certificate; read it with readFileSync(path, "utf8"), or write { dn: "CN=…" }',
    )
  })

  it('refuses a PEM block without a certificate in it', () => {
    expect(faultOf(['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'])).toMatch(/^trustedIssuers\[0\]: /)
  })

  it("refuses the client's own certificate, which signs nothing", () => {
    const message = /^trustedIssuers\[0\]: the certificate is not that of a CA/
    expect(faultOf([issued.pem])).toMatch(message)
    expect(faultOf([`${ca.pem}\n${issued.pem}`])).toMatch(message)
    expect(faultOf([{ ca: issued.pem }])).toMatch(message)
  })

  it.each([
    ['null', null, /./],
    ['a number', 7, /./],
    ['a list', [], /./],
    ['a Buffer of PEM', Buffer.from('-----BEGIN CERTIFICATE-----'), /./],
    ['nothing said', {}, /write \{ ca \}/],
    ['an unknown key', { dn: DN, keyID: 'AB' }, /keyID/],
    ['an empty name', { dn: '' }, /dn must be a name such as/],
    ['a name that is none', { dn: 'Acme' }, /./],
    ['a name that is no text', { dn: [DN] }, /dn must be a name such as/],
    ['an empty key identifier', { keyId: '' }, /hexadecimal/],
    ['a key identifier that is none', { keyId: 'keyid:AB' }, /./],
    ['a key identifier that is no text', { keyId: 7 }, /keyId must be hexadecimal text/],
    ['a ca that is no PEM', { ca: 'x' }, /the text does not contain a PEM certificate/],
    ['a ca that is no text', { ca: 7 }, /ca must be one certificate in PEM/],
    [
      'a revocation list without ca',
      { dn: DN, revocation: {} },
      /ca is missing; write the PEM certificate whose key signs the revocation list/,
    ],
  ])('refuses %s', (_what, issuer, message) => {
    expect(faultOf([issuer])).toMatch(/^trustedIssuers\[0\]: /)
    expect(faultOf([issuer])).toMatch(message)
  })

  it('refuses a ca of two certificates, and one with the name or identifier of another', () => {
    expect(faultOf([{ ca: `${ca.pem}\n${stranger.pem}` }])).toBe('trustedIssuers[0]: ca must be one certificate in PEM')
    const message = 'trustedIssuers[0]: dn and keyId do not match ca; remove them'
    expect(faultOf([{ ca: ca.pem, dn: 'CN=x' }])).toBe(message)
    expect(faultOf([{ ca: namesake.pem, keyId }])).toBe(message)
    expect(compile({ ca: ca.pem, dn: DN, keyId })).toHaveLength(1)
  })
})
