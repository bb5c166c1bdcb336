import { createHmac } from 'node:crypto'
import { base64url, createLocalJWKSet, errors, type JWTVerifyGetKey, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { refusal } from './errors.ts'
import { AUDIENCE, createAccess, ISSUER, serviceClaims, type TestAccess, userClaims } from './testing/access.ts'
import { refusalFrom } from './testing/refusal-of.ts'
import { verifyAccessToken } from './verify-access-token.ts'

const now = () => Math.floor(Date.now() / 1000)
const invalid = (reason: unknown) => ({ code: 'CSN_ACCESS_TOKEN_INVALID', reason })

let access: TestAccess
let stranger: TestAccess
beforeAll(async () => {
  access = await createAccess()
  stranger = await createAccess()
})

const verify = (token: string | undefined, change: object = {}, at = now()) =>
  verifyAccessToken(token, { ...access.verifier, ...change }, at)

async function refusalOfToken(token: string | undefined, change: object = {}, at = now()) {
  const refused = await refusalFrom(verify(token, change, at))
  const parts = (token ?? '').split('.').filter((part) => part.length > 8)
  for (const part of parts) expect(refused.reason).not.toContain(part)
  return refused
}

describe('verifyAccessToken', () => {
  it('reads the user of a token', async () => {
    expect(await verify(await access.token())).toMatchObject({
      kind: 'user',
      email: 'jane@acme.example',
      sub: userClaims().sub,
      claims: { country: 'US' },
    })
  })

  it('reads the service of a token, which has no nbf', async () => {
    expect(await verify(await access.token(serviceClaims()))).toMatchObject({ kind: 'service' })
  })

  it('reads the certificate of a token', async () => {
    expect(await verify(await access.token(serviceClaims('pay-1')))).toMatchObject({
      kind: 'certificate',
      commonName: 'pay-1',
    })
  })

  it('misses a token that is not there', async () => {
    expect(await refusalOfToken(undefined)).toEqual({
      code: 'CSN_ACCESS_TOKEN_MISSING',
      reason: 'there is no Cf-Access-Jwt-Assertion header',
    })
  })

  it.each(['', ' ', '.', '..', 'a.b.c', 'a.b', 'a.b.c.d', 'e30.e30.', 'bnVsbA.bnVsbA.bnVsbA', 'x'.repeat(9000)])(
    'refuses "%s", which is no token',
    async (token) => {
      expect(await refusalOfToken(token)).toEqual(invalid(expect.any(String)))
    },
  )

  describe('the signature', () => {
    it('must be there, and be that of the content', async () => {
      const [header, payload, signature = ''] = (await access.token()).split('.')
      const forged = base64url.encode(JSON.stringify({ ...userClaims(), email: 'boss@acme.example' }))
      expect(await refusalOfToken(`${header}.${forged}.${signature}`)).toEqual(invalid('signature verification failed'))
      expect(await refusalOfToken(`${header}.${payload}.`)).toEqual(invalid('signature verification failed'))
      expect(await refusalOfToken(`${header}.${payload}.${signature.slice(0, -8)}`)).toEqual(
        invalid('signature verification failed'),
      )
    })

    it('must be by a key of the team, whatever its name', async () => {
      expect(await refusalOfToken(await stranger.token())).toEqual(invalid('signature verification failed'))
      expect(await refusalOfToken(await stranger.token({}, { kid: 'other' }))).toEqual(
        invalid('no applicable key found in the JSON Web Key Set'),
      )
      expect(await refusalOfToken(await stranger.token({}, { jwk: stranger.jwks.keys[0], kid: 'access-1' }))).toEqual(
        invalid('signature verification failed'),
      )
    })

    it.each(['none', 'None', 'NONE', ''])('must be by RS256 and not by "%s"', async (alg) => {
      const header = base64url.encode(JSON.stringify({ alg, kid: 'access-1' }))
      const token = `${header}.${base64url.encode(JSON.stringify(userClaims()))}.`
      expect(await refusalOfToken(token)).toEqual(invalid(expect.stringMatching(/alg/i)))
    })

    it('must not be an HMAC with the public key as its secret', async () => {
      const header = base64url.encode(JSON.stringify({ alg: 'HS256', kid: 'access-1' }))
      const content = `${header}.${base64url.encode(JSON.stringify(userClaims()))}`
      for (const secret of [access.publicPem, access.publicPem.trim(), JSON.stringify(access.jwks.keys[0])]) {
        const token = `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`
        expect(await refusalOfToken(token)).toEqual(invalid('"alg" (Algorithm) Header Parameter value not allowed'))
      }
    })

    it('must not ask for extensions that nobody here knows', async () => {
      const [, payload, signature] = (await access.token()).split('.')
      const header = base64url.encode(JSON.stringify({ alg: 'RS256', kid: 'access-1', crit: ['exp'], exp: 1 }))
      expect(await refusalOfToken(`${header}.${payload}.${signature}`)).toEqual(invalid(expect.any(String)))
    })

    it('may be by any of several keys', async () => {
      const other = await createAccess('access-2')
      const keys = createLocalJWKSet({ keys: [...access.jwks.keys, ...other.jwks.keys] })
      for (const each of [access, other]) expect(await verify(await each.token(), { keys })).toBeTruthy()
    })
  })

  describe('the claims', () => {
    it.each([
      ['iss', 'https://evil.cloudflareaccess.com'],
      ['iss', `${ISSUER}/`],
      ['iss', undefined],
      ['iss', [ISSUER]],
      ['aud', ['other']],
      ['aud', [AUDIENCE.toUpperCase()]],
      ['aud', []],
      ['aud', undefined],
      ['aud', ''],
      ['aud', { 0: AUDIENCE }],
      ['exp', undefined],
      ['exp', '9999999999'],
      ['exp', null],
      ['iat', undefined],
      ['iat', 'x'],
      ['nbf', 'x'],
      ['nbf', () => now() + 60],
    ])('must not have %s as %j', async (claim, value) => {
      const given = typeof value === 'function' ? value() : value
      expect(await refusalOfToken(await access.token({ [claim]: given }))).toEqual(
        invalid(expect.stringContaining(`"${claim}"`)),
      )
    })

    it.each(['org', 'App', '', undefined, null, ['app'], true])('must not have the type %j', async (type) => {
      expect(await refusalOfToken(await access.token({ type }))).toEqual(invalid('the token is not of type "app"'))
    })

    it('must name somebody', async () => {
      for (const claims of [{ email: undefined }, { email: '' }, { email: ['a'] }, serviceClaims('')]) {
        expect(await refusalOfToken(await access.token(claims))).toEqual(
          invalid('the token has neither email nor common_name'),
        )
      }
    })

    it('may name several audiences, of several that are accepted', async () => {
      expect(await verify(await access.token({ aud: ['other', AUDIENCE] }))).toBeTruthy()
      expect(await verify(await access.token({ aud: AUDIENCE }))).toBeTruthy()
      expect(await verify(await access.token({ aud: ['b'] }), { audience: ['a', 'b'] })).toBeTruthy()
    })

    it('must be an object', async () => {
      const privateSigned = await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32))
      expect(await refusalOfToken(privateSigned)).toEqual(invalid(expect.any(String)))
    })
  })

  describe('the times', () => {
    const expired = { code: 'CSN_ACCESS_TOKEN_EXPIRED', reason: '"exp" claim timestamp check failed' }

    it('end with exp and the tolerance', async () => {
      const exp = now() + 100
      const token = await access.token({ exp })
      expect(await verify(token, {}, exp + 4)).toBeTruthy()
      expect(await refusalOfToken(token, {}, exp + 5)).toEqual(expired)
      expect(await refusalOfToken(token, { clockTolerance: 0 }, exp)).toEqual(expired)
      expect(await refusalOfToken(await access.token({ exp: -1 }))).toEqual(expired)
    })

    it('begin with nbf less the tolerance', async () => {
      const nbf = now() + 100
      const token = await access.token({ nbf })
      expect(await verify(token, {}, nbf - 5)).toBeTruthy()
      expect(await refusalOfToken(token, {}, nbf - 6)).toEqual(invalid('"nbf" claim timestamp check failed'))
    })

    it('are spoken of for authentic tokens only', async () => {
      expect(await refusalOfToken(await stranger.token({ exp: 1 }))).toEqual(invalid('signature verification failed'))
    })
  })

  describe('keys that cannot be had', () => {
    const failing = (error: unknown): { keys: JWTVerifyGetKey } => ({ keys: () => Promise.reject(error) })
    const unavailable = (reason: string) => ({ code: 'CSN_ACCESS_KEYS_UNAVAILABLE', reason })

    it.each([
      ['a network error', new TypeError('fetch failed'), 'fetch failed'],
      ['a timeout of jose', new errors.JWKSTimeout(), 'request timed out'],
      ['a set that is none', new errors.JWKSInvalid('JSON Web Key Set malformed'), 'JSON Web Key Set malformed'],
      ['an answer of jose', new errors.JOSEError('Expected 200 OK'), 'Expected 200 OK'],
      ['no error at all', 'a text', 'the keys could not be fetched'],
      ['nothing', undefined, 'the keys could not be fetched'],
    ])('are not the fault of the token: %s', async (_what, error, reason) => {
      expect(await refusalOfToken(await access.token(), failing(error))).toEqual(unavailable(reason))
    })

    it('are not asked for by a token that is none, or of another algorithm', async () => {
      const keys = failing(new TypeError('fetch failed'))
      expect((await refusalOfToken('a.b.c', keys)).code).toBe('CSN_ACCESS_TOKEN_INVALID')
      const other = await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32))
      expect((await refusalOfToken(other, keys)).code).toBe('CSN_ACCESS_TOKEN_INVALID')
    })

    it('are reported as whoever looks them up says', async () => {
      const own = refusal('CSN_ACCESS_KEYS_UNAVAILABLE', 'not fetched yet')
      expect(await refusalOfToken(await access.token(), failing(own))).toEqual(unavailable('not fetched yet'))
    })

    it('may throw at once', async () => {
      const keys = () => {
        throw new Error('at once')
      }
      expect(await refusalOfToken(await access.token(), { keys })).toEqual(unavailable('at once'))
    })
  })
})
