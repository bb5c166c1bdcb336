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
        'clientUserOf() must not be called without a user: the option identify is missing, or the route is public or optional, or in report mode; configure identify, enforce the route, or read request.clientUser, which can be null',
      ),
    )
  })

  it('throws on a route without the plugin, and names the registration', () => {
    expect(() => clientUserOf({ raw: {}, params: {} } as never)).toThrow(
      new TypeError(
        'clientUserOf() must not be called outside of countersign: the plugin is not registered for this route; await app.register(countersign, …) before the routes of its scope',
      ),
    )
  })
  it('refuses another value than the request, and shows the call', () => {
    for (const value of [undefined, null, 'request', {}, { raw: {} }, { clientCert: {} }]) {
      expect(() => clientUserOf(value as never)).toThrow(
        new TypeError('clientUserOf() must get the request of Fastify; write clientUserOf(request)'),
      )
    }
  })
})
