import { describe, expect, it } from 'vitest'
import { describeError, quoteMessage } from './quote-error.ts'

describe('quoteMessage', () => {
  it('leaves words out that are as long as a token or a key, and cuts the message', () => {
    const quote = (message: string) => quoteMessage(new Error(message))
    expect(quote(`bad ${'aB3_-.+/='.repeat(8)}, sorry`)).toBe('"bad (long text), sorry"')
    expect(quote('a'.repeat(21))).toBe(`"${'a'.repeat(21)}"`)
    expect(quote('a'.repeat(22))).toBe('"(long text)"')
    expect(quote('0123456789abcdef'.repeat(2))).toBe('"(long text)"')
    expect(quote('getaddrinfo ENOTFOUND db-1.internal.acme.example')).toContain('db-1.internal.acme.example')
    expect(quote('no good '.repeat(20))).toMatch(/^"[a-z ]{99}…$/)
  })

  it('leaves the key out that fetch() quotes from a rejected header', () => {
    const authorization = 'Bearer sk_test_0123456789abcdefghijklmn\0'
    let thrown: unknown
    try {
      new Headers({ authorization })
    } catch (error) {
      thrown = error
    }
    expect(quoteMessage(thrown)).toContain('Bearer')
    expect(quoteMessage(thrown)).not.toContain('0123456789abcdef')
  })

  it('writes no message that is not a text', () => {
    const itself: Record<string, unknown> = { password: 'secret' }
    itself['itself'] = itself
    const withMessage = (descriptor: PropertyDescriptor) => Object.defineProperty(new Error(), 'message', descriptor)
    for (const value of [itself, 1n, Symbol('secret'), undefined, ''])
      expect(quoteMessage(withMessage({ value }))).toBe('')
    const get = () => {
      throw new Error('secret')
    }
    expect(quoteMessage(withMessage({ get }))).toBe('')
    for (const thrown of ['secret', null, undefined, { message: 'secret' }]) expect(quoteMessage(thrown)).toBe('')
  })
})

describe('describeError', () => {
  it('returns the name of an error with its message, without a colon if there is none', () => {
    expect(describeError(new RangeError('no "ops"'))).toBe('RangeError: "no \\"ops\\""')
    expect(describeError(new RangeError())).toBe('RangeError')
    for (const other of ['secret', null, Object.assign(new Error(), { name: Symbol('secret') })]) {
      expect(describeError(other)).toBe('a value')
    }
  })
})
