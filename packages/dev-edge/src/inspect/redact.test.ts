import { randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { redactHeaders, redactTarget, redactToken } from './redact.ts'

const signed = () =>
  new SignJWT({
    iss: 'https://acme.cloudflareaccess.com',
    aud: ['4714'],
    exp: 1_800_000_000,
    email: 'jane@acme.example',
  })
    .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
    .sign(randomBytes(32))

const redact = (...rawHeaders: string[]) =>
  redactHeaders({ method: 'GET', target: '/', rawHeaders }).map(({ name, value }) => `${name}: ${value}`)

describe('redactToken', () => {
  it('shows key, application and time, the names of other claims, and no part of the signature', async () => {
    const token = await signed()
    expect(redactToken(token)).toBe(
      '{"alg":"HS256","kid":"key-1"} {"iss":"https://acme.cloudflareaccess.com","aud":["4714"],"exp":1800000000} and email',
    )
  })

  it.each(['', 'secret', 'secret.secret.secret', `${Buffer.from('null').toString('base64url')}.e30.secret`])(
    'shows nothing of a value that is not a token: %j',
    (token) => {
      expect(redactToken(token)).toBe(`not a JWT (${token.length} characters)`)
    },
  )

  it('shows no value in full length', async () => {
    const token = await new SignJWT({ iss: 'i'.repeat(5000), [`n${'n'.repeat(5000)}`]: 1 })
      .setProtectedHeader({ alg: 'HS256', kid: 'k'.repeat(5000) })
      .sign(randomBytes(32))
    expect(redactToken(token).length).toBeLessThan(1100)
  })
})

describe('redactHeaders', () => {
  it('shows only the headers that decide, in order and repeated', () => {
    expect(
      redact(
        'Cookie',
        'CF_Authorization=secret',
        'X-CERT-VERIFY',
        'NONE',
        'x_cert_verify',
        'SUCCESS',
        'X-Cert-Verify',
        'NONE',
      ),
    ).toEqual(['x-cert-verify: NONE', 'x_cert_verify: SUCCESS', 'x-cert-verify: NONE'])
  })

  it('shortens a signature to its distinguishing beginning', () => {
    const bytes = 'AbCdEfGh'.repeat(5)
    expect(redact('Signature', `countersign=:${bytes}:, other="text, and text"`)).toEqual([
      'signature: countersign=:AbCd…, other="text…',
    ])
    expect(redact('Signature', `:${bytes}:`)).toEqual(['signature: not a dictionary (42 characters)'])
  })

  it('counts the characters of certificates, and cuts long values', () => {
    expect(redact('Client-Cert', `:${'A'.repeat(998)}:`, 'X-CERT-SUBJECT-DN', 'a'.repeat(1000))).toEqual([
      'client-cert: 1000 characters',
      `x-cert-subject-dn: ${'a'.repeat(300)}… (1000 characters)`,
    ])
  })

  it('does not take a name of Object.prototype for a header', () => {
    expect(redact('constructor', 'secret', '__proto__', 'secret', 'toString', 'secret')).toEqual([])
  })
})

describe('redactTarget', () => {
  it('shows the path, and of the query its length', () => {
    expect(redactTarget('/me')).toBe('/me')
    expect(redactTarget('/me?token=a?b')).toBe('/me?(9 characters)')
  })
})
