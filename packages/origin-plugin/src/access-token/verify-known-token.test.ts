import { describe, expect, it } from 'vitest'
import { createKeySet, type KeySet } from './key-set.ts'
import type { KnownToken } from './token-cache.ts'
import { isStillValid } from './verify-known-token.ts'

const known = (token: string, { keySet }: { keySet: KeySet | undefined }): KnownToken => ({
  token,
  keySet,
  expires: 100,
  identity: { kind: 'user', email: 'jane@acme.example', sub: undefined, claims: {} },
})

describe('isStillValid', () => {
  const keySet = createKeySet()

  it('requires the same key set, until the token expires', () => {
    expect(isStillValid(known('token', { keySet }), keySet, 99.9)).toBe(true)
    expect(isStillValid(known('token', { keySet }), keySet, 100)).toBe(false)
    expect(isStillValid(known('token', { keySet }), createKeySet(), 50)).toBe(false)
    expect(isStillValid(known('token', { keySet }), undefined, 50)).toBe(false)
  })

  it('does not treat two absent key sets as the same', () => {
    expect(isStillValid(known('token', { keySet: undefined }), undefined, 50)).toBe(false)
    expect(isStillValid(known('token', { keySet: undefined }), keySet, 50)).toBe(false)
  })
})
