import { describe, expect, it } from 'vitest'
import { clientUserOf, type IdentifiedRequest } from './client-user.ts'

describe('clientUserOf', () => {
  it('gives the user itself', () => {
    const clientUser = { id: 'jane' }
    expect(clientUserOf({ clientUser })).toBe(clientUser)
  })

  it('throws where there is none', () => {
    expect(() => clientUserOf({ clientUser: null })).toThrow(
      new TypeError(
        'clientUserOf() must not be called without a user: the option identify is missing, or the route is public or optional, or in report mode; configure identify, enforce the route, or read request.clientUser, which can be null',
      ),
    )
  })

  it('throws on a route without the plugin, and names the registration', () => {
    expect(() => clientUserOf({} as IdentifiedRequest)).toThrow(
      new TypeError(
        'clientUserOf() must not be called outside of countersign: the plugin is not registered for this route; await app.register(countersign, …) before the routes of its scope',
      ),
    )
  })
})
