import { describe, expect, it } from 'vitest'
import {
  CERTIFICATE_HEADERS,
  CF_CERT_HEADERS,
  isCertificateFamily,
  isLaterHeader,
  MAX_LATER_HEADERS,
} from './certificate-headers.ts'

describe('CERTIFICATE_HEADERS', () => {
  it('is the wire contract: these headers, from these fields, in this order', () => {
    expect(CERTIFICATE_HEADERS.map(({ name, field, syntax, when }) => [name, field, syntax, when])).toEqual([
      ['x-cert-presented', 'certPresented', 'flag', 'always'],
      ['x-cert-verify', 'certVerified', 'verdict', 'always'],
      ['x-cert-revoked', 'certRevoked', 'flag', 'always'],
      ['x-cert-subject-dn', 'certSubjectDN', 'dn', 'presented'],
      ['x-cert-issuer-dn', 'certIssuerDN', 'dn', 'presented'],
      ['x-cert-subject-dn-2253', 'certSubjectDNRFC2253', 'dn', 'presented'],
      ['x-cert-issuer-dn-2253', 'certIssuerDNRFC2253', 'dn', 'presented'],
      ['x-cert-subject-dn-l', 'certSubjectDNLegacy', 'legacy-dn', 'presented'],
      ['x-cert-issuer-dn-l', 'certIssuerDNLegacy', 'legacy-dn', 'presented'],
      ['x-cert-serial', 'certSerial', 'hex', 'presented'],
      ['x-cert-issuer-serial', 'certIssuerSerial', 'hex', 'presented'],
      ['x-cert-ski', 'certSKI', 'hex', 'presented'],
      ['x-cert-issuer-ski', 'certIssuerSKI', 'hex', 'presented'],
      ['x-cert-finger', 'certFingerprintSHA1', 'hex', 'presented'],
      ['x-cert-finger-256', 'certFingerprintSHA256', 'hex', 'presented'],
      ['x-cert-notbe', 'certNotBefore', 'date', 'presented'],
      ['x-cert-notaf', 'certNotAfter', 'date', 'presented'],
      ['client-cert', 'certRFC9440', 'rfc9440', 'chosen'],
      ['client-cert-chain', 'certChainRFC9440', 'rfc9440', 'chosen'],
      ['x-cert-too-large', 'certRFC9440TooLarge', 'flag', 'chosen'],
      ['x-cert-chain-too-large', 'certChainRFC9440TooLarge', 'flag', 'chosen'],
    ])
  })

  it('names each header and each field once', () => {
    expect(new Set(CERTIFICATE_HEADERS.map((header) => header.name)).size).toBe(CERTIFICATE_HEADERS.length)
    expect(new Set(CERTIFICATE_HEADERS.map((header) => header.field)).size).toBe(CERTIFICATE_HEADERS.length)
  })

  it('spells every name in lower case, as an HTTP token', () => {
    for (const { name } of CERTIFICATE_HEADERS) expect(name).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)
  })
})

describe('CF_CERT_HEADERS', () => {
  it('is the list of the managed transform, each with its field', () => {
    expect(CF_CERT_HEADERS.map(({ name, field }) => [name, field])).toEqual([
      ['cf-cert-presented', 'certPresented'],
      ['cf-cert-verified', 'certVerified'],
      ['cf-cert-revoked', 'certRevoked'],
      ['cf-cert-subject-dn', 'certSubjectDN'],
      ['cf-cert-issuer-dn', 'certIssuerDN'],
      ['cf-cert-subject-dn-rfc2253', 'certSubjectDNRFC2253'],
      ['cf-cert-issuer-dn-rfc2253', 'certIssuerDNRFC2253'],
      ['cf-cert-subject-dn-legacy', 'certSubjectDNLegacy'],
      ['cf-cert-issuer-dn-legacy', 'certIssuerDNLegacy'],
      ['cf-cert-serial', 'certSerial'],
      ['cf-cert-issuer-serial', 'certIssuerSerial'],
      ['cf-cert-ski', 'certSKI'],
      ['cf-cert-issuer-ski', 'certIssuerSKI'],
      ['cf-cert-sha1', 'certFingerprintSHA1'],
      ['cf-cert-sha256', 'certFingerprintSHA256'],
      ['cf-cert-not-before', 'certNotBefore'],
      ['cf-cert-not-after', 'certNotAfter'],
    ])
  })

  it('belongs to the family, so that the Worker deletes each of them', () => {
    for (const { name } of CF_CERT_HEADERS) expect(isCertificateFamily(name)).toBe(true)
  })
})

describe('isLaterHeader', () => {
  it.each(['x-cert-a', 'x-cert-2027', 'x-cert-tls-version', 'x-cert-subject-dn-3', `x-cert-${'a'.repeat(57)}`])(
    'accepts %s',
    (name) => {
      expect(isLaterHeader(name)).toBe(true)
      expect(isCertificateFamily(name)).toBe(true)
    },
  )

  it.each([
    ...CERTIFICATE_HEADERS.map(({ name }) => name),
    '',
    'x-cert-',
    'x-cert',
    'x-certain',
    'x-cert--verify',
    'x-cert-verify-',
    'x-cert_new',
    'x_cert-new',
    'x-cert-new_name',
    'x-cert-new.name',
    'X-Cert-New',
    'x-cert-New',
    'x-cert-new\n',
    ' x-cert-new',
    'my-x-cert-new',
    'client-cert-new',
    'cf-cert-serial',
    'cf-client-cert-new',
    `x-cert-${'a'.repeat(58)}`,
  ])('refuses %j', (name) => {
    expect(isLaterHeader(name)).toBe(false)
  })

  it('accepted the name of each row that was appended since the first 19', () => {
    // An origin without the row refuses the header otherwise.
    for (const { name, when } of CERTIFICATE_HEADERS.slice(19)) {
      expect(isLaterHeader(`${name}-x`), name).toBe(true)
      expect(when, name).not.toBe('always')
    }
    expect(CERTIFICATE_HEADERS.length - 19).toBeLessThanOrEqual(MAX_LATER_HEADERS)
  })
})

describe('isCertificateFamily', () => {
  it.each(CERTIFICATE_HEADERS.map((header) => header.name))(
    'contains %s in every case and with underscores',
    (name) => {
      expect(isCertificateFamily(name)).toBe(true)
      expect(isCertificateFamily(name.toUpperCase())).toBe(true)
      expect(isCertificateFamily(name.replaceAll('-', '_'))).toBe(true)
      expect(isCertificateFamily(name.toUpperCase().replaceAll('-', '_'))).toBe(true)
      expect(isCertificateFamily(name.replace('-', '_'))).toBe(true)
    },
  )

  it.each([
    'x-cert-',
    'x-cert-anything',
    'X_Cert-Subject_DN',
    'client-cert',
    'CLIENT_CERT',
    'client-certificate',
    'Client-Cert-Anything',
    'cf-cert-sha256',
    'CF_CERT_SUBJECT_DN',
    'cf-cert-fingerprint-sha256',
    'cf-client-cert-der-base64',
    'Cf-Client_Cert-Sha256',
  ])('contains %s, which is not in the table', (name) => {
    expect(isCertificateFamily(name)).toBe(true)
  })

  it.each([
    '',
    'x',
    'c',
    'x-cert',
    'x-certainly',
    'x-forwarded-for',
    'xx-cert-verify',
    'my-x-cert-verify',
    ' x-cert-verify',
    'x--cert-verify',
    'xcert-verify',
    'client-cer',
    'clientcert',
    'cf-cert',
    'cf-client-cert',
    'cf-connecting-ip',
    'cf-access-jwt-assertion',
    'content-type',
    'cookie',
    'host',
    '-x-cert-verify',
    '8-cert-verify',
    'signature-input',
  ])('leaves %j alone', (name) => {
    expect(isCertificateFamily(name)).toBe(false)
  })
})
