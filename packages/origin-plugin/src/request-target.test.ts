import { describe, expect, it } from 'vitest'
import { refusedWith } from '../test/support/expect-refusal.ts'
import { type ReceivedRequest, requestTarget } from './request-target.ts'

/** A request as Node's parser leaves it. */
function received(originalUrl: string, raw: Partial<ReceivedRequest['raw']> = {}): ReceivedRequest {
  const usual = { method: 'GET', httpVersionMajor: 1, headers: { host: 'origin.example' }, rawHeaders: [] }
  return { originalUrl, raw: { ...usual, ...raw } }
}

const authorityOf = (raw: Partial<ReceivedRequest['raw']>) => requestTarget(received('/', raw)).authority
const unprintable = refusedWith('CSN_SIGNATURE_INVALID', 'the request target is not printable ASCII')

describe('requestTarget', () => {
  it('reads the method, the path and the query', () => {
    expect(requestTarget(received('/a/b%20c?d=e&d=f', { method: 'POST' }))).toEqual({
      authority: 'origin.example',
      method: 'POST',
      path: '/a/b%20c',
      query: '?d=e&d=f',
    })
  })

  it('has the query "?" for a target without one', () => {
    expect(requestTarget(received('/a'))).toMatchObject({ path: '/a', query: '?' })
  })

  it('has an empty method for a request without one', () => {
    expect(requestTarget({ originalUrl: '/', raw: { httpVersionMajor: 1, headers: {}, rawHeaders: [] } })).toEqual({
      authority: '',
      method: '',
      path: '/',
      query: '?',
    })
  })
})

describe('the authority', () => {
  it.each([
    ['origin.example', 'origin.example'],
    ['ORIGIN.Example', 'origin.example'],
    ['origin.example:443', 'origin.example'],
    ['ORIGIN.example:443', 'origin.example'],
    ['[::1]:443', '[::1]'],
    ['origin.example:8443', 'origin.example:8443'],
    ['origin.example:4430', 'origin.example:4430'],
    ['origin.example:80', 'origin.example:80'],
    ['origin.example443', 'origin.example443'],
  ])('of the host %s is %s', (host, authority) => {
    expect(authorityOf({ headers: { host } })).toBe(authority)
    expect(authorityOf({ httpVersionMajor: 2, headers: { ':authority': host } })).toBe(authority)
  })

  it('of HTTP/2 is the pseudo-header, also beside a Host header', () => {
    const headers = { ':authority': 'pseudo.example', host: 'host.example' }
    expect(authorityOf({ httpVersionMajor: 2, headers })).toBe('pseudo.example')
  })

  it('of HTTP/2 without the pseudo-header is the Host header', () => {
    expect(authorityOf({ httpVersionMajor: 2, headers: { host: 'host.example' } })).toBe('host.example')
  })

  it('of HTTP/1.1 ignores a header that has the name of the pseudo-header', () => {
    const headers = { ':authority': 'pseudo.example', host: 'host.example' }
    expect(authorityOf({ httpVersionMajor: 1, headers })).toBe('host.example')
  })

  it('is empty without both headers', () => {
    for (const httpVersionMajor of [1, 2]) expect(authorityOf({ httpVersionMajor, headers: {} })).toBe('')
  })
})

describe('a character outside visible ASCII', () => {
  const outside = [0x00, 0x09, 0x0a, 0x1f, 0x20, 0x7f, 0x80, 0xff, 0x12f, 0x212a]

  it.each(outside.map((code) => [code.toString(16).padStart(2, '0'), String.fromCharCode(code)]))(
    'is refused in the target, at its beginning, middle and end: 0x%s',
    (_code, letter) => {
      for (const url of [`${letter}/ab`, `/a${letter}b`, `/ab${letter}`]) {
        expect(() => requestTarget(received(url)), JSON.stringify(url)).toThrow(unprintable)
      }
    },
  )

  // 0x212A is the Kelvin sign, which becomes the letter k in lower case.
  it.each(outside.filter((code) => code !== 0x212a).map((code) => [code.toString(16), String.fromCharCode(code)]))(
    'is refused in the authority: 0x%s',
    (_code, letter) => {
      for (const host of [`${letter}a.example`, `a${letter}.example`, `a.example${letter}`]) {
        expect(() => requestTarget(received('/', { headers: { host } })), JSON.stringify(host)).toThrow(unprintable)
      }
    },
  )

  it('is refused in the query', () => {
    for (const url of ['/a?b c', '/a?\x7f', '/a?b=\xeb']) {
      expect(() => requestTarget(received(url)), JSON.stringify(url)).toThrow(unprintable)
    }
  })
})

it('accepts every visible ASCII character, from 0x21 to 0x7e', () => {
  const visible = Array.from({ length: 0x7e - 0x21 + 1 }, (_, at) => String.fromCharCode(0x21 + at))
  for (const letter of visible) {
    expect(requestTarget(received(`/?${letter}`, { headers: { host: `a${letter}` } }))).toEqual({
      authority: `a${letter}`.toLowerCase(),
      method: 'GET',
      path: '/',
      query: `?${letter}`,
    })
  }
})
