import { describe, expect, it } from 'vitest'
import { locateFailure, quoteFailure } from './quote-failure.ts'

const fail = () => {
  throw new Error('s3cret')
}
const SECRET = 'sk_test_0123456789abcdef'

/** Values whose text cannot be read. */
const UNREADABLE = [
  Object.create(null),
  { toString: fail },
  { toString: () => ({}) },
  Object.defineProperty(new Error('a'), 'message', { get: fail }),
  Object.assign(new Error('a'), { name: Symbol('b'), message: Symbol('c') }),
  new Proxy(new Error('a'), { get: fail, getPrototypeOf: fail }),
]

describe('quoteFailure', () => {
  it('quotes name and message', () => {
    expect(quoteFailure(new TypeError('no route to vpc-1.internal'))).toBe('TypeError: no route to vpc-1.internal')
    expect(quoteFailure(undefined)).toBe('undefined')
    expect(quoteFailure(Symbol('lost'))).toBe('Symbol(lost)')
    expect(quoteFailure(Object.assign(new Error('a'), { message: 7n }))).toBe('Error: 7')
  })

  it.each([
    ['cannot load https://app.example.com/a?token=b now', 'cannot load https://app.example.com/a?… now'],
    ['cannot load https://me:pass@app.example.com/@a', 'cannot load https://…app.example.com/@a'],
    [`invalid header value: Bearer ${SECRET}`, 'invalid header value: Bearer …'],
    [`bad ${'aB3_-.+/='.repeat(8)}, sorry`, 'bad …, sorry'],
    ['no good '.repeat(40), `${'no good '.repeat(25)}…`],
    ['not \x1b[31ma\nname\x9b, but \u{1F600}', 'not ?[31ma?name?, but ??'],
  ])('leaves the secrets of a request out: %j', (message, quoted) => {
    expect(quoteFailure(message)).toBe(quoted)
  })

  it.each(UNREADABLE)('does not fail itself: %#', (thrown) => {
    expect(quoteFailure(thrown)).toBe('a thrown value without a text')
  })
})

describe('locateFailure', () => {
  function findKey() {
    return new SyntaxError(`"${SECRET}\n    at ${SECRET}" is not JSON`)
  }

  it('states the name of the error and the function, and nothing of the message', () => {
    expect(locateFailure(findKey())).toMatch(/^SyntaxError at findKey \(quote-failure\.test\.ts:\d+:\d+\)$/)
    const changed = findKey()
    changed.message = 'another'
    expect(locateFailure(changed)).toMatch(/^SyntaxError at findKey /)
  })

  it.each([
    [undefined, 'a thrown undefined'],
    [SECRET, 'a thrown string'],
    [Symbol(SECRET), 'a thrown symbol'],
    [Object.create(null), 'a thrown object'],
    [Object.assign(new Error(SECRET), { stack: undefined }), 'Error'],
    [Object.assign(new Error(SECRET), { stack: `at a?b=c (${SECRET}:1:2)` }), 'Error'],
    [Object.assign(new Error('a'), { name: SECRET, stack: '' }), '…'],
    [Object.assign(new Error('a'), { name: 'n '.repeat(200), stack: '' }), `${'n '.repeat(100)}…`],
    [Object.assign(new Error('a'), { stack: { split: fail } }), 'Error'],
  ])('states the kind of another value: %#', (thrown, located) => {
    expect(locateFailure(thrown)).toBe(located)
  })

  it('does not fail itself', () => {
    const proxy = new Proxy(new Error('a'), { get: fail, getPrototypeOf: fail })
    const throwing = Object.defineProperty(new Error('a'), 'stack', { get: fail })
    const nameless = Object.assign(new Error('a'), { name: Object.create(null) })
    for (const thrown of [proxy, throwing, nameless]) {
      expect(locateFailure(thrown)).toBe('a thrown value without a text')
    }
  })
})
