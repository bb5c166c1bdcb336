import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { frozenCopy } from './frozen-copy.ts'

describe('frozenCopy', () => {
  it('copies plain data, and freezes all of it', () => {
    const given = { id: 7n, name: 'Jane', roles: ['ops', { of: null }], active: true, left: undefined, at: Number.NaN }
    const copy = frozenCopy(given, 'user')
    expect(copy).toEqual(given)
    expect(copy).not.toBe(given)
    expect([copy, copy.roles, copy.roles[1]].map(Object.isFrozen)).toEqual([true, true, true])
    given.roles.push('admin')
    given.name = 'Joe'
    expect(copy).toMatchObject({ name: 'Jane', roles: ['ops', { of: null }] })
    expect(() => copy.roles.push('admin')).toThrow(TypeError)
    expect(Object.isFrozen(given)).toBe(false)
  })

  it('takes objects without a prototype, of another realm and from JSON, and one object in two places', () => {
    const shared = { a: 1 }
    expect(frozenCopy({ one: shared, two: [shared] }, 'user')).toEqual({ one: { a: 1 }, two: [{ a: 1 }] })
    expect(frozenCopy(Object.assign(Object.create(null), { a: 1 }), 'user')).toEqual({ a: 1 })
    expect(frozenCopy(runInNewContext('({ a: [{ b: 1 }] })'), 'user')).toEqual({ a: [{ b: 1 }] })
    const polluting = frozenCopy(JSON.parse('{"__proto__": {"admin": true}}'), 'user')
    expect(Object.keys(polluting)).toEqual(['__proto__'])
    expect(polluting.admin).toBeUndefined()
  })

  it('reads a getter once', () => {
    let reads = 0
    const copy = frozenCopy(
      {
        get name() {
          reads += 1
          return `Jane ${reads}`
        },
      },
      'user',
    )
    expect([copy.name, copy.name, reads]).toEqual(['Jane 1', 'Jane 1', 1])
  })

  it.each<[string, unknown]>([
    ['user.since is an instance of Date; return the text of its toISOString()', { since: new Date() }],
    ['user.rights is an instance of Map; return the object of Object.fromEntries()', { rights: new Map() }],
    ['user.roles is an instance of Set; return a list, [...set]', { roles: new Set(['ops']) }],
    ['user.key is an instance of Buffer; return plain data', { key: Buffer.from('a') }],
    ['user.team.save is a function; return plain data', { team: { save() {} } }],
    ['user.teams[1] is a symbol; return plain data', { teams: [1, Symbol('a')] }],
    ['user is an instance of User; return plain data', new (class User {})()],
    ['user is an instance of a class; return plain data', new (class {})()],
    ['user is a function; return plain data', () => {}],
  ])('refuses that %s', (fault, given) => {
    expect(() => frozenCopy(given, 'user')).toThrow(new TypeError(fault))
  })

  it('refuses an object that contains itself', () => {
    const loop: { inner: unknown[] } = { inner: [] }
    loop.inner.push(loop)
    expect(() => frozenCopy(loop, 'user')).toThrow(new TypeError('user.inner[0] contains itself'))
  })
})
