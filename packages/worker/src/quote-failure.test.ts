import { describe, expect, it } from 'vitest'
import { quoteFailure } from './quote-failure.ts'

describe('quoteFailure', () => {
  it('quotes name and message', () => {
    expect(quoteFailure(new TypeError('no route to vpc-1.internal'))).toBe('TypeError: no route to vpc-1.internal')
    expect(quoteFailure(undefined)).toBe('undefined')
    expect(quoteFailure(Symbol('lost'))).toBe('Symbol(lost)')
  })

  it.each([
    ['cannot load https://app.example.com/a?token=b now', 'cannot load https://app.example.com/a?… now'],
    ['invalid header value: Bearer sk_test_0123456789abcdef', 'invalid header value: Bearer …'],
    [`bad ${'aB3_-.+/='.repeat(8)}, sorry`, 'bad …, sorry'],
    ['no good '.repeat(40), 'no good '.repeat(25)],
  ])('leaves the secrets of a request out: %s', (message, quoted) => {
    expect(quoteFailure(message)).toBe(quoted)
  })

  it('does not fail itself', () => {
    const without = Object.create(null)
    const failing = {
      toString() {
        throw new Error('secret')
      },
    }
    for (const thrown of [without, failing]) expect(quoteFailure(thrown)).toBe('no text')
  })
})
