import { AUDIENCE, createTestTeam, ISSUER, serviceClaims, type TestTeam } from '@countersign/test-support/access-team'
import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { ResolvedAccess } from './access-options.ts'
import { createKeySet, type KeySet } from './key-set.ts'
import { isStillValid, type KnownToken, verifyKnownToken } from './verify-known-token.ts'

let team: TestTeam
beforeAll(async () => {
  team = await createTestTeam()
})

const now = () => Date.now() / 1000

/** Access with a local key, a count of key look-ups, and a key set that a test can replace. */
function accessOf(keySet: () => KeySet | undefined): ResolvedAccess & { readonly keys: ReturnType<typeof vi.fn> } {
  const keys = vi.fn<JWTVerifyGetKey>(createLocalJWKSet(team.jwks))
  return { issuer: ISSUER, audience: [AUDIENCE], clockTolerance: 5, refresh: null, keys, keySet }
}

describe('verifyKnownToken', () => {
  it('returns the verification of the same token', async () => {
    const keySet = createKeySet()
    const access = accessOf(() => keySet)
    const token = await team.token()
    const first = await verifyKnownToken(token, access, now(), undefined)
    const second = await verifyKnownToken(token, access, now(), undefined)
    expect(second).not.toBe(first)
    expect(second).toEqual(first)
    expect(verifyKnownToken(token, access, now(), first)).toBe(first)
  })

  it('does not take the verification of another token', async () => {
    const keySet = createKeySet()
    const access = accessOf(() => keySet)
    const jane = await verifyKnownToken(await team.token(), access, now(), undefined)
    const joe = await verifyKnownToken(await team.token({ email: 'joe@acme.example' }), access, now(), jane)
    expect(joe.identity).toMatchObject({ email: 'joe@acme.example' })
  })

  it('verifies again after the token has expired, and refuses it', async () => {
    const keySet = createKeySet()
    const access = accessOf(() => keySet)
    const known = await verifyKnownToken(await team.token(), access, now(), undefined)
    expect(known.expires).toBe((known.identity.claims.exp as number) + 5)
    expect(() => verifyKnownToken(known.token, access, known.expires + 1, known)).toThrow(
      expect.objectContaining({ code: 'CSN_ACCESS_TOKEN_EXPIRED' }),
    )
  })

  it.each([
    ['before its start', 1_000, 995, 994.9],
    ['before its start, in a part of a second', 1_000.5, 996, 995.9],
  ])('verifies again after the clock was set back to a time %s, and refuses the token', async (_, nbf, from, early) => {
    const keySet = createKeySet()
    const access = accessOf(() => keySet)
    const known = await verifyKnownToken(await team.token({ nbf, iat: nbf, exp: 2_000 }), access, 1_500, undefined)
    expect(known.starts).toBe(from)
    expect(verifyKnownToken(known.token, access, from, known)).toBe(known)
    expect(await verifyKnownToken(known.token, access, from, undefined)).toEqual(known)
    for (const cached of [known, undefined]) {
      expect(() => verifyKnownToken(known.token, access, early, cached)).toThrow(
        expect.objectContaining({ code: 'CSN_ACCESS_TOKEN_INVALID' }),
      )
    }
  })

  it('is not bound to a start for the token of a service, which has none', async () => {
    const keySet = createKeySet()
    const access = accessOf(() => keySet)
    const known = await verifyKnownToken(await team.token(serviceClaims()), access, now(), undefined)
    expect(known.starts).toBe(Number.NEGATIVE_INFINITY)
    expect(verifyKnownToken(known.token, access, 0, known)).toBe(known)
  })

  it('does not take a verification without usable keys', async () => {
    const access = accessOf(() => undefined)
    const token = await team.token()
    const first = await verifyKnownToken(token, access, now(), undefined)
    expect(await verifyKnownToken(token, access, now(), first)).not.toBe(first)
  })

  it('requires a token', () => {
    const access = accessOf(() => undefined)
    expect(() => verifyKnownToken(undefined, access, now(), undefined)).toThrow(
      expect.objectContaining({ code: 'CSN_ACCESS_TOKEN_MISSING' }),
    )
  })
})

const known = (token: string, { keySet }: { keySet: KeySet | undefined }): KnownToken => ({
  token,
  keySet,
  starts: 10,
  expires: 100,
  identity: { kind: 'user', email: 'jane@acme.example', sub: undefined, claims: {} },
})

describe('isStillValid', () => {
  const keySet = createKeySet()

  it('requires the same key set, until the token expires', () => {
    expect(isStillValid(known('token', { keySet }), keySet, 99.9)).toBe(true)
    expect(isStillValid(known('token', { keySet }), keySet, 100)).toBe(false)
    expect(isStillValid(known('token', { keySet }), keySet, 10)).toBe(true)
    expect(isStillValid(known('token', { keySet }), keySet, 9.9)).toBe(false)
    expect(isStillValid(known('token', { keySet }), createKeySet(), 50)).toBe(false)
    expect(isStillValid(known('token', { keySet }), undefined, 50)).toBe(false)
  })

  it('does not treat two absent key sets as the same', () => {
    expect(isStillValid(known('token', { keySet: undefined }), undefined, 50)).toBe(false)
    expect(isStillValid(known('token', { keySet: undefined }), keySet, 50)).toBe(false)
  })
})
