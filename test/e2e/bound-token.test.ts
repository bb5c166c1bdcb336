import { X509Certificate } from 'node:crypto'
import type { DevClient } from '@countersign/dev-edge'
import { generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { readText } from '../support/files.ts'
import { requireBoundToken } from '../support/require-bound-token.ts'
import { useChain } from '../support/use-chain.ts'

const issuer = 'https://login.acme.example'
const audience = 'https://app.example.com'

describe('the recipe for tokens that are bound to a certificate', () => {
  it('is the function of docs/recipes.md', () => {
    expect(readText('docs/recipes.md')).toContain(readText('test/support/require-bound-token.ts'))
  })
})

describe('an access token that is bound to a client certificate', () => {
  let server: Awaited<ReturnType<typeof generateKeyPair>>
  const keys = () => Promise.resolve(server.publicKey)
  const chain = useChain({
    routes(app) {
      app.get('/pay', { onRequest: requireBoundToken(keys, { issuer, audience }) }, () => 'paid')
    },
  })
  beforeAll(async () => {
    server = await generateKeyPair('ES256')
  })

  const thumbprint = ({ cert }: DevClient) =>
    Buffer.from(new X509Certificate(cert).fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
  const claimsFor = (client: DevClient): JWTPayload => ({
    iss: issuer,
    aud: audience,
    exp: Math.floor(Date.now() / 1000) + 60,
    cnf: { 'x5t#S256': thumbprint(client) },
  })
  const tokenOf = (claims: JWTPayload, key = server.privateKey) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(key)
  const pay = (client: DevClient, authorization?: string) =>
    chain.through('/pay', { client, ...(authorization && { headers: { authorization } }) })

  it('admits the client that the token names', async () => {
    const { alice } = chain.edge.clients
    expect(await pay(alice, `Bearer ${await tokenOf(claimsFor(alice))}`)).toMatchObject({ status: 200, body: 'paid' })
  })

  it('refuses another client with a stolen token', async () => {
    const { alice, bob } = chain.edge.clients
    expect(await pay(bob, `Bearer ${await tokenOf(claimsFor(alice))}`)).toMatchObject({
      status: 401,
      body: '{"error":"invalid_token"}',
    })
  })

  it.each<[string, (claims: JWTPayload, client: DevClient) => JWTPayload]>([
    ['without a certificate', ({ cnf: _, ...claims }) => claims],
    ['whose confirmation is null', (claims) => ({ ...claims, cnf: null })],
    ['with another kind of confirmation', (claims) => ({ ...claims, cnf: { jkt: 'x' } })],
    [
      'with the digest in hexadecimal',
      (claims, { cert }) => ({ ...claims, cnf: { 'x5t#S256': new X509Certificate(cert).fingerprint256 } }),
    ],
    ['that has expired', (claims) => ({ ...claims, exp: 1 })],
    ['without an end', ({ exp: _, ...claims }) => claims],
    ['of another issuer', (claims) => ({ ...claims, iss: 'https://evil.example' })],
    ['for another audience', (claims) => ({ ...claims, aud: 'https://other.example' })],
  ])('refuses a token %s', async (_what, change) => {
    const { alice } = chain.edge.clients
    const token = await tokenOf(change(claimsFor(alice), alice))
    expect(await pay(alice, `Bearer ${token}`)).toMatchObject({ status: 401 })
  })

  it('refuses a token by another key, without a signature, and none', async () => {
    const { alice } = chain.edge.clients
    const claims = claimsFor(alice)
    const { privateKey } = await generateKeyPair('ES256')
    expect(await pay(alice, `Bearer ${await tokenOf(claims, privateKey)}`)).toMatchObject({ status: 401 })
    expect(await pay(alice, `Bearer ${new UnsecuredJWT(claims).encode()}`)).toMatchObject({ status: 401 })
    expect(await pay(alice, `Basic ${await tokenOf(claims)}`)).toMatchObject({ status: 401 })
    expect(await pay(alice)).toMatchObject({ status: 401 })
  })
})
