import { describe, expect, it } from 'vitest'
import { type CertChanges, makeClientCert, makeRequest, USUAL_KEY } from '../../test/support/make-client-cert.ts'
import type { AccessIdentity } from '../access-token/access-identity.ts'
import { compileCertificateRequirement } from './certificate-guard.ts'

const compile = (requirement: object) => compileCertificateRequirement(requirement, 'GET /ops')

function decide(requirement: object, cert: CertChanges = {}, access: AccessIdentity | null = null) {
  return compile(requirement).decide(makeClientCert(cert), makeRequest(access))
}

const outcome = (...of: Parameters<typeof decide>) => decide(...of).outcome

describe('a requirement', () => {
  it('matches when every property does', () => {
    const requirement = { subject: { CN: 'pay-1', OU: 'Ops' }, issuer: { O: 'Acme' }, keyId: 'ABCD' }
    expect(outcome(requirement)).toBe('match')
    expect(outcome({ ...requirement, keyId: 'ABCE' })).toBe('mismatch')
    expect(outcome({ ...requirement, issuer: { O: 'Acme2' } })).toBe('mismatch')
    expect(outcome({ ...requirement, subject: { CN: 'pay-1', OU: 'Dev' } })).toBe('mismatch')
  })

  it('is told in words', () => {
    const { description } = compile({
      subject: { cn: ['pay-1', 'pay-2'], '2.5.4.11': /^Ops$/i },
      issuer: 'CN=Acme Issuing CA,O=Acme',
      serialNumber: '01',
      san: { dns: 'pay.example', ip: ['::1'] },
      access: { kind: 'user', email: 'a@example.net' },
    })
    expect(description).toBe(
      'subject CN=pay-1|pay-2 and subject OU=/^Ops$/i and issuer is CN=Acme Issuing CA,O=Acme and serialNumber=01 and san dns=pay.example and san ip=::1 and access kind=user and access email=a@example.net',
    )
  })

  it('names the property that does not match, and not the whole list', () => {
    expect(decide({ subject: { CN: 'a' } }).reason).toBe('subject does not match: CN=a')
    expect(decide({ keyId: ['AA', 'BB'] }).reason).toBe('keyId does not match: expected one of 2')
  })

  it.each<[string, object, string]>([
    ['a pattern', /ops/, 'GET /ops must be a requirement such as { subject: { OU: "Ops" } }, and not a RegExp'],
    [
      'a promise',
      Promise.resolve('ops'),
      'GET /ops must be a requirement such as { subject: { OU: "Ops" } }, and not a Promise',
    ],
    ['an empty one', {}, 'GET /ops is an empty requirement; write true to accept any verified certificate'],
    [
      'a Map',
      new Map([['subject', 'CN=a']]),
      'GET /ops must be a requirement such as { subject: { OU: "Ops" } }, and not a Map',
    ],
    [
      'a typo',
      { subjekt: { CN: 'a' } },
      'GET /ops: unknown property "subjekt"; known properties are subject, issuer, san, serialNumber, fingerprint256, keyId, spiffe, spki256, extendedKeyUsage, access',
    ],
    ['the wrong case', { Subject: { CN: 'a' } }, 'GET /ops: unknown property "Subject"'],
    ['a property of objects', { constructor: { CN: 'a' } }, 'GET /ops: unknown property "constructor"'],
    ['__proto__ as from JSON', JSON.parse('{"__proto__":{"CN":"a"}}'), 'GET /ops: unknown property "__proto__"'],
    ['SHA-1, which decides nothing', { fingerprint: 'AA' }, 'GET /ops: unknown property "fingerprint"'],
    [
      'an undefined property',
      { subject: undefined },
      'GET /ops.subject is undefined; set a value or remove the property',
    ],
    ['an undefined one beside others', { keyId: 'AA', issuer: undefined }, 'GET /ops.issuer is undefined'],
    ['an undefined one with a typo', { subjekt: undefined }, 'GET /ops: unknown property "subjekt"'],
  ])('is refused at the start: %s', (_what, requirement, message) => {
    expect(() => compile(requirement)).toThrow(TypeError)
    expect(() => compile(requirement)).toThrow(message)
  })
})

describe('serialNumber', () => {
  const issuer = { CN: 'Acme Issuing CA' }

  it.each(['0A1B', '0a1b', '0A:1B', 'a1b', '000a1b', '00:0a:1b'])('matches as %s', (serialNumber) => {
    expect(outcome({ issuer, serialNumber })).toBe('match')
    expect(outcome({ issuer, serialNumber: ['FF', serialNumber] })).toBe('match')
  })

  it('does not match another number, or the same of another issuer', () => {
    expect(outcome({ issuer, serialNumber: 'A1B0' })).toBe('mismatch')
    expect(outcome({ issuer, serialNumber: '0A1B' }, { issuer: 'CN=Other CA' })).toBe('mismatch')
  })

  it.each([{}, { subject: { CN: 'pay-1' } }, Object.create({ issuer })])('needs the issuer too', (others) => {
    const requirement = Object.assign(others, { serialNumber: '0A1B' })
    expect(() => compile(requirement)).toThrow(
      new TypeError('GET /ops.issuer is missing; write it next to serialNumber, which is unique for one issuer only'),
    )
  })

  it('needs an issuer that is not undefined', () => {
    expect(() => compile({ serialNumber: '0A1B', issuer: undefined })).toThrow('GET /ops.issuer is undefined')
  })
})

describe('fingerprint256 and keyId', () => {
  const digits = 'ab'.repeat(32)

  it.each([digits, digits.toUpperCase(), Array(32).fill('ab').join(':'), Array(32).fill('AB').join(':')])(
    'find the fingerprint as %s',
    (fingerprint256) => {
      expect(outcome({ fingerprint256 })).toBe('match')
      expect(outcome({ fingerprint256: [`${'00'.repeat(32)}`, fingerprint256] })).toBe('match')
    },
  )

  it('do not find another one', () => {
    expect(outcome({ fingerprint256: 'ac'.repeat(32) })).toBe('mismatch')
    expect(outcome({ keyId: 'ABCDEF' })).toBe('mismatch')
  })

  it.each(['ABCD', 'abcd', 'ab:cd'])('find the key as %s', (keyId) => {
    expect(outcome({ keyId })).toBe('match')
  })

  it('leave it undecided when the certificate has no key identifier', () => {
    expect(decide({ keyId: 'ABCD' }, { keyId: undefined })).toEqual({
      outcome: 'undecided',
      reason: "the certificate's keyId is unknown",
    })
  })

  it.each<[object, string]>([
    [
      { fingerprint256: 'ab'.repeat(20) },
      `GET /ops.fingerprint256: "${'ab'.repeat(20)}": expected a digest of 32 bytes`,
    ],
    [{ fingerprint256: 'sha256' }, 'GET /ops.fingerprint256: "sha256": expected hexadecimal digits'],
    [{ fingerprint256: /^AB.*$/ }, 'GET /ops.fingerprint256 must be a text or a list of texts'],
    [{ fingerprint256: [] }, 'GET /ops.fingerprint256 must be a text'],
    [{ keyId: '' }, 'GET /ops.keyId must be a text'],
    [{ keyId: 'ab-cd' }, 'GET /ops.keyId: "ab-cd": expected hexadecimal digits'],
    [{ keyId: /^ABCD$/ }, 'GET /ops.keyId must be a text or a list of texts'],
    [{ issuer: 'CN=a', serialNumber: 42 }, 'GET /ops.serialNumber must be a text'],
    [{ issuer: 'CN=a', serialNumber: '0x2A' }, 'GET /ops.serialNumber: "0x2A": expected hexadecimal digits'],
    [{ issuer: 'CN=a', serialNumber: /^2A$/ }, 'GET /ops.serialNumber must be a text or a list of texts'],
  ])('are refused at the start: %j', (requirement, message) => {
    expect(() => compile(requirement)).toThrow(TypeError)
    expect(() => compile(requirement)).toThrow(message)
  })
})

describe('spki256', () => {
  const other = Buffer.alloc(32, 7).toString('base64')

  it('finds the key, alone or in a list', () => {
    expect(decide({ spki256: USUAL_KEY })).toEqual({ outcome: 'match', reason: '' })
    expect(outcome({ spki256: [other, USUAL_KEY] })).toBe('match')
  })

  it('does not find another one', () => {
    expect(decide({ spki256: other })).toEqual({
      outcome: 'mismatch',
      reason: 'spki256 does not match: expected one of 1',
    })
    expect(outcome({ spki256: USUAL_KEY }, { spki256: USUAL_KEY.toLowerCase() })).toBe('mismatch')
  })

  it('is undecided without the certificate', () => {
    expect(decide({ spki256: USUAL_KEY }, { subjectAltNames: null })).toEqual({
      outcome: 'undecided',
      reason:
        "the certificate's spki256 is unknown, because the Worker does not forward the certificate; set COUNTERSIGN_FORWARD_CERT to leaf",
    })
  })

  it.each<[unknown, string]>([
    ['ab'.repeat(32), `GET /ops.spki256: "${'ab'.repeat(32)}": the digest is in hexadecimal; write "`],
    [[USUAL_KEY, USUAL_KEY.slice(1)], `GET /ops.spki256: "${USUAL_KEY.slice(1)}": expected SHA-256 of the public key`],
    [/^Qk.*$/, 'GET /ops.spki256 must be a text or a list of texts'],
    [[], 'GET /ops.spki256 must be a text or a list of texts'],
    [undefined, 'GET /ops.spki256 is undefined'],
  ])('is refused at the start: %j', (spki256, message) => {
    expect(() => compile({ spki256 })).toThrow(TypeError)
    expect(() => compile({ spki256 })).toThrow(message)
  })
})
