import { describe, expect, it } from 'vitest'
import { makeClientCert } from '../../test/support/make-client-cert.ts'
import type { AccessIdentity } from '../access-token/access-identity.ts'
import { identityAttributes } from './identity-attributes.ts'

const claims = { secret: 'claim' }

describe('identityAttributes', () => {
  it('has nothing of a client that is not proven', () => {
    expect(identityAttributes(null, null)).toEqual({})
  })

  it('has names, digest and dates of the certificate, in the form of the convention', () => {
    expect(identityAttributes(makeClientCert(), null)).toEqual({
      'tls.client.subject': 'CN=pay-1,OU=Ops,O=Acme',
      'tls.client.issuer': 'CN=Acme Issuing CA,O=Acme',
      'tls.client.hash.sha256': 'AB'.repeat(32),
      'tls.client.not_before': '2020-01-01T00:00:00.000Z',
      'tls.client.not_after': '2050-01-01T00:00:00.000Z',
    })
  })

  it.each<[AccessIdentity, object]>([
    [
      { kind: 'user', email: 'a@b.example', sub: 'u1', claims },
      { 'user.email': 'a@b.example', 'user.id': 'u1' },
    ],
    [{ kind: 'user', email: 'a@b.example', sub: undefined, claims }, { 'user.email': 'a@b.example' }],
    [{ kind: 'service', clientId: 'x.access', claims }, { 'countersign.access.client_id': 'x.access' }],
    [{ kind: 'certificate', commonName: 'pay-1', claims }, { 'countersign.access.common_name': 'pay-1' }],
  ])('has the identity of Access without its claims: %j', (access, expected) => {
    const attributes = identityAttributes(null, access)
    expect(attributes).toEqual(expected)
    expect(Object.keys(attributes)).toEqual(Object.keys(expected))
  })

  it('cuts texts that are as long as a header', () => {
    const long = 'x'.repeat(301)
    const cut = `${'x'.repeat(300)}…`
    const cert = makeClientCert({ subject: `CN=${long}`, issuer: `CN=${'y'.repeat(297)}` })
    expect(identityAttributes(cert, { kind: 'user', email: long, sub: long, claims })).toMatchObject({
      'tls.client.subject': `CN=${'x'.repeat(297)}…`,
      'tls.client.issuer': `CN=${'y'.repeat(297)}`,
      'user.email': cut,
      'user.id': cut,
    })
    expect(Object.values(identityAttributes(null, { kind: 'service', clientId: long, claims }))).toEqual([cut])
    expect(Object.values(identityAttributes(null, { kind: 'certificate', commonName: long, claims }))).toEqual([cut])
  })
})
