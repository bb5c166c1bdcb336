import { describe, expect, it, vi } from 'vitest'
import { deepFreeze } from './deep-freeze.ts'

describe('deepFreeze', () => {
  it('freezes an object with everything in it, and returns the same object', () => {
    const claims = { aud: ['a'], custom: { groups: [{ name: 'ops' }] } }
    expect(deepFreeze(claims)).toBe(claims)
    expect(() => claims.aud.push('b')).toThrow(TypeError)
    expect(() => Object.assign(claims, { email: 'eve@acme.example' })).toThrow(TypeError)
    expect(() => Object.assign(claims.custom.groups[0] as object, { name: 'root' })).toThrow(TypeError)
    expect(claims).toEqual({ aud: ['a'], custom: { groups: [{ name: 'ops' }] } })
  })

  it('freezes a list with everything in it', () => {
    const list = deepFreeze([{ name: 'one' }, [{ name: 'two' }]])
    for (const each of [list, list[0], list[1], (list[1] as object[])[0]]) expect(Object.isFrozen(each)).toBe(true)
  })

  it('freezes objects on either side of a value that needs no freezing', () => {
    const value = deepFreeze({ none: null, unset: undefined, text: 'text', number: 1, last: { name: 'last' } })
    expect(Object.isFrozen(value)).toBe(true)
    expect(Object.isFrozen(value.last)).toBe(true)
  })

  it.each([null, undefined, '', 'text', 0, 1n, true, Symbol.iterator])('returns %s as it is', (value) => {
    expect(deepFreeze(value)).toBe(value)
  })

  it('does not freeze a function', () => {
    const call = Object.assign(() => true, { count: { calls: 0 } })
    expect(deepFreeze({ call }).call).toBe(call)
    expect(Object.isFrozen(call)).toBe(false)
    expect(Object.isFrozen(call.count)).toBe(false)
  })

  it('leaves bytes as they are', () => {
    const value = deepFreeze({
      der: Buffer.from([1, 2]),
      raw: new Uint8Array([3]),
      view: new DataView(new ArrayBuffer(1)),
    })
    value.der[0] = 9
    expect([...value.der]).toEqual([9, 2])
    for (const bytes of [value.der, value.raw, value.view]) expect(Object.isFrozen(bytes)).toBe(false)
    expect(Object.isFrozen(value)).toBe(true)
  })

  it('ends at an object that contains itself', () => {
    const value: { self?: unknown; name: { first: string } } = { name: { first: 'Jane' } }
    value.self = value
    deepFreeze(value)
    expect(Object.isFrozen(value)).toBe(true)
    expect(Object.isFrozen(value.name)).toBe(true)
  })

  it('does not read a frozen object again', () => {
    const read = vi.fn(() => ({}))
    const frozen = Object.freeze(Object.defineProperty({}, 'subject', { enumerable: true, get: read }))
    deepFreeze({ frozen })
    expect(read).not.toHaveBeenCalled()
  })
})
