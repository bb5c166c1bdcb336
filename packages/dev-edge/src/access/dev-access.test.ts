import { once } from 'node:events'
import { get } from 'node:http'
import type { EchoedRequest } from '@countersign/test-support/recording-origin'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { useEdge } from '../../test/support/use-edge.ts'
import { createDevEdge } from '../create-dev-edge.ts'

const test = useEdge()

describe('Access', () => {
  const token = (headers: EchoedRequest['headers']) => headers['cf-access-jwt-assertion'] ?? ''
  const verify = (jwt: string) =>
    jwtVerify(jwt, createRemoteJWKSet(new URL(test.edge.access.jwksUri)), {
      issuer: test.edge.access.issuer,
      audience: test.edge.access.audience,
    })

  it('admits as a user by default', async () => {
    const { headers } = await test.record('/', { headers: { 'cf-access-jwt-assertion': 'forged' } })
    expect((await verify(token(headers))).payload).toMatchObject({ type: 'app', email: 'dev@example.com' })
    expect(headers).not.toHaveProperty('countersign-dev-access')
  })

  it('gives the same token on every request of a session', async () => {
    const [one, two] = [await test.record('/'), await test.record('/')]
    expect(token(one.headers)).toBe(token(two.headers))
  })

  it('admits as a service', async () => {
    const { headers } = await test.record('/', { headers: { 'Countersign-Dev-Access': 'service' } })
    expect((await verify(token(headers))).payload).toMatchObject({
      sub: '',
      common_name: expect.stringMatching(/\.access$/),
    })
  })

  it('admits by certificate, and names that one', async () => {
    for (const client of [test.edge.clients.alice, test.edge.clients.branch]) {
      const { headers } = await test.record('/', { client, headers: { 'Countersign-Dev-Access': 'certificate' } })
      expect((await verify(token(headers))).payload).toMatchObject({
        common_name: client.name,
        mtls_auth: {
          auth_status: 'SUCCESS',
          cert_presented: true,
          cert_serial: headers['x-cert-serial'],
          cert_issuer_dn: headers['x-cert-issuer-dn'],
          cert_issuer_ski: headers['x-cert-issuer-ski'],
        },
      })
    }
  })

  it.each([undefined, 'expired', 'otherCa', 'revoked'] as const)('does not admit by certificate: %s', async (name) => {
    const client = name && test.edge.clients[name]
    const response = await test.edge.fetch('/', { client, headers: { 'Countersign-Dev-Access': 'certificate' } })
    expect(response.status).toBe(403)
    expect(response.json()).toMatchObject({ code: 'CSN_DEV_ACCESS_DENIED' })
  })

  it('makes tokens that an origin has to refuse', async () => {
    const expired = await test.record('/', { headers: { 'Countersign-Dev-Access': 'expired' } })
    await expect(verify(token(expired.headers))).rejects.toThrow('"exp"')
    const other = await test.record('/', { headers: { 'Countersign-Dev-Access': 'other-audience' } })
    await expect(verify(token(other.headers))).rejects.toThrow('"aud"')
  })

  it('leaves the token out, the client’s own too', async () => {
    const { headers } = await test.record('/', {
      headers: { 'Countersign-Dev-Access': 'none', 'cf-access-jwt-assertion': 'forged' },
    })
    expect(headers).not.toHaveProperty('cf-access-jwt-assertion')
  })

  it.each(['admin', '', 'USER', 'user, none'])('answers 400 to "%s" and lists the valid values', async (value) => {
    const response = await test.edge.fetch('/', { headers: { 'Countersign-Dev-Access': value } })
    expect(response.status).toBe(400)
    expect(response.json().message).toBe(
      'The header Countersign-Dev-Access takes one of: user, service, certificate, expired, other-audience, none',
    )
  })

  it('publishes its keys on both listeners', async () => {
    const overTls = (await test.edge.fetch('/cdn-cgi/access/certs')).json()
    const [response] = await once(get(test.edge.access.jwksUri), 'response')
    expect(JSON.parse(String((await once(response, 'data'))[0]))).toEqual(overTls)
    expect(Object.keys(overTls)).toEqual(['keys', 'public_cert', 'public_certs'])
    const [elsewhere] = await once(get(new URL('/', test.edge.access.jwksUri)), 'response')
    expect(elsewhere.resume().statusCode).toBe(404)
  })

  it('signs with a new key after a rotation, and the old tokens stay good', async () => {
    const before = token((await test.record('/')).headers)
    await test.edge.rotateAccessKeys()
    const after = token((await test.record('/')).headers)
    expect(after).not.toBe(before)
    await verify(before)
    await verify(after)
    expect((await test.edge.fetch('/cdn-cgi/access/certs')).json().keys).toHaveLength(2)
  })

  it('makes tokens for requests that go around the edge', async () => {
    expect((await verify(await test.edge.accessToken())).payload).toMatchObject({ email: 'dev@example.com' })
    expect(decodeJwt(await test.edge.accessToken({ as: 'certificate' }))).toMatchObject({ common_name: 'alice' })
    expect(decodeJwt(await test.edge.accessToken({ as: 'certificate', client: test.edge.clients.bob }))).toMatchObject({
      common_name: 'bob',
      mtls_auth: { cert_serial: '00B0B0000000000000000000000000CAFE', cert_issuer_dn: 'CN=Acme Client CA,O=Acme' },
    })
  })
})

describe('accessFor', () => {
  const claims = (headers: EchoedRequest['headers']) => decodeJwt(headers['cf-access-jwt-assertion'] ?? '')

  it('chooses by the certificate for a client that sends no choice', async () => {
    await using edge = await createDevEdge({
      origin: test.origin.url,
      accessFor: (certificate) => {
        if (!certificate) return 'none'
        return certificate.subject.includes('OU=Sales') ? 'service' : undefined
      },
    })
    const { alice, bob } = edge.clients
    const record = async (options: Parameters<typeof edge.fetch>[1]) => (await edge.fetch('/', options)).json().headers
    expect(await record({})).not.toHaveProperty('cf-access-jwt-assertion')
    expect(claims(await record({ client: alice }))).toHaveProperty('email')
    expect(claims(await record({ client: bob }))).toMatchObject({ common_name: expect.stringMatching(/\.access$/) })
    const chosen = await record({ client: bob, headers: { 'countersign-dev-access': 'certificate' } })
    expect(claims(chosen)).toMatchObject({ common_name: 'bob' })
    expect(chosen).not.toHaveProperty('countersign-dev-access')
  })

  it('that returns an unknown login fails, and admits no client', async () => {
    await using edge = await createDevEdge({ origin: test.origin.url, accessFor: () => 'admin' as 'user' })
    const response = await edge.fetch('/')
    expect(response.status).toBe(500)
    expect(response.json()).toMatchObject({
      code: 'CSN_DEV_EDGE_FAILED',
      message: expect.stringContaining('accessFor must return one of: user, service'),
    })
  })
})
