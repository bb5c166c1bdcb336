import { createTestTeam, type TestTeam } from '@countersign/test-support/access-team'
import { CompactSign, createLocalJWKSet, exportJWK, generateKeyPair, type JWTVerifyGetKey } from 'jose'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { refusalOf, refusedWith } from '../../test/support/expect-refusal.ts'
import { createKeySet, type KeySet } from './key-set.ts'
import { verifyJws } from './verify-jws.ts'

let access: TestTeam
let otherTeam: TestTeam

beforeAll(async () => {
  access = await createTestTeam()
  // The same key id, and another key.
  otherTeam = await createTestTeam()
})

/** The keys of a team before the first look-up, with the number of look-ups. */
function freshKeys({ jwks }: TestTeam = access) {
  const find = vi.fn<JWTVerifyGetKey>(createLocalJWKSet(jwks))
  const keySet = createKeySet()
  return { find, keys: find, keySet: (): KeySet | undefined => keySet }
}

const doesNotVerify = refusedWith('CSN_ACCESS_TOKEN_INVALID', 'the signature of the token does not verify')

describe('verifyJws', () => {
  it('finds the key the first time that a header asks for it, and then verifies at once', async () => {
    const team = freshKeys()
    const first = verifyJws(await access.token(), team)
    expect(first).toBeInstanceOf(Promise)
    expect((await first).header).toMatchObject({ alg: 'RS256', kid: 'access-1' })
    const second = verifyJws(await access.token({ email: 'joe@acme.example' }), team)
    expect(second).toMatchObject({ header: { kid: 'access-1' }, payload: { email: 'joe@acme.example' } })
    expect(team.find).toHaveBeenCalledTimes(1)
  })

  it('has the same reason for a token of another form, whether or not its header is known', async () => {
    const team = freshKeys()
    const token = await access.token()
    const forms = [
      `${token}=`,
      `${token}.`,
      `${token}.AAAA`,
      token.replace('.', '..'),
      token.slice(0, token.lastIndexOf('.')),
    ]
    const reasonOf = async (form: string, of = team) =>
      (
        await Promise.resolve()
          .then(() => verifyJws(form, of))
          .catch((error) => error)
      ).reason
    const unknown = await Promise.all(forms.map((form) => reasonOf(form, freshKeys())))
    await verifyJws(token, team)
    expect(await Promise.all(forms.map((form) => reasonOf(form)))).toEqual(unknown)
    expect(new Set(unknown)).toEqual(new Set(['the header of the token is not JSON']))
  })

  it('verifies the signature also when the key is known', async () => {
    const team = freshKeys()
    await verifyJws(await access.token(), team)
    const foreign = await otherTeam.token()
    const { reason } = refusalOf(() => void verifyJws(foreign, team))
    expect(reason).toBe('the signature of the token does not verify')
  })

  it('remembers nothing of a token that does not verify', async () => {
    const team = freshKeys()
    for (let time = 1; time <= 2; time += 1) {
      await expect(verifyJws(await otherTeam.token(), team)).rejects.toThrow(doesNotVerify)
      expect(team.find).toHaveBeenCalledTimes(time)
    }
  })

  it('forgets a key with the keys that it was one of', async () => {
    const token = await access.token()
    await verifyJws(token, freshKeys())
    const exchanged = freshKeys(otherTeam)
    await expect(verifyJws(token, exchanged)).rejects.toThrow(doesNotVerify)
    expect(exchanged.find).toHaveBeenCalledTimes(1)
  })

  it('remembers no key of keys that were exchanged while it was looked for', async () => {
    const [before, after] = [createKeySet(), createKeySet()]
    let current = before
    const { keys } = freshKeys()
    const exchanged: JWTVerifyGetKey = (header, token) => {
      current = after
      return keys(header, token)
    }
    await verifyJws(await access.token(), { keys: exchanged, keySet: () => current })
    for (const set of [before, after]) {
      const again = verifyJws(await access.token(), { keys, keySet: () => set })
      expect(again).toBeInstanceOf(Promise)
      await again
    }
  })

  it('remembers nothing without keys', async () => {
    const team = { ...freshKeys(), keySet: () => undefined }
    await verifyJws(await access.token(), team)
    await verifyJws(await access.token(), team)
    expect(team.find).toHaveBeenCalledTimes(2)
  })

  it('remembers a few headers only, with any contents', async () => {
    const team = freshKeys()
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, n) => access.token({}, { n })))
    for (const token of [...tokens, ...tokens]) await verifyJws(token, team)
    expect(team.find).toHaveBeenCalledTimes(20 + 12)
  })

  it('tries each of several keys that the team lists under one kid', async () => {
    const both = { jwks: { keys: [...otherTeam.jwks.keys, ...access.jwks.keys] } } as TestTeam
    const team = freshKeys(both)
    for (const signer of [access, otherTeam]) {
      expect(await verifyJws(await signer.token(), team)).toMatchObject({ payload: { email: 'jane@acme.example' } })
    }
    const stranger = await createTestTeam()
    await expect(verifyJws(await stranger.token(), freshKeys(both))).rejects.toThrow(doesNotVerify)
  })

  it('tries four keys of one kid, and not five', async () => {
    const others = await Promise.all([1, 2, 3].map(() => createTestTeam()))
    const listed = [...others, access].flatMap(({ jwks }) => jwks.keys)
    const token = await access.token()
    await expect(verifyJws(token, freshKeys({ jwks: { keys: listed } } as TestTeam))).resolves.toBeDefined()
    const more = { jwks: { keys: [...otherTeam.jwks.keys, ...listed] } } as TestTeam
    await expect(verifyJws(token, freshKeys(more))).rejects.toThrow(
      refusedWith('CSN_ACCESS_TOKEN_INVALID', 'the kid "access-1" of the token is that of several keys'),
    )
  })

  it('refuses several keys of one kid if one of them is too short', async () => {
    const short = { ...access.jwks.keys[0], kty: 'RSA', n: Buffer.alloc(128, 0xc1).toString('base64url') }
    const team = freshKeys({ jwks: { keys: [...access.jwks.keys, short] } } as TestTeam)
    await expect(verifyJws(await access.token(), team)).rejects.toThrow(
      refusedWith('CSN_ACCESS_KEYS_UNAVAILABLE', 'RS256 requires an RSA key of 2048 bits or more'),
    )
  })

  it.each([
    ['rubbish', 'the payload of the token is not JSON'],
    ['[]', 'the payload of the token is not a JSON object'],
  ])('refuses the payload %s under a valid signature', async (payload, reason) => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
    const token = await new CompactSign(Buffer.from(payload)).setProtectedHeader({ alg: 'RS256' }).sign(privateKey)
    const keys = createLocalJWKSet({ keys: [await exportJWK(publicKey)] })
    await expect(verifyJws(token, { keys, keySet: () => undefined })).rejects.toThrow(
      refusedWith('CSN_ACCESS_TOKEN_INVALID', reason),
    )
  })
})
