import type { JWTPayload } from 'jose'
import { describe, expect, it } from 'vitest'
import { readAccessIdentity } from './access-identity.ts'

const CLIENT_ID = 'e367826f93b8d71185e03fe518aff3b4.access'

describe('readAccessIdentity', () => {
  it('reads a user by the e-mail address', () => {
    const claims = { email: 'jane@acme.example', sub: '7335d417', type: 'app' }
    expect(readAccessIdentity(claims)).toEqual({ kind: 'user', email: 'jane@acme.example', sub: '7335d417', claims })
  })

  it('reads a service by its client id', () => {
    const claims = { common_name: CLIENT_ID, sub: '' }
    expect(readAccessIdentity(claims)).toEqual({ kind: 'service', clientId: CLIENT_ID, claims })
  })

  it('reads a certificate by its common name', () => {
    const claims = { common_name: 'pay-1', sub: '' }
    expect(readAccessIdentity(claims)).toEqual({ kind: 'certificate', commonName: 'pay-1', claims })
  })

  it.each([
    { cert_serial: '01' },
    { cert_issuer_dn: 'CN=Acme CA' },
    { cert_issuer_ski: 'AB' },
    { cert_presented: true },
    { auth_status: 'SUCCESS' },
    { auth_status: 'NONE', cert_presented: false, cert_serial: '01' },
    { cert_presented: 0 },
    ['x'],
    'x',
    '',
    false,
  ])('reads a certificate of any name if mtls_auth is %j', (mtls_auth) => {
    expect(readAccessIdentity({ common_name: CLIENT_ID, mtls_auth })?.kind).toBe('certificate')
  })

  it.each([
    undefined,
    null,
    {},
    { auth_status: 'NONE', cert_presented: false, cert_serial: '', cert_issuer_dn: '', cert_issuer_ski: '' },
    { auth_status: '', cert_serial: null, cert_presented: undefined },
  ])('reads a service if mtls_auth is %j, which names no certificate', (mtls_auth) => {
    expect(readAccessIdentity({ common_name: CLIENT_ID, mtls_auth })?.kind).toBe('service')
    expect(readAccessIdentity({ common_name: 'pay-1', mtls_auth })?.kind).toBe('certificate')
  })

  it.each([
    '.access.example',
    'access',
    'pay.access',
    '.access',
    `x${CLIENT_ID}`,
    `${CLIENT_ID}.access`,
    CLIENT_ID.toUpperCase(),
  ])('does not read the common name "%s" as a client id', (common_name) => {
    expect(readAccessIdentity({ common_name })).toMatchObject({ kind: 'certificate', commonName: common_name })
  })

  it('reads a token with both claims as a user: only people have an e-mail address', () => {
    for (const common_name of [CLIENT_ID, 'pay-1']) {
      expect(readAccessIdentity({ email: 'jane@acme.example', common_name })?.kind).toBe('user')
    }
    expect(readAccessIdentity({ email: '', common_name: CLIENT_ID })?.kind).toBe('service')
  })

  it.each([undefined, null, '', 7, true, [], ['jane@acme.example'], { toString: () => 'jane@acme.example' }])(
    'names no identity by %j',
    (value) => {
      expect(readAccessIdentity({ email: value, common_name: value } as JWTPayload)).toBeUndefined()
      expect(readAccessIdentity({ email: value, common_name: CLIENT_ID } as JWTPayload)?.kind).toBe('service')
    },
  )

  it('has no sub where it is empty or no text', () => {
    for (const sub of ['', undefined, 7, null]) {
      const identity = readAccessIdentity({ email: 'jane@acme.example', sub } as JWTPayload)
      expect(identity).toMatchObject({ kind: 'user', sub: undefined })
    }
  })

  it('names no identity by sub alone', () => {
    expect(readAccessIdentity({ sub: '7335d417', name: 'Jane' })).toBeUndefined()
  })

  it('keeps a claim called __proto__ a claim', () => {
    const claims = JSON.parse('{"sub":"x","__proto__":{"email":"evil@acme.example","common_name":"evil"}}')
    expect(readAccessIdentity(claims)).toBeUndefined()
    const named = JSON.parse('{"email":"jane@acme.example","__proto__":{"kind":"service","clientId":"evil"}}')
    const identity = readAccessIdentity(named)
    expect(identity).toMatchObject({ kind: 'user', email: 'jane@acme.example' })
    expect(identity).not.toHaveProperty('clientId')
    expect(Object.getPrototypeOf(identity)).toBe(Object.prototype)
  })
})
