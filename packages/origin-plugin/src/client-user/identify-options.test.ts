import { describe, expect, it } from 'vitest'
import { checkIdentify } from './identify-options.ts'

const user = () => null

const WRITE = 'write identify: async (clientCert, access) => user, with null for an unknown client'

describe('checkIdentify', () => {
  it('takes a function, with the default limits', () => {
    expect(checkIdentify(user)).toEqual({ user, maxAge: 60, maxUsers: 10_000, timeout: 2_000 })
    expect(checkIdentify({ user })).toEqual(checkIdentify(user))
  })

  it('takes limits up to their bounds', () => {
    const low = { user, maxAge: 0, maxUsers: 1, timeout: 1 }
    const high = { user, maxAge: 3600, maxUsers: 1_000_000, timeout: 60_000 }
    expect([checkIdentify(low), checkIdentify(high)]).toEqual([low, high])
  })

  it.each<[unknown, string]>([
    [null, `identify must be a function, or an object such as { user, maxAge }; ${WRITE}`],
    [true, `identify must be a function, or an object such as { user, maxAge }; ${WRITE}`],
    ['jane', `identify must be a function, or an object such as { user, maxAge }; ${WRITE}`],
    [[user], 'identify must be an object'],
    [{}, `identify.user must be a function; ${WRITE}`],
    [{ user: null }, `identify.user must be a function; ${WRITE}`],
    [{ user: undefined }, 'identify: option "user" is undefined; set a value or remove it'],
    [{ user, maxage: 1 }, 'identify: unknown option "maxage"; known options are user, maxAge, maxUsers, timeout'],
    [{ user, maxAge: undefined }, 'identify: option "maxAge" is undefined; set a value or remove it'],
    [{ user, maxAge: -1 }, 'identify.maxAge must be a number of seconds from 0 to 3600'],
    [{ user, maxAge: 3601 }, 'identify.maxAge must be a number of seconds from 0 to 3600'],
    [{ user, maxAge: '60' }, 'identify.maxAge must be a number of seconds from 0 to 3600'],
    [{ user, maxUsers: 0 }, 'identify.maxUsers must be a number of users from 1 to 1000000'],
    [{ user, maxUsers: 1_000_001 }, 'identify.maxUsers must be a number of users from 1 to 1000000'],
    [{ user, timeout: 0 }, 'identify.timeout must be a number of milliseconds from 1 to 60000'],
    [{ user, timeout: 60_001 }, 'identify.timeout must be a number of milliseconds from 1 to 60000'],
  ])('refuses %o', (given, message) => {
    expect(() => checkIdentify(given)).toThrow(new TypeError(message))
  })
})
