import { createLocalJWKSet, decodeProtectedHeader, importX509, jwtVerify } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { AccessIssuer } from './access-issuer.ts'

const CERTIFICATE = { commonName: 'alice', certSerial: '40AB', certIssuerDN: 'CN=CA', certIssuerSKI: 'CD' }

let access: AccessIssuer

beforeAll(async () => {
  access = await AccessIssuer.create()
})

const verify = (token: string) =>
  jwtVerify(token, createLocalJWKSet({ keys: [...access.certs().keys] }), {
    issuer: access.issuer,
    audience: access.audience,
    algorithms: ['RS256'],
  })

describe('AccessIssuer', () => {
  it('signs a user token as an identity provider login makes it', async () => {
    const { payload, protectedHeader } = await verify(await access.sign({ as: 'user' }))
    expect(protectedHeader).toEqual({ alg: 'RS256', kid: access.kid, typ: 'JWT' })
    expect(Object.keys(payload).sort()).toEqual(
      ['aud', 'country', 'email', 'exp', 'iat', 'identity_nonce', 'iss', 'nbf', 'sub', 'type'].sort(),
    )
    expect(payload).toMatchObject({ type: 'app', aud: [access.audience], email: 'dev@example.com' })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(24 * 60 * 60)
  })

  it('signs a service token: no nbf, no email, an empty sub', async () => {
    const { payload } = await verify(await access.sign({ as: 'service' }))
    expect(Object.keys(payload).sort()).toEqual(['aud', 'common_name', 'exp', 'iat', 'iss', 'sub', 'type'])
    expect(payload['common_name']).toMatch(/^[0-9a-f]{32}\.access$/)
    expect(payload.sub).toBe('')
  })

  it('signs a certificate token: a service token that names the certificate', async () => {
    const { payload } = await verify(await access.sign({ as: 'certificate', certificate: CERTIFICATE }))
    expect(Object.keys(payload).sort()).toEqual(['aud', 'common_name', 'exp', 'iat', 'iss', 'mtls_auth', 'sub', 'type'])
    expect(payload).toMatchObject({
      common_name: 'alice',
      sub: '',
      mtls_auth: {
        auth_status: 'SUCCESS',
        cert_presented: true,
        cert_serial: '40AB',
        cert_issuer_dn: 'CN=CA',
        cert_issuer_ski: 'CD',
      },
    })
  })

  it('adds, replaces and removes claims', async () => {
    const claims = { email: 'alice@acme.example', custom: { team: 'ops' }, country: undefined }
    const { payload } = await verify(await access.sign({ as: 'user', claims }))
    expect(payload).toMatchObject({ email: 'alice@acme.example', custom: { team: 'ops' } })
    expect(payload).not.toHaveProperty('country')
  })

  it('signs tokens that have expired, for others, or by others', async () => {
    await expect(verify(await access.sign({ as: 'user', expiresIn: -1 }))).rejects.toThrow('"exp"')
    await expect(verify(await access.sign({ as: 'user', audience: 'other' }))).rejects.toThrow('"aud"')
    await expect(verify(await access.sign({ as: 'user', issuer: 'https://other' }))).rejects.toThrow('"iss"')
  })

  it('publishes the key as a JWK and as a certificate', async () => {
    const { keys, public_cert, public_certs } = access.certs()
    expect(keys).toHaveLength(1)
    expect(keys[0]).toMatchObject({ kid: access.kid, kty: 'RSA', alg: 'RS256', use: 'sig', e: 'AQAB' })
    expect(keys[0]).not.toHaveProperty('d')
    expect(public_certs).toEqual([public_cert])
    const key = await importX509(public_cert.cert, 'RS256')
    await expect(jwtVerify(await access.sign({ as: 'user' }), key)).resolves.toBeDefined()
  })

  it('puts a new key first and lists the previous one, no more', async () => {
    const issuer = await AccessIssuer.create()
    const keySet = () => createLocalJWKSet({ keys: [...issuer.certs().keys] })
    const first = await issuer.sign({ as: 'user' })
    await issuer.rotateKeys()
    const second = await issuer.sign({ as: 'user' })
    const kids = issuer.certs().keys.map(({ kid }) => kid)
    expect(kids).toEqual([decodeProtectedHeader(second).kid, decodeProtectedHeader(first).kid])
    expect(issuer.certs().public_cert.kid).toBe(kids[0])
    await expect(jwtVerify(first, keySet())).resolves.toBeDefined()
    await issuer.rotateKeys()
    expect(issuer.certs().keys).toHaveLength(2)
    await expect(jwtVerify(first, keySet())).rejects.toThrow('no applicable key')
    await expect(jwtVerify(second, keySet())).resolves.toBeDefined()
  })

  it('refuses to name a missing certificate, and an unknown login', async () => {
    await expect(access.sign({ as: 'certificate' })).rejects.toThrow(/needs a client with a certificate/)
    await expect(access.sign({ as: 'admin' as 'user' })).rejects.toThrow(/"user", "service" or "certificate"/)
  })
})
