import { createHmac, generateKeyPairSync } from 'node:crypto'
import { exportJWK, type JWTHeaderParameters, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chain, startChain } from '../support/chain.ts'
import { type WireRequest, withHeader } from '../support/signed-request.ts'

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 })
const attackerEc = generateKeyPairSync('ec', { namedCurve: 'P-256' })

describe('a forged Access token, in a request that the edge signed', () => {
  let chain: Chain
  let request: WireRequest
  let kid: string
  let publicKey: string
  let claims: Record<string, unknown>
  beforeAll(async () => {
    chain = await startChain()
    request = await chain.capture('/me', { client: chain.edge.clients.alice })
    const token = await chain.edge.accessToken()
    claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    kid = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
    const served = (await (await fetch(chain.edge.access.jwksUri)).json()) as { public_cert: { cert: string } }
    publicKey = served.public_cert.cert
  })
  afterAll(() => chain.close())

  const sent = (token: string) => chain.around(chain.sign(withHeader(request, 'cf-access-jwt-assertion', token)))
  const refused = { status: 401, code: 'CSN_ACCESS_TOKEN_INVALID' }
  const signed = (header: Partial<JWTHeaderParameters>) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, ...header }).sign(attacker.privateKey)

  it('is told from the real thing, which passes', async () => {
    expect(await sent(await chain.edge.accessToken())).toMatchObject({ status: 200 })
  })

  it.each(['none', 'None', 'NONE', ''])('is refused with alg "%s"', async (alg) => {
    expect(await sent(`${base64url({ alg, kid })}.${base64url(claims)}.`)).toMatchObject(refused)
  })

  it('is refused with HS256 made with the public key', async () => {
    const text = `${base64url({ alg: 'HS256', kid })}.${base64url(claims)}`
    const mac = createHmac('sha256', publicKey).update(text).digest('base64url')
    expect(await sent(`${text}.${mac}`)).toMatchObject(refused)
  })

  it("is refused with another's key under our kid", async () => {
    expect(await sent(await signed({}))).toMatchObject(refused)
  })

  it('is refused with a key of its own in the header', async () => {
    const jwk = await exportJWK(attacker.publicKey)
    expect(await sent(await signed({ jwk }))).toMatchObject(refused)
    expect(await sent(await signed({ jwk, kid: 'own' }))).toMatchObject(refused)
    expect(await sent(await signed({ jku: 'https://attacker.example/keys', kid: 'own' }))).toMatchObject(refused)
    expect(await sent(await signed({ x5u: 'https://attacker.example/cert', kid: 'own' }))).toMatchObject(refused)
  })

  it.each(['../../keys', '__proto__', 'x'.repeat(5000), "' OR 1=1"])('is refused with the kid %s', async (unknown) => {
    expect(await sent(await signed({ kid: unknown }))).toMatchObject(refused)
  })

  it('is refused with another algorithm', async () => {
    const es256 = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid }).sign(attackerEc.privateKey)
    const rs512 = await new SignJWT(claims).setProtectedHeader({ alg: 'RS512', kid }).sign(attacker.privateKey)
    expect(await sent(es256)).toMatchObject(refused)
    expect(await sent(rs512)).toMatchObject(refused)
  })

  it('is refused with critical headers that nobody knows', async () => {
    const [, payload, signature] = (await chain.edge.accessToken()).split('.')
    const header = base64url({ alg: 'RS256', kid, crit: ['x'], x: 1 })
    expect(await sent(`${header}.${payload}.${signature}`)).toMatchObject(refused)
    expect(
      await sent(`${base64url({ alg: 'RS256', kid, crit: ['b64'], b64: false })}.${payload}.${signature}`),
    ).toMatchObject(refused)
  })

  it.each(['x', 'a.b', 'a.b.c', '..', 'a.b.c.d.e', '{}', 'e30.e30.e30', `${'A'.repeat(9000)}.A.A`])(
    'is refused as %s',
    async (token) => {
      expect(await sent(token)).toMatchObject(refused)
    },
  )

  it('is refused when a single character of the real one is changed', async () => {
    const token = await chain.edge.accessToken()
    for (const at of [5, token.indexOf('.') + 5, token.lastIndexOf('.') + 5]) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
      expect(await sent(changed)).toMatchObject(refused)
    }
  })
})
