import { describe, expect, it } from 'vitest'
import { type CertChanges, makeClientCert, makeRequest } from '../../test/support/make-client-cert.ts'
import { compileCertificateRequirement } from './certificate-guard.ts'
import { notGuard } from './guard.ts'

/** The decision of a requirement. Its negation must decide the opposite, or be undecided too. */
function decide(requirement: object, changes: CertChanges) {
  const guard = compileCertificateRequirement(requirement, 'GET /ops')
  const cert = makeClientCert(changes)
  const decision = guard.decide(cert, makeRequest())
  const negated = notGuard(guard).decide(cert, makeRequest()).outcome
  expect(negated).toBe({ match: 'mismatch', mismatch: 'match', undecided: 'undecided' }[decision.outcome])
  return decision
}

describe('a part of the certificate that cannot be read', () => {
  const TEXTS = { dns: 'a', email: 'a@b', uri: 'a:b', ip: '192.0.2.1', upn: 'a@b' } as const
  const KINDS = Object.keys(TEXTS) as (keyof typeof TEXTS)[]

  it.each(KINDS)('leaves a requirement on san.%s undecided', (kind) => {
    const text = TEXTS[kind]
    const san = { [kind]: text }
    expect(decide({ san }, { subjectAltNames: { unread: [kind] } })).toEqual({
      outcome: 'undecided',
      reason: `a san of the kind ${kind} cannot be read`,
    })
    // A name that matches suffices, and the other kinds have nothing to do with it.
    expect(decide({ san }, { subjectAltNames: { [kind]: [text], unread: [kind] } }).outcome).toBe('match')
    const others = KINDS.filter((other) => other !== kind)
    expect(decide({ san }, { subjectAltNames: { unread: others } }).outcome).toBe('mismatch')
  })

  it('leaves a requirement on a negative serial number undecided', () => {
    const issuer = { CN: 'Acme Issuing CA' }
    for (const serialNumber of ['85', '7B', '0A1B']) {
      expect(decide({ issuer, serialNumber }, { serialNumber: '-7B' })).toEqual({
        outcome: 'undecided',
        reason: "the certificate's serialNumber is negative, and readers disagree on it",
      })
    }
  })

  it.each(['subject', 'issuer'] as const)('leaves a requirement on the whole %s undecided', (which) => {
    const doubt = {
      outcome: 'undecided',
      reason: `${which} has an attribute of an unknown type, or text that cannot be read`,
    }
    // Latin-1 in an IA5String, broken UTF-8, and a type that only OpenSSL knows.
    for (const name of ['CN=a,emailAddress=#1603E94062', 'CN=#0C01C3', 'CN=a,fooBar=b']) {
      expect(decide({ [which]: 'CN=a' }, { [which]: name })).toEqual(doubt)
    }
    // Bytes that are not text have one reading.
    expect(decide({ [which]: 'CN=a' }, { [which]: 'CN=a,1.2.3=#040161' }).outcome).toBe('mismatch')
    expect(decide({ [which]: 'CN=#1603E94062' }, { [which]: 'CN=#1603E94062' }).outcome).toBe('match')
  })

  it('leaves a requirement on an attribute undecided, and no other', () => {
    const subject = 'CN=a,emailAddress=#1603E94062'
    expect(decide({ subject: { emailAddress: 'é@b' } }, { subject })).toEqual({
      outcome: 'undecided',
      reason: 'subject emailAddress is not text',
    })
    expect(decide({ subject: { CN: 'a' } }, { subject }).outcome).toBe('match')
    expect(decide({ subject: { CN: 'b' } }, { subject }).outcome).toBe('mismatch')
  })
})
