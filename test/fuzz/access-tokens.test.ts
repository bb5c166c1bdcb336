// Signs its tokens with node:crypto and not with test-support: jose is the oracle, and must not judge its own tokens.
import { generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { createKeySet } from '../../packages/origin-plugin/src/access-token/key-set.ts'
import { requireClaims } from '../../packages/origin-plugin/src/access-token/require-claims.ts'
import { verifyJws } from '../../packages/origin-plugin/src/access-token/verify-jws.ts'
import { applyEdits, edits } from './arbitraries.ts'
import { fuzz } from './fuzz.ts'

const NOW = 1_800_000_000
const EXPECTED = { issuer: 'https://acme.cloudflareaccess.com', audience: ['aud-1', 'aud-2'], clockTolerance: 5 }

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'access-1', alg: 'RS256', use: 'sig' }
const keys = createLocalJWKSet({ keys: [jwk] } as JSONWebKeySet)

const seconds = fc.oneof(
  fc.integer({ min: -7, max: 7 }).map((distance) => NOW + distance),
  fc.constantFrom(NOW - 1000, NOW + 1000, NOW + 0.5, NOW - 5.5, 0, -1, 1e21),
)
const strange = fc.constantFrom<unknown>(null, true, '', 'aud-1', String(NOW + 1000), [], ['aud-1'], [[NOW]], {}, [
  null,
])
/** Mostly the value of a good token, sometimes another value, sometimes none. */
const claim = (good: fc.Arbitrary<unknown>) =>
  fc.oneof(
    { weight: 20, arbitrary: good },
    { weight: 1, arbitrary: strange },
    { weight: 1, arbitrary: fc.constant(undefined) },
  )

const claims = fc.record({
  iss: claim(fc.constant(EXPECTED.issuer)),
  aud: claim(fc.constantFrom<unknown>('aud-1', ['aud-2'], ['other', 'aud-1'], ['aud-1'], 'aud-1 ', ['other'])),
  exp: claim(fc.oneof({ weight: 3, arbitrary: fc.constant(NOW + 1000) }, seconds)),
  iat: claim(seconds),
  nbf: claim(fc.oneof({ weight: 3, arbitrary: fc.constant(NOW) }, seconds)),
  email: fc.constant('jane@acme.example'),
})
const header = fc.record({
  alg: fc.oneof(
    { weight: 24, arbitrary: fc.constant('RS256') },
    fc.constantFrom<unknown>('none', 'HS256', 'rs256', ['RS256'], null),
  ),
  kid: fc.oneof(
    { weight: 24, arbitrary: fc.constant('access-1') },
    fc.constantFrom<unknown>(undefined, 'access-2', '', 1),
  ),
  typ: fc.constantFrom(undefined, 'JWT'),
  crit: fc.oneof(
    { weight: 24, arbitrary: fc.constant(undefined) },
    fc.constantFrom<unknown>(['exp'], [], ['b64'], 'b64'),
  ),
})
const part = fc.oneof(
  { weight: 60, arbitrary: fc.constant((value: object) => JSON.stringify(value)) },
  fc.constantFrom(
    (value: object) => JSON.stringify([value]),
    () => 'null',
    () => '"text"',
    (value: object) => `${JSON.stringify(value)}x`,
    (value: object) => ` ${JSON.stringify(value)}\n`,
  ),
)
const token = fc
  .record({ header, claims, writeHeader: part, writeClaims: part, genuine: fc.nat({ max: 9 }).map((n) => n > 0) })
  .map(({ header, claims, writeHeader, writeClaims, genuine }) => {
    const encode = (text: string) => Buffer.from(text).toString('base64url')
    const input = `${encode(writeHeader(header))}.${encode(writeClaims(claims))}`
    const signature = sign('sha256', Buffer.from(input), genuine ? privateKey : other.privateKey)
    return `${input}.${signature.toString('base64url')}`
  })

async function accepted(check: () => Promise<unknown>): Promise<boolean> {
  try {
    await check()
    return true
  } catch {
    return false
  }
}

const keySet = createKeySet()
const byUs = (text: string) =>
  accepted(async () => requireClaims((await verifyJws(text, { keys, keySet: () => keySet })).payload, EXPECTED, NOW))
const byLibrary = (text: string) =>
  accepted(() =>
    jwtVerify(text, keys, {
      ...EXPECTED,
      algorithms: ['RS256'],
      requiredClaims: ['exp', 'iat'],
      currentDate: new Date(NOW * 1000),
    }),
  )

describe('an Access token', () => {
  it('is accepted exactly when jose accepts it', () =>
    fuzz(
      fc.asyncProperty(token, async (text) => {
        expect(await byUs(text), text).toBe(await byLibrary(text))
      }),
    ))

  it('with a change is never accepted if jose refuses it', () =>
    fuzz(
      fc.asyncProperty(
        token,
        edits(fc.constantFrom('.', '=', 'A', 'e30', '-', '_', '+', '/', ' ', 'ë')),
        async (text, changes) => {
          const changed = applyEdits(text, changes)
          if (await byUs(changed)) expect(await byLibrary(changed), changed).toBe(true)
        },
      ),
    ))

  it('is accepted in enough cases for the tests above to be meaningful', async () => {
    const texts = fc.sample(token, { numRuns: 400, seed: 1 })
    const outcomes = await Promise.all(texts.map(byUs))
    expect(outcomes.filter(Boolean).length).toBeGreaterThan(50)
    expect(outcomes.filter((outcome) => !outcome).length).toBeGreaterThan(100)
  })
})
