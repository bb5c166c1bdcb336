import { describe, expect, it } from 'vitest'
import { type CertChanges, makeClientCert, makeRequest } from '../../../test/support/make-client-cert.ts'
import type { AccessIdentity } from '../../access-token/access-identity.ts'
import { compileCertificateRequirement } from '../certificate-guard.ts'

const compile = (requirement: object) => compileCertificateRequirement(requirement, 'GET /ops')

function decide(requirement: object, cert: CertChanges = {}, access: AccessIdentity | null = null) {
  return compile(requirement).decide(makeClientCert(cert), makeRequest(access))
}

const outcome = (...of: Parameters<typeof decide>) => decide(...of).outcome

describe('access', () => {
  const CLIENT_ID = `${'0a'.repeat(16)}.access`
  const user: AccessIdentity = { kind: 'user', email: 'a@example.net', sub: '1', claims: {} }
  const service: AccessIdentity = { kind: 'service', clientId: CLIENT_ID, claims: {} }
  const certificate: AccessIdentity = { kind: 'certificate', commonName: 'pay-1', claims: {} }

  it.each<[object, AccessIdentity]>([
    [{ kind: 'user' }, user],
    [{ kind: 'service' }, service],
    [{ kind: 'certificate' }, certificate],
    [{ email: 'a@example.net' }, user],
    [{ email: ['b@example.net', 'a@example.net'] }, user],
    [{ email: /^[a-z]+@example\.net$/ }, user],
    [{ kind: 'user', email: 'a@example.net' }, user],
    [{ clientId: CLIENT_ID }, service],
    [{ kind: 'service', clientId: CLIENT_ID }, service],
    [{ email: 'a@EXAMPLE.net.' }, user],
    [{ kind: 'certificate', commonName: 'pay-1' }, certificate],
    [{ commonName: 'pay-1' }, certificate],
  ])('matches: %j', (access, identity) => {
    expect(outcome({ access }, {}, identity)).toBe('match')
  })

  it.each<[object, AccessIdentity]>([
    [{ kind: 'user' }, service],
    [{ email: 'a@example.net' }, service],
    [{ clientId: `${'0b'.repeat(16)}.access` }, service],
    [{ clientId: CLIENT_ID }, certificate],
    [{ commonName: 'x.access' }, service],
    // Other claims of the token are not part of the identity.
    [{ email: 'a@example.net' }, { ...certificate, claims: { email: 'a@example.net' } }],
  ])('does not match: %j', (access, identity) => {
    expect(outcome({ access }, {}, identity)).toBe('mismatch')
  })

  it.each<[object, AccessIdentity, string]>([
    [{ email: 'A@example.net' }, user, 'email=A@example.net'],
    [{ email: /^A@example\.net$/ }, user, 'email=/^A@example\\.net$/'],
    [{ commonName: 'Pay-1' }, certificate, 'commonName=Pay-1'],
    [{ commonName: 'pay-1 ' }, certificate, 'commonName=pay-1 '],
  ])('is undecided on another spelling: %j', (access, identity, expected) => {
    expect(decide({ access }, {}, identity)).toEqual({
      outcome: 'undecided',
      reason: `access differs from ${expected} only in letter case, spaces or unseen characters`,
    })
  })

  it.each([
    [{ kind: 'user', clientId: CLIENT_ID }, 'kind, clientId'],
    [{ kind: 'service', email: 'a@example.net' }, 'kind, email'],
    [{ kind: 'certificate', clientId: CLIENT_ID }, 'kind, clientId'],
    [{ email: 'a@example.net', clientId: CLIENT_ID }, 'email, clientId'],
    [{ kind: 'user', email: 'a@example.net', commonName: 'pay-1' }, 'kind, email, commonName'],
  ])('is refused at the start, because no identity has all of it: %j', (access, properties) => {
    expect(() => compile({ access })).toThrow(
      new TypeError(
        `GET /ops.access: no identity has all of ${properties}; write one of email with kind "user", clientId with kind "service", commonName with kind "certificate", and combine several with anyOf()`,
      ),
    )
  })

  it('does not quote a client id, in whose place a secret was written', () => {
    const secret = 'c0ffee'.repeat(10)
    expect(() => compile({ access: { clientId: ['a'.repeat(32), secret] } })).toThrow(
      new TypeError(
        'GET /ops.access.clientId: must be 32 hexadecimal digits in lower case and ".access"; copy the Client ID, not the secret',
      ),
    )
  })

  it('is undecided without an identity', () => {
    expect(decide({ access: { kind: 'user' } })).toEqual({
      outcome: 'undecided',
      reason: 'the request has no Access identity',
    })
  })

  it.each<[unknown, string]>([
    [{}, 'GET /ops.access must be an object with kind, email, clientId, commonName, claims'],
    [null, 'GET /ops.access must be an object with kind, email, clientId, commonName, claims'],
    [true, 'GET /ops.access must be an object with kind, email, clientId, commonName, claims'],
    [
      { mail: 'a' },
      'GET /ops.access: unknown property "mail"; known properties are kind, email, clientId, commonName, claims',
    ],
    [{ claim: 'a' }, 'GET /ops.access: unknown property "claim"'],
    [{ kind: 'admin' }, 'GET /ops.access.kind must be "user", "service" or "certificate"'],
    [{ kind: undefined }, 'GET /ops.access.kind must be "user"'],
    [{ kind: 'toString' }, 'GET /ops.access.kind must be "user"'],
    [{ email: 'jane' }, 'GET /ops.access.email: "jane": not an e-mail address'],
    [{ email: '*@acme.example' }, 'GET /ops.access.email: "*@acme.example": "*" is not a wildcard'],
    [{ commonName: 'pay-*' }, 'GET /ops.access.commonName: "pay-*": "*" is not a wildcard'],
    [{ kind: ['user'] }, 'GET /ops.access.kind must be "user"'],
    [{ kind: 'user', email: undefined }, 'GET /ops.access.email must be a text'],
    [{ email: /@example\.net$/ }, 'GET /ops.access.email: the RegExp /@example\\.net$/ is not anchored'],
  ])('is refused at the start: %j', (access, message) => {
    expect(() => compile({ access })).toThrow(TypeError)
    expect(() => compile({ access })).toThrow(message)
  })
})
