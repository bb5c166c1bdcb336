import { describe, expect, it } from 'vitest'
import { refusedWith } from '../test/support/expect-refusal.ts'
import { type ReceivedRequest, requestTarget, withoutDefaultPort } from './request-target.ts'

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

const refusedHost = (reason: string) => refusedWith('CSN_SIGNATURE_INVALID', reason)

describe('the authority', () => {
  it.each(['origin.example', '[::1]', 'origin.example:8443', 'origin.example:4430', 'origin.example443'])(
    'of the host %s is the same',
    (host) => {
      expect(authorityOf({ headers: { host } })).toBe(host)
      expect(authorityOf({ httpVersionMajor: 2, headers: { ':authority': host } })).toBe(host)
    },
  )

  it.each([
    ['ORIGIN.Example', 'origin.example'],
    ['origin.example:443', 'origin.example'],
    ['ORIGIN.example:443', 'origin.example'],
    ['[::1]:443', '[::1]'],
  ])('of the spelling %s is refused: the router reads it as another host', (host, authority) => {
    const refusal = refusedHost(`the host is spelt "${host}", and the edge spells it "${authority}"`)
    expect(() => authorityOf({ headers: { host } })).toThrow(refusal)
    expect(() => authorityOf({ httpVersionMajor: 2, headers: { ':authority': host } })).toThrow(refusal)
  })

  it('of HTTP/2 is the pseudo-header, also beside an equal Host header', () => {
    const headers = { ':authority': 'same.example', host: 'same.example' }
    expect(authorityOf({ httpVersionMajor: 2, headers })).toBe('same.example')
  })

  it('of HTTP/2 with another Host header is refused', () => {
    const headers = { ':authority': 'pseudo.example', host: `${'h'.repeat(100)}ost.example` }
    expect(() => authorityOf({ httpVersionMajor: 2, headers })).toThrow(
      refusedHost(`:authority is "pseudo.example", and host is "${'h'.repeat(100)}"`),
    )
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

  it('is refused if the Host line is repeated, in any case', () => {
    const headers = { host: 'host.example' }
    for (const second of ['Host', 'host', 'HOST']) {
      const rawHeaders = ['Host', 'host.example', 'Accept', '*/*', second, 'host.example']
      expect(() => authorityOf({ headers, rawHeaders })).toThrow(refusedHost('host is repeated'))
    }
  })

  it('is accepted beside names that only look like Host, and values that are', () => {
    const headers = { host: 'host.example' }
    const rawHeaders = ['Host', 'host.example', 'hosts', 'a', 'Hos', 'b', 'Post', 'c', 'x', 'host', 'y', 'host']
    expect(authorityOf({ headers, rawHeaders })).toBe('host.example')
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
    const host = `a${letter}`.toLowerCase()
    expect(requestTarget(received(`/?${letter}`, { headers: { host } }))).toEqual({
      authority: host,
      method: 'GET',
      path: '/',
      query: `?${letter}`,
    })
  }
})

describe('withoutDefaultPort', () => {
  it.each([
    ['app.example.com:443', 'app.example.com'],
    ['[::1]:443', '[::1]'],
    ['app.example.com', 'app.example.com'],
    ['app.example.com:8443', 'app.example.com:8443'],
    ['app.example.com:4430', 'app.example.com:4430'],
    ['app.example443', 'app.example443'],
  ])('of %s is %s', (authority, shortened) => {
    expect(withoutDefaultPort(authority)).toBe(shortened)
  })
})
