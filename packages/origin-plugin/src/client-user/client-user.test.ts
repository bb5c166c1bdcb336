import { describe, expect, it } from 'vitest'
import { clientUserOf } from './client-user.ts'

describe('clientUserOf', () => {
  it('gives the user itself', () => {
    const clientUser = { id: 'jane' }
    expect(clientUserOf({ clientUser })).toBe(clientUser)
  })

  it('throws where there is none', () => {
    expect(() => clientUserOf({ clientUser: null })).toThrow(
      new TypeError(
        'clientUserOf() must not be called without a user: the option identify is missing, or the route is public or optional; configure identify, or read request.clientUser, which can be null',
      ),
    )
  })
})
