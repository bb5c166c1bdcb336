import { describe, expect, it } from 'vitest'
import { refusalOf } from '../test/support/expect-refusal.ts'
import { readAccessIdentity } from './access-token/access-identity.ts'
import { type ClientCert, describeCert } from './client-cert.ts'
import { requireNoCertificate, requireSameCertificate } from './token-agreement.ts'
import { DistinguishedName } from './x509/distinguished-name.ts'

const LEGACY_ISSUER = '/C=US/O=Acme/CN=Acme Client CA'

const CERT = {
  subject: DistinguishedName.parse('CN=pay-1,O=Acme'),
  issuer: DistinguishedName.parse('CN=Acme Client CA,O=Acme\\, Inc.,C=US'),
  serialNumber: '936EACBE07F201DF',
  fingerprint256: 'AB:CD',
  issuerKeyId: '0102ABCD',
  raw: { 'x-cert-issuer-dn-l': LEGACY_ISSUER },
} as unknown as ClientCert

function matching(claims: Record<string, unknown>, cert: ClientCert = CERT): () => void {
  const identity = readAccessIdentity({ sub: '', ...claims })
  if (!identity) return expect.fail('the claims name nobody')
  return () => requireSameCertificate(identity, cert)
}

const mismatch = (claim: string) => ({
  code: 'CSN_CERT_MISMATCH',
  reason: expect.stringMatching(
    new RegExp(
      `^the Access token does not match the certificate: ${claim} \\(serial number 936EACBE07F201DF, SHA-256 ABCD, subject `,
    ),
  ),
})

const USER = { email: 'jane@acme.example' }
const SERVICE = { common_name: 'e367826f93b8d71185e03fe518aff3b4.access' }

describe('requireNoCertificate', () => {
  const judge = (claims: Record<string, unknown>) => {
    const identity = readAccessIdentity({ sub: '', ...claims })
    if (!identity) return expect.fail('the claims name nobody')
    return () => requireNoCertificate(identity)
  }
  const none = { auth_status: 'NONE', cert_presented: false, cert_serial: '', cert_issuer_dn: null }

  it('agrees with the token of a user or a service', () => {
    for (const claims of [USER, { ...USER, common_name: '' }, SERVICE]) {
      expect(judge(claims)).not.toThrow()
      for (const mtls_auth of [none, {}, null]) expect(judge({ ...claims, mtls_auth })).not.toThrow()
    }
  })

  it.each([
    { common_name: 'pay-1' },
    { common_name: 'pay-1', mtls_auth: none },
    { ...USER, common_name: 'pay-1' },
    { ...USER, mtls_auth: { auth_status: 'SUCCESS' } },
    { ...USER, mtls_auth: { ...none, cert_serial: '0A1B' } },
    { ...USER, mtls_auth: 'SUCCESS' },
    { ...SERVICE, mtls_auth: { cert_presented: true } },
  ])('refuses a token that names a certificate: %j', (claims) => {
    expect(refusalOf(judge(claims))).toEqual({
      code: 'CSN_CERT_MISMATCH',
      reason: 'the Access token names a certificate, and the client did not present one',
    })
  })
})

describe('requireSameCertificate', () => {
  it('agrees with every certificate if the token names none', () => {
    for (const claims of [USER, SERVICE]) expect(matching(claims)).not.toThrow()
  })

  describe('by common_name', () => {
    it('agrees with the certificate of that name', () => {
      expect(matching({ common_name: 'pay-1' })).not.toThrow()
    })

    it.each(['pay-2', 'PAY-1', 'pay-1 ', ' pay-1', 'CN=pay-1', '*', 'pay-1\0'])('does not agree with %j', (name) => {
      expect(refusalOf(matching({ common_name: name }))).toEqual(mismatch('common_name'))
    })

    it('does not agree with a certificate whose common name is absent or ambiguous', () => {
      for (const subject of ['O=Acme', '', 'CN=pay-1,CN=pay-1', 'CN=pay-1+CN=other']) {
        const cert = { ...CERT, subject: DistinguishedName.parse(subject) }
        expect(refusalOf(matching({ common_name: 'pay-1' }, cert)), subject).toEqual(mismatch('common_name'))
      }
    })

    it('agrees with the name of a service only if mtls_auth does not name a certificate', () => {
      const none = { auth_status: 'NONE', cert_presented: false, cert_serial: '' }
      for (const mtls_auth of [{}, none, null]) expect(matching({ ...SERVICE, mtls_auth })).not.toThrow()
      const some = { auth_status: 'SUCCESS', cert_presented: true }
      expect(refusalOf(matching({ ...SERVICE, mtls_auth: some }))).toEqual(mismatch('common_name'))
    })

    it.each([
      `CN=${SERVICE.common_name},O=Acme`,
      `CN=${'0'.repeat(32)}.access`,
      `CN=pay-1+CN=${SERVICE.common_name}`,
      `CN=${SERVICE.common_name},CN=pay-1`,
    ])('refuses a service beside the certificate %s, whose name the token could mean', (subject) => {
      const cert = { ...CERT, subject: DistinguishedName.parse(subject) }
      const ambiguous = {
        code: 'CSN_CERT_MISMATCH',
        reason: `the Access token is ambiguous: the common name of the certificate has the form of a service token id (${describeCert(cert)})`,
      }
      expect(refusalOf(matching(SERVICE, cert))).toEqual(ambiguous)
      expect(matching(USER, cert)).not.toThrow()
    })

    it.each(['OU', 'UID'])('accepts a service beside a certificate with such an id as %s', (type) => {
      const cert = { ...CERT, subject: DistinguishedName.parse(`CN=pay-1,${type}=${SERVICE.common_name}`) }
      expect(matching(SERVICE, cert)).not.toThrow()
    })

    it('agrees with a certificate of such a name if mtls_auth names it', () => {
      const cert = { ...CERT, subject: DistinguishedName.parse(`CN=${SERVICE.common_name}`) }
      expect(matching({ ...SERVICE, mtls_auth: { cert_serial: CERT.serialNumber } }, cert)).not.toThrow()
    })

    it('is compared together with an e-mail address too', () => {
      expect(matching({ ...USER, common_name: 'pay-1' })).not.toThrow()
      expect(refusalOf(matching({ ...USER, common_name: 'pay-2' }))).toEqual(mismatch('common_name'))
      expect(matching({ ...USER, common_name: '' })).not.toThrow()
    })
  })

  describe.each([
    ['a user', USER],
    ['a certificate', { common_name: 'pay-1' }],
  ])('by mtls_auth of %s', (_who, claims) => {
    const by = (mtls_auth: unknown, cert?: ClientCert) => matching({ ...claims, mtls_auth }, cert)

    it('agrees if it is absent or empty', () => {
      for (const said of [undefined, null, {}, { auth_status: 'SUCCESS', cert_presented: true }]) {
        expect(by(said)).not.toThrow()
      }
      for (const nothing of [undefined, null, '']) {
        const all = { cert_serial: nothing, cert_issuer_dn: nothing, cert_issuer_ski: nothing }
        expect(by(all)).not.toThrow()
      }
    })

    it.each(['', 'x', 1, true, false])('does not agree if it is %j, which cannot be read', (value) => {
      expect(refusalOf(by(value))).toEqual(mismatch('mtls_auth'))
    })

    it.each(['936EACBE07F201DF', '936eacbe07f201df', '00936EACBE07F201DF', '93:6E:AC:BE:07:F2:01:DF'])(
      'agrees with the serial number %s',
      (serial) => {
        expect(by({ cert_serial: serial })).not.toThrow()
      },
    )

    it.each(['-7B', '-7b', '85'])('agrees with the negative serial number %s', (serial) => {
      expect(by({ cert_serial: serial }, { ...CERT, serialNumber: '-7B' })).not.toThrow()
    })

    it.each([
      '936EACBE07F201DE',
      '-936EACBE07F201DF',
      '936EACBE07F201DF00',
      '0x936EACBE07F201DF',
      '10623391048392409567',
      ' ',
      'x',
      9,
      true,
      [],
      ['936EACBE07F201DF'],
      {},
    ])('does not agree with the serial number %j', (serial) => {
      expect(refusalOf(by({ cert_serial: serial }))).toEqual(mismatch('mtls_auth.cert_serial'))
    })

    it.each(['0102ABCD', '0102abcd', '01:02:AB:CD', '01:02:ab:cd'])('agrees with the key identifier %s', (ski) => {
      expect(by({ cert_issuer_ski: ski })).not.toThrow()
    })

    it.each(['0102ABCE', '102ABCD', '000102ABCD', ' ', 'keyid:01:02:AB:CD', 7, ['0102ABCD']])(
      'does not agree with the key identifier %j',
      (ski) => {
        expect(refusalOf(by({ cert_issuer_ski: ski }))).toEqual(mismatch('mtls_auth.cert_issuer_ski'))
      },
    )

    it('does not agree with a key identifier if the certificate has none', () => {
      const cert = { ...CERT, issuerKeyId: undefined }
      expect(refusalOf(by({ cert_issuer_ski: '0102ABCD' }, cert))).toEqual(mismatch('mtls_auth.cert_issuer_ski'))
    })

    it.each([
      'CN=Acme Client CA,O=Acme\\, Inc.,C=US',
      'CN=Acme Client CA, O=Acme\\, Inc., C=US',
      'cn=Acme Client CA,o=Acme\\2C Inc.,2.5.4.6=US',
      'C=US,O=Acme\\, Inc.,CN=Acme Client CA',
      LEGACY_ISSUER,
    ])('agrees with the issuer %s', (issuer) => {
      expect(by({ cert_issuer_dn: issuer })).not.toThrow()
    })

    it.each([
      'CN=Acme Client CA',
      'CN=Acme Client CA,O=Other,C=US',
      'CN=Acme Client CA,C=US,O=Acme\\, Inc.',
      'CN=acme client ca,O=Acme\\, Inc.,C=US',
      'CN=Acme Client CA,O=Acme, Inc.,C=US',
      '/C=US/O=Acme/CN=Other CA',
      '/C=US/O=Acme/CN=Acme Client CA/',
      '/',
      ' ',
      'x',
      7,
      ['CN=Acme Client CA,O=Acme\\, Inc.,C=US'],
    ])('does not agree with the issuer %j', (issuer) => {
      expect(refusalOf(by({ cert_issuer_dn: issuer }))).toEqual(mismatch('mtls_auth.cert_issuer_dn'))
    })

    it('agrees with an issuer that has a type which only OpenSSL knows', () => {
      const cert = { ...CERT, issuer: DistinguishedName.parse('CN=Acme CA,1.2.3=x') }
      for (const issuer of ['CN=Acme CA,fooBar=x', 'fooBar=x,CN=Acme CA', 'CN=Acme CA,1.2.3=x']) {
        expect(by({ cert_issuer_dn: issuer }, cert)).not.toThrow()
      }
      for (const issuer of ['CN=Acme CA,fooBar=y', 'fooBar=Acme CA,1.2.3=x']) {
        expect(refusalOf(by({ cert_issuer_dn: issuer }, cert))).toEqual(mismatch('mtls_auth.cert_issuer_dn'))
      }
    })

    it('does not agree with a legacy issuer without the legacy header', () => {
      const cert = { ...CERT, raw: { 'x-cert-verify': 'SUCCESS' } }
      const whole = { ...CERT, raw: { 'client-cert': ':AA==:' } }
      expect(refusalOf(by({ cert_issuer_dn: LEGACY_ISSUER }, whole))).toEqual(
        mismatch('mtls_auth.cert_issuer_dn has the legacy form, which the certificate does not contain'),
      )
      expect(refusalOf(by({ cert_issuer_dn: LEGACY_ISSUER }, cert))).toEqual(
        mismatch(
          'mtls_auth.cert_issuer_dn has the legacy form, and x-cert-issuer-dn-l is missing; set COUNTERSIGN_NAMES to "all" in the Worker',
        ),
      )
      expect(refusalOf(by({ cert_issuer_dn: 'CN=x' }, cert))).toEqual(mismatch('mtls_auth.cert_issuer_dn'))
      expect(refusalOf(by({ cert_serial: '/' }, cert))).toEqual(mismatch('mtls_auth.cert_serial'))
    })

    it('wants every claim to agree', () => {
      const good = {
        cert_serial: '936EACBE07F201DF',
        cert_issuer_dn: 'CN=Acme Client CA,O=Acme\\, Inc.,C=US',
        cert_issuer_ski: '0102ABCD',
      }
      expect(by(good)).not.toThrow()
      for (const claim of Object.keys(good)) {
        expect(refusalOf(by({ ...good, [claim]: 'FF' }))).toEqual(mismatch(`mtls_auth.${claim}`))
      }
    })

    it('repeats nothing of the token in its reason', () => {
      expect(refusalOf(by({ cert_serial: 'secret' })).reason).not.toContain('secret')
    })
  })
})
