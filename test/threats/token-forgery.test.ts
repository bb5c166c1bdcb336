import { createHmac, generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto'
import { startServer } from '@countersign/test-support/local-server'
import { type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import { exportJWK, type JWTHeaderParameters, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chain, startChain } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 })
const attackerEc = generateKeyPairSync('ec', { namedCurve: 'P-256' })

describeThreat('a forged Access token, in a request that the edge signed', (chain) => {
  let request: WireRequest
  let kid: string
  let publicKey: string
  let claims: Record<string, unknown>
  beforeAll(async () => {
    request = await chain.capture('/me', { client: chain.edge.clients.alice })
    const token = await chain.edge.accessToken()
    claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    kid = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
    const served = (await (await fetch(chain.edge.access.jwksUri)).json()) as { public_cert: { cert: string } }
    publicKey = served.public_cert.cert
  })

  const sent = (token: string) => chain.around(chain.sign(withHeader(request, 'cf-access-jwt-assertion', token)))
  const refused = { status: 401, code: 'CSN_ACCESS_TOKEN_INVALID' }
  const signed = (header: Partial<JWTHeaderParameters>) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, ...header }).sign(attacker.privateKey)

  it('is distinguished from a genuine one, which is accepted', async () => {
    expect(await sent(await chain.edge.accessToken())).toMatchObject({ status: 200 })
  })

  it.each(['none', 'None', 'NONE', ''])('is refused with alg "%s"', async (alg) => {
    expect(await sent(`${base64url({ alg, kid })}.${base64url(claims)}.`)).toMatchObject(refused)
  })

  it('is refused with HS256 and the public key as the secret', async () => {
    const text = `${base64url({ alg: 'HS256', kid })}.${base64url(claims)}`
    const mac = createHmac('sha256', publicKey).update(text).digest('base64url')
    expect(await sent(`${text}.${mac}`)).toMatchObject(refused)
  })

  it("is refused with the attacker's key under our kid", async () => {
    expect(await sent(await signed({}))).toMatchObject(refused)
  })

  it('is refused with its own key in the header', async () => {
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

  it('is refused with unknown critical headers', async () => {
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

  it('is refused when a single character of a genuine one is changed', async () => {
    const token = await chain.edge.accessToken()
    for (const at of [5, token.indexOf('.') + 5, token.lastIndexOf('.') + 5]) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
      expect(await sent(changed)).toMatchObject(refused)
    }
  })
})

/** The token of a header and a payload. */
function signedBy(key: KeyObject, parts: readonly (string | Buffer)[]): string {
  const text = parts.map((part) => Buffer.from(part).toString('base64url')).join('.')
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
}

describe('a token that the team itself signed, in an unusual form', () => {
  const team = generateKeyPairSync('rsa', { modulusLength: 2048 })
  let chain: Chain
  let request: WireRequest
  let claims: Record<string, unknown>
  beforeAll(async () => {
    const jwk = { ...(await exportJWK(team.publicKey)), kid: 'team', alg: 'RS256' }
    chain = await startChain({
      plugin: ({ access: { issuer, audience } }) => ({ access: { issuer, audience, jwks: { keys: [jwk] } } }),
    })
    request = await chain.capture('/me', { client: chain.edge.clients.alice })
    const [, payload = ''] = (await chain.edge.accessToken()).split('.')
    claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  })
  afterAll(() => chain.close())

  const refused = { status: 401, code: 'CSN_ACCESS_TOKEN_INVALID' }
  const withToken = (token: string) => chain.sign(withHeader(request, 'cf-access-jwt-assertion', token))
  const sent = (header: object, payload: string) => {
    const parts = [JSON.stringify({ alg: 'RS256', kid: 'team', ...header }), payload]
    return chain.around(withToken(signedBy(team.privateKey, parts)))
  }

  it.each([{}, { typ: 'JWT' }, { typ: 'jwt' }])('is accepted with the header %j', async (header) => {
    expect(await sent(header, JSON.stringify(claims))).toMatchObject({ status: 200 })
  })

  it.each([
    { typ: 'at+jwt' },
    { typ: 'application/logout+jwt' },
    { typ: '' },
    { crit: ['exp'] },
    { b64: false, crit: ['b64'] },
  ])('is refused with the header %j', async (header) => {
    expect(await sent(header, JSON.stringify(claims))).toMatchObject(refused)
  })

  it.each<[string, Record<string, unknown>]>([
    ['aud as a number', { aud: 1 }],
    ['aud as an object', { aud: { 0: 'x' } }],
    ['aud within a list', { aud: [['x']] }],
    ['iss as a list', { iss: ['https://countersign-dev.cloudflareaccess.com'] }],
    ['exp as a list', { exp: [9_999_999_999] }],
    ['exp as text of an infinite number', { exp: '1e999' }],
    ['iat as text', { iat: '1' }],
    ['nbf as text', { nbf: '1' }],
    ['email as a number', { email: 1 }],
    ['type as an object', { type: { app: true } }],
  ])('is refused with %s', async (_what, changes) => {
    expect(await sent({}, JSON.stringify({ ...claims, ...changes }))).toMatchObject(refused)
  })

  it.each(['null', '[]', '"x"', '1', '', '{', `{"a":${'['.repeat(2000)}${']'.repeat(2000)}}`])(
    'is refused with the payload %.30s',
    async (payload) => {
      expect(await sent({}, payload)).toMatchObject(refused)
    },
  )

  it.each(['header', 'payload'])('is refused with a %s that is not UTF-8', async (part) => {
    const fault = Buffer.from([0x22, 0xff, 0x22])
    const notUtf8 = (object: object) =>
      Buffer.concat([Buffer.from(`${JSON.stringify(object).slice(0, -1)},"x":`), fault, Buffer.from('}')])
    const header = { alg: 'RS256', kid: 'team' }
    const parts =
      part === 'header' ? [notUtf8(header), JSON.stringify(claims)] : [JSON.stringify(header), notUtf8(claims)]
    expect(await chain.around(withToken(signedBy(team.privateKey, parts)))).toMatchObject(refused)
    expect(chain.lastReason()).toBe(`the ${part} of the token is not UTF-8`)
  })

  it('with a repeated claim has the value of the last one, as everywhere in JavaScript', async () => {
    const text = JSON.stringify(claims)
    const other = '"aud":["other"],'
    expect(await sent({}, `{${other}${text.slice(1)}`)).toMatchObject({ status: 200 })
    expect(await sent({}, `${text.slice(0, -1)},${other.slice(0, -1)}}`)).toMatchObject(refused)
  })
})

describe('a token for a listed key with the exponent 1, which everybody can sign for', () => {
  const { n = '' } = attacker.publicKey.export({ format: 'jwk' })
  const weak = { kty: 'RSA', kid: 'weak', alg: 'RS256', n, e: 'AQ' }

  /** The padded digest itself is the signature (RFC 8017, section 8.2): its first power. */
  function forge(claims: object): string {
    const text = `${base64url({ alg: 'RS256', kid: 'weak' })}.${base64url(claims)}`
    const info = Buffer.from('3031300d060960864801650304020105000420', 'hex')
    const digest = Buffer.concat([info, hash('sha256', text, 'buffer')])
    const padding = Buffer.alloc(256 - 3 - digest.length, 0xff)
    return `${text}.${Buffer.concat([Buffer.from([0, 1]), padding, Buffer.alloc(1), digest]).toString('base64url')}`
  }

  it('is refused, and the other keys of the team still verify', async () => {
    const good = { ...(await exportJWK(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)), kid: 'good' }
    const keys = await startServer((_request, response) => response.end(JSON.stringify({ keys: [weak, good] })))
    const chain = await startChain({
      plugin: ({ access: { issuer, audience } }) => ({
        access: { issuer, audience, jwksUri: `${keys.url}/certs`, requireKeysAtStart: true },
      }),
    })
    try {
      const captured = await chain.capture('/me', { client: chain.edge.clients.alice })
      const [, payload = ''] = (await chain.edge.accessToken()).split('.')
      const token = forge(JSON.parse(Buffer.from(payload, 'base64url').toString()))
      const request = chain.sign(withHeader(captured, 'cf-access-jwt-assertion', token))
      expect(await chain.around(request)).toMatchObject({ status: 401, code: 'CSN_ACCESS_TOKEN_INVALID' })
      expect(chain.log.join()).toContain('is ignored: the key \\"weak\\" has an exponent of 1 bits')
    } finally {
      await chain.close()
      await keys.close()
    }
  })

  it('does not start with the key in access.jwks', async () => {
    const access = { issuer: 'https://acme.cloudflareaccess.com', audience: 'a', jwks: { keys: [weak] } }
    await expect(startChain({ plugin: () => ({ access }) })).rejects.toThrow(
      'access.jwks: the key "weak" has an exponent of 1 bits',
    )
  })
})
