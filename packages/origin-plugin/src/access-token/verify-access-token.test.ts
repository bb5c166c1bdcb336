import { createHmac } from 'node:crypto'
import {
  AUDIENCE,
  type ClaimOverrides,
  createTestTeam,
  ISSUER,
  serviceClaims,
  type TestTeam,
  userClaims,
} from '@countersign/test-support/access-team'
import { startServer } from '@countersign/test-support/local-server'
import { createLocalJWKSet, createRemoteJWKSet, errors, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { refusedWith } from '../../test/support/expect-refusal.ts'
import { refusalAt } from '../errors.ts'
import { type AccessVerifier, verifyAccessToken } from './verify-access-token.ts'

const now = Math.floor(Date.now() / 1000)
let access: TestTeam
let otherTeam: TestTeam
const servers: { close(): Promise<void> }[] = []

beforeAll(async () => {
  access = await createTestTeam()
  // The same key id, and another key.
  otherTeam = await createTestTeam()
})
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function verify(token: string | undefined, changes: Partial<AccessVerifier> = {}, at = now) {
  const keys = createLocalJWKSet(access.jwks)
  const verifier = { issuer: ISSUER, audience: [AUDIENCE], keys, keySet: () => undefined, clockTolerance: 5 }
  return verifyAccessToken(token, { ...verifier, ...changes }, at)
}
/** Signs a token of the time at which {@link verify} judges. On a busy machine the tests take longer than the tolerance. */
const signToken: TestTeam['token'] = (claims, header) =>
  access.token({ exp: now + 3600, iat: now, nbf: now, ...claims }, header)
const verifyClaims = async (claims: ClaimOverrides, at = now) => verify(await signToken(claims), {}, at)

const invalid = (reason: string | RegExp) => refusedWith('CSN_ACCESS_TOKEN_INVALID', reason)
const unavailable = (reason: string | RegExp) => refusedWith('CSN_ACCESS_KEYS_UNAVAILABLE', reason)

const base64url = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

describe('verifyAccessToken: the identity that the token names', () => {
  it('reads a user', async () => {
    const claims = { ...userClaims(), custom: { groups: ['ops'] } }
    expect(await verifyClaims(claims)).toEqual({
      kind: 'user',
      email: 'jane@acme.example',
      sub: '7335d417-61da-459d-899c-0a01c76a2f94',
      claims,
    })
  })

  it('reads a service token, which has neither nbf nor email', async () => {
    const identity = await verifyClaims(serviceClaims())
    expect(identity).toMatchObject({ kind: 'service', clientId: 'e367826f93b8d71185e03fe518aff3b4.access' })
    expect(identity.claims).not.toHaveProperty('nbf')
  })

  it('reads a certificate login, by its common name or by mtls_auth', async () => {
    expect(await verifyClaims(serviceClaims('pay-1'))).toMatchObject({ kind: 'certificate', commonName: 'pay-1' })
    const named = { ...serviceClaims('odd.access'), mtls_auth: { cert_serial: '01' } }
    expect(await verifyClaims(named)).toMatchObject({ kind: 'certificate', commonName: 'odd.access' })
  })

  it.each([
    ['nobody', { email: undefined }],
    ['an empty email', { email: '' }],
    ['an email that is no text', { email: ['jane@acme.example'] }],
    ['an empty common name', serviceClaims('')],
    ['a common name that is no text', { ...serviceClaims(), common_name: { a: 1 } }],
  ])('refuses a token that names %s', async (_, claims) => {
    await expect(verifyClaims(claims)).rejects.toThrow(invalid('the token has neither email nor common_name'))
  })

  it('reads no claim from a __proto__ in the payload', async () => {
    const text = JSON.stringify({ ...userClaims(), email: undefined })
    const payload = text.replace('{', '{"__proto__":{"email":"eve@acme.example"},')
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
    const input = `${base64url({ alg: 'RS256' })}.${base64url(payload)}`
    const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, Buffer.from(input))
    const token = `${input}.${Buffer.from(signature).toString('base64url')}`
    const keys = createLocalJWKSet({ keys: [await exportJWK(publicKey)] })
    await expect(verify(token, { keys })).rejects.toThrow(invalid('the token has neither email nor common_name'))
    expect(({} as { email?: string }).email).toBeUndefined()
  })
})

describe('verifyAccessToken: the claims', () => {
  it('refuses a missing token', async () => {
    await expect(verify(undefined)).rejects.toThrow(
      refusedWith('CSN_ACCESS_TOKEN_MISSING', 'Cf-Access-Jwt-Assertion is missing'),
    )
  })

  it('accepts one of several audiences, on either side', async () => {
    expect((await verifyClaims({ aud: ['other', AUDIENCE] })).kind).toBe('user')
    expect((await verifyClaims({ aud: AUDIENCE })).kind).toBe('user')
    expect((await verify(await signToken(), { audience: ['other', AUDIENCE] })).kind).toBe('user')
  })

  it.each<[string, ClaimOverrides, string | RegExp]>([
    [
      'another issuer',
      { iss: 'https://evil.cloudflareaccess.com' },
      `the claim iss is "https://evil.cloudflareaccess.com", and not the issuer "${ISSUER}"`,
    ],
    [
      'an issuer with a slash at its end',
      { iss: `${ISSUER}/` },
      `the claim iss is "${ISSUER}/", and not the issuer "${ISSUER}"`,
    ],
    ['a list of issuers', { iss: [ISSUER] }, `the claim iss is ["${ISSUER}"], and not the issuer "${ISSUER}"`],
    ['no issuer', { iss: undefined }, 'the claim iss is missing'],
    [
      'another audience',
      { aud: ['0'.repeat(64)] },
      `the claim aud is "${'0'.repeat(64)}", and not access.audience "${AUDIENCE}"`,
    ],
    ['an empty audience list', { aud: [] }, `the claim aud is none, and not access.audience "${AUDIENCE}"`],
    ['a number as audience', { aud: 4714 }, `the claim aud is 4714, and not access.audience "${AUDIENCE}"`],
    ['two others', { aud: ['a', 'b'] }, `the claim aud is "a" and 1 more, and not access.audience "${AUDIENCE}"`],
    ['no audience', { aud: undefined }, 'the claim aud is missing'],
    ['no expiry', { exp: undefined }, 'the claim exp is missing'],
    ['an expiry that is text', { exp: '9999999999' }, 'the claim exp is not a number'],
    ['no time of issue', { iat: undefined }, 'the claim iat is missing'],
    [
      'a start in the future',
      { nbf: now + 60 },
      "the claim nbf is 60 s in the future; compare the origin's clock with Cloudflare's",
    ],
    ['the type of a whole team', { type: 'org' }, 'the type of the token is "org", and not "app"'],
    ['no type', { type: undefined }, 'the type of the token is undefined, and not "app"'],
    ['a type that is no text', { type: ['app'] }, 'the type of the token is ["app"], and not "app"'],
  ])('refuses %s', async (_, claims, reason) => {
    await expect(verifyClaims(claims)).rejects.toThrow(invalid(reason))
  })

  it('accepts until expiry and the tolerance are over, to the second', async () => {
    const exp = now + 100
    expect((await verifyClaims({ exp }, exp + 4)).kind).toBe('user')
    for (const at of [exp + 5, exp + 1000]) {
      await expect(verifyClaims({ exp }, at)).rejects.toThrow(
        refusedWith('CSN_ACCESS_TOKEN_EXPIRED', `the claim exp is ${at - exp} s in the past`),
      )
    }
  })

  it('accepts a start that is ahead by the tolerance, and no more', async () => {
    expect((await verifyClaims({ nbf: now + 5 })).kind).toBe('user')
    await expect(verifyClaims({ nbf: now + 6 })).rejects.toThrow(
      invalid("the claim nbf is 6 s in the future; compare the origin's clock with Cloudflare's"),
    )
  })
})

describe('verifyAccessToken: the typ', () => {
  it.each(['JWT', 'jwt', undefined])('accepts %s', async (typ) => {
    expect((await verify(await signToken({}, { typ }))).kind).toBe('user')
  })

  it.each(['at+jwt', '', 'JWT ', 1, null, ['JWT'], {}])('refuses %j', async (typ) => {
    await expect(verify(await signToken({}, { typ }))).rejects.toThrow(
      invalid(`the typ of the token is ${JSON.stringify(typ)}, and not "JWT"`),
    )
  })
})

describe('verifyAccessToken: the signature', () => {
  it('refuses a token of another team, though it names this one', async () => {
    await expect(verify(await otherTeam.token())).rejects.toThrow(invalid('the signature of the token does not verify'))
  })

  it('refuses an expired token of another team as invalid, not as expired', async () => {
    await expect(verify(await otherTeam.token({ exp: now - 1000 }))).rejects.toThrow(
      invalid('the signature of the token does not verify'),
    )
  })

  it('refuses other claims under a genuine signature', async () => {
    const [header, , signature] = (await signToken()).split('.')
    const token = `${header}.${base64url({ ...userClaims(), email: 'eve@acme.example' })}.${signature}`
    await expect(verify(token)).rejects.toThrow(invalid('the signature of the token does not verify'))
  })

  it('refuses alg none, in any case', async () => {
    for (const alg of ['none', 'None', 'NONE', '']) {
      const token = `${base64url({ alg, kid: 'access-1' })}.${base64url(userClaims())}.`
      await expect(verify(token), alg).rejects.toThrow(invalid(/./))
    }
  })

  it('refuses an HMAC made with the public key, which an attacker can fetch', async () => {
    const secrets = [access.publicPem, JSON.stringify(access.jwks), JSON.stringify(access.jwks.keys[0])]
    for (const secret of secrets) {
      const input = `${base64url({ alg: 'HS256', kid: 'access-1' })}.${base64url(userClaims())}`
      const token = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
      await expect(verify(token)).rejects.toThrow(invalid('the alg of the token is "HS256", and not "RS256"'))
    }
  })

  it.each(['RS384', 'RS512', 'PS256', 'ES256', 'EdDSA'])('refuses %s', async (alg) => {
    const { privateKey } = await generateKeyPair(alg)
    const token = await new SignJWT(userClaims()).setProtectedHeader({ alg, kid: 'access-1' }).sign(privateKey)
    await expect(verify(token)).rejects.toThrow(invalid(`the alg of the token is "${alg}", and not "RS256"`))
  })

  it('uses no key from the token itself, and fetches no key from its URLs', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid: 'access-1', alg: 'RS256' }
    const server = await startServer((_, response) => response.end(JSON.stringify({ keys: [jwk] })))
    servers.push(server)
    for (const header of [{ jwk }, { jku: server.url }, { x5u: server.url }, { x5c: ['MIIB'] }]) {
      const token = await new SignJWT(userClaims())
        .setProtectedHeader({ alg: 'RS256', kid: 'access-1', ...header })
        .sign(privateKey)
      await expect(verify(token), Object.keys(header)[0]).rejects.toThrow(
        invalid('the signature of the token does not verify'),
      )
    }
    expect(server.requests()).toBe(0)
  })

  it('refuses a critical header that it does not know', async () => {
    const [, payload, signature] = (await signToken()).split('.')
    const token = `${base64url({ alg: 'RS256', kid: 'access-1', crit: ['exp'], exp: 1 })}.${payload}.${signature}`
    await expect(verify(token)).rejects.toThrow(invalid('the crit of the token is not supported'))
  })

  it('refuses a kid that the team does not have', async () => {
    await expect(verify(await signToken({}, { kid: 'unknown' }))).rejects.toThrow(
      invalid(
        'the kid "unknown" of the token is not one of the team\'s; it is a token of another team, or its key was removed',
      ),
    )
  })

  it('without a kid accepts a key that leaves no choice, and refuses to guess among several', async () => {
    const token = await signToken({}, { kid: undefined })
    expect((await verify(token)).kind).toBe('user')
    const both = { keys: [...access.jwks.keys, { ...otherTeam.jwks.keys[0], kty: 'RSA', kid: 'access-2' }] }
    await expect(verify(token, { keys: createLocalJWKSet(both) })).rejects.toThrow(
      invalid('the kid undefined of the token is that of several keys'),
    )
  })

  it.each(['', 'a', 'a.b', 'a.b.c', 'a.b.c.d.e', '..', 'ü.ü.ü', '{}', 'null.null.null', `${'a'.repeat(9000)}.b.c`])(
    'refuses %j, and does not quote it',
    async (token) => {
      await expect(verify(token)).rejects.toThrow(invalid(/^(?!.*aaaa)/))
    },
  )

  it('quotes neither the token nor a personal claim in a reason', async () => {
    const tokens = [
      await signToken({ iss: 'https://other.example', email: 'secret@acme.example' }),
      await signToken({ aud: ['other'], email: 'secret@acme.example' }),
      await signToken({ exp: 1, email: 'secret@acme.example' }),
      await signToken({ email: 'secret@acme.example' }, { kid: 'other' }),
      `${(await signToken()).slice(0, -4)}AAAA`,
    ]
    for (const token of tokens) {
      const error: { reason?: string } = await verify(token).catch((refused) => refused)
      expect(error.reason).toMatch(/./)
      expect(error.reason).not.toContain('secret')
      for (const part of token.split('.')) expect(error.reason).not.toContain(part)
    }
  })
})

describe('verifyAccessToken: the keys are not to be had', () => {
  const fetched = (url: string) => ({ keys: createRemoteJWKSet(new URL(url), { timeoutDuration: 200 }) })

  it.each<[string, Parameters<typeof startServer>[0]]>([
    ['an error', (_, response) => response.writeHead(500).end()],
    [
      'a redirect to another server',
      (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    ],
    ['no JSON', (_, response) => response.end('<html>')],
    ['no key set', (_, response) => response.end('{"keys":"none"}')],
    ['nothing at all', () => {}],
    ['a closed connection', (request) => request.socket.destroy()],
  ])('answers 503 when the server gives %s', async (_, answer) => {
    const server = await startServer(answer)
    servers.push(server)
    await expect(verify(await signToken(), fetched(server.url))).rejects.toThrow(unavailable(/./))
  })

  it('answers 503 without a server', async () => {
    const server = await startServer(() => {})
    await server.close()
    await expect(verify(await signToken(), fetched(server.url))).rejects.toThrow(unavailable(/./))
  })

  it('answers 503 when the key is too short to be used', async () => {
    const [key] = access.jwks.keys
    const short = { ...key, kty: 'RSA', n: Buffer.alloc(128, 0xc1).toString('base64url') }
    await expect(verify(await signToken(), { keys: createLocalJWKSet({ keys: [short] }) })).rejects.toThrow(
      unavailable(/2048 bits/),
    )
  })

  it('verifies with keys from a real server', async () => {
    const server = await startServer((_, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ ...access.jwks, public_cert: {}, public_certs: [] }))
    })
    servers.push(server)
    expect((await verify(await signToken(), fetched(server.url))).kind).toBe('user')
  })
})

describe('verifyAccessToken: a key function that fails', () => {
  it.each<[string, unknown, string]>([
    ['a network error', new TypeError('fetch failed'), 'fetch failed'],
    ['a timeout of jose', new errors.JWKSTimeout(), 'request timed out'],
    ['a set that is none', new errors.JWKSInvalid('JSON Web Key Set malformed'), 'JSON Web Key Set malformed'],
    ['an answer of jose', new errors.JOSEError('Expected 200 OK'), 'Expected 200 OK'],
    ['its own refusal', refusalAt('Access token')('CSN_ACCESS_KEYS_UNAVAILABLE', 'not fetched yet'), 'not fetched yet'],
    ['a text', 'no error at all', 'the keys could not be fetched'],
    ['nothing', undefined, 'the keys could not be fetched'],
  ])('with %s is not the fault of the token, at once or later', async (_, error, reason) => {
    const token = await signToken()
    const later = () => Promise.reject(error)
    const atOnce = () => {
      throw error
    }
    for (const keys of [later, atOnce]) await expect(verify(token, { keys })).rejects.toThrow(unavailable(reason))
  })

  it('is not called for a malformed token, or one of another algorithm', async () => {
    let asked = 0
    const keys = () => {
      asked += 1
      throw new TypeError('fetch failed')
    }
    const other = await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32))
    for (const token of ['', 'a.b.c', other]) {
      await expect(verify(token, { keys })).rejects.toThrow(refusedWith('CSN_ACCESS_TOKEN_INVALID', /./))
    }
    expect(asked).toBe(0)
  })
})
