import { describe, expect, it } from 'vitest'
import { checkRevocation } from './revocation.ts'

const path = '/etc/ca.crl'
const SOURCE = 'revocation.crl must be a path, a file: or http(s): URL, or a function that returns the bytes'
const REFRESH = 'revocation.refresh must be a number of seconds from 1 to 604800'

describe('checkRevocation', () => {
  it.each([
    path,
    new URL('file:///etc/ca.crl'),
    new URL('http://ca.example/ca.crl'),
    new URL('https://ca.example/ca.crl'),
    async () => Buffer.alloc(0),
  ])('accepts the source %s, and adds the defaults', (crl) => {
    expect(checkRevocation({ crl })).toEqual({ crl, refresh: 3600, onStale: 'refuse' })
  })

  it('accepts the shortest and the longest time between two loads', () => {
    expect(checkRevocation({ crl: path, refresh: 1, onStale: 'accept' })).toEqual({
      crl: path,
      refresh: 1,
      onStale: 'accept',
    })
    expect(checkRevocation({ crl: path, refresh: 604_800 }).refresh).toBe(604_800)
  })

  it.each([
    [{}, SOURCE],
    [{ crl: '' }, SOURCE],
    [{ crl: 5 }, SOURCE],
    [{ crl: new URL('ftp://ca.example/ca.crl') }, SOURCE],
    [{ crl: path, refresh: 0 }, REFRESH],
    [{ crl: path, refresh: 604_801 }, REFRESH],
    [{ crl: path, refresh: 1e9 }, REFRESH],
    [{ crl: path, onStale: 'ignore' }, 'revocation.onStale must be "refuse" or "accept"'],
    [{ crl: path, url: path }, 'revocation: unknown option "url"; known options are crl, refresh, onStale'],
    ['list', 'revocation must be an object'],
  ])('refuses %j', (revocationOptions, message) => {
    expect(() => checkRevocation(revocationOptions)).toThrow(TypeError)
    expect(() => checkRevocation(revocationOptions)).toThrow(new TypeError(message))
  })
})
