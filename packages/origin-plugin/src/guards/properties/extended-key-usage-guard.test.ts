import { describe, expect, it } from 'vitest'
import { makeClientCert, makeRequest } from '../../../test/support/make-client-cert.ts'
import type { KeyPurpose } from '../../x509/extensions/extended-key-usage.ts'
import { compileCertificateRequirement } from '../certificate-guard.ts'

const compile = (extendedKeyUsage: unknown) => compileCertificateRequirement({ extendedKeyUsage }, 'GET /ops')

const decide = (match: unknown, extendedKeyUsage: readonly KeyPurpose[]) =>
  compile(match).decide(makeClientCert({ extendedKeyUsage }), makeRequest())

const SMART_CARD = '1.3.6.1.4.1.311.20.2.2'

describe('extendedKeyUsage', () => {
  it.each<[unknown, KeyPurpose[]]>([
    ['clientAuth', ['clientAuth']],
    ['clientAuth', ['serverAuth', 'clientAuth']],
    ['1.3.6.1.5.5.7.3.2', ['clientAuth']],
    [SMART_CARD, ['clientAuth', SMART_CARD]],
    [
      ['codeSigning', SMART_CARD],
      ['clientAuth', SMART_CARD],
    ],
    ['clientAuth', ['anyExtendedKeyUsage', 'clientAuth']],
    ['anyExtendedKeyUsage', ['anyExtendedKeyUsage']],
  ])('%j matches %j', (match, purposes) => {
    expect(decide(match, purposes)).toEqual({ outcome: 'match', reason: '' })
  })

  it.each<[unknown, KeyPurpose[], string]>([
    ['clientAuth', ['serverAuth'], 'clientAuth'],
    ['1.3.6.1.5.5.7.3.2', ['1.3.6.1.5.5.7.3.20'], '1.3.6.1.5.5.7.3.2'],
    [['codeSigning', SMART_CARD], ['clientAuth'], `codeSigning|${SMART_CARD}`],
    ['anyExtendedKeyUsage', ['clientAuth'], 'anyExtendedKeyUsage'],
  ])('%j does not match %j', (match, purposes, expected) => {
    expect(decide(match, purposes)).toEqual({
      outcome: 'mismatch',
      reason: `extendedKeyUsage does not match: ${expected}`,
    })
  })

  it('is undecided on a certificate for every purpose, which does not list this one', () => {
    expect(decide('clientAuth', ['serverAuth', 'anyExtendedKeyUsage'])).toEqual({
      outcome: 'undecided',
      reason: 'the certificate has anyExtendedKeyUsage, and does not list clientAuth',
    })
  })

  it('is undecided on a certificate without the extension', () => {
    expect(decide('clientAuth', [])).toEqual({
      outcome: 'undecided',
      reason: 'the certificate has no extended key usages, so its key may serve every purpose',
    })
  })

  it('is undecided on an extension that cannot be read', () => {
    const cert = makeClientCert({ extendedKeyUsage: undefined })
    expect(compile('clientAuth').decide(cert, makeRequest())).toEqual({
      outcome: 'undecided',
      reason: 'the extended key usages cannot be read',
    })
  })

  it.each([
    [{}, 'the Worker does not forward the certificate; set COUNTERSIGN_FORWARD_CERT to leaf'],
    [
      { 'x-cert-too-large': '1' },
      'the certificate is larger than 10 KiB and Cloudflare does not forward it; issue a smaller one',
    ],
  ])('is undecided without the certificate: %j', (raw, cause) => {
    expect(compile('clientAuth').decide(makeClientCert({ subjectAltNames: null, raw }), makeRequest())).toEqual({
      outcome: 'undecided',
      reason: `the extended key usages are unknown, because ${cause}`,
    })
  })

  it('is told in words', () => {
    expect(compile(['clientAuth', SMART_CARD]).description).toBe(`extendedKeyUsage clientAuth|${SMART_CARD}`)
  })

  it.each<[unknown, string]>([
    ['ClientAuth', 'GET /ops.extendedKeyUsage: "ClientAuth": unknown purpose; write "clientAuth"'],
    [['clientAuth', '1.3'], 'GET /ops.extendedKeyUsage: "1.3": unknown purpose'],
    [/^clientAuth$/, 'GET /ops.extendedKeyUsage must be a text or a list of texts'],
    [[], 'GET /ops.extendedKeyUsage must be a text or a list of texts'],
    ['', 'GET /ops.extendedKeyUsage must be a text or a list of texts'],
    [null, 'GET /ops.extendedKeyUsage must be a text or a list of texts'],
    [undefined, 'GET /ops.extendedKeyUsage is undefined; set a value or remove the property'],
    [{ some: 'clientAuth' }, 'GET /ops.extendedKeyUsage must be a text or a list of texts'],
  ])('is refused at the start: %j', (match, message) => {
    expect(() => compile(match)).toThrow(TypeError)
    expect(() => compile(match)).toThrow(message)
  })
})
