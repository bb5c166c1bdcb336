import { describe, expect, it } from 'vitest'
import { refusedWith } from '../../test/support/expect-refusal.ts'
import { compileHosts, requireOwnHost } from './own-host.ts'

describe('compileHosts', () => {
  it.each([
    ['one host', ['app.example.com'], ['app.example.com']],
    ['several hosts', ['app.example.com', 'www.example.com'], ['app.example.com', 'www.example.com']],
    ['text of one host', 'app.example.com', ['app.example.com']],
    ['text with commas', 'app.example.com, www.example.com', ['app.example.com', 'www.example.com']],
    ['another case, which @authority writes in lower case', ['App.Example.com'], ['app.example.com']],
    ['a port', ['localhost:8443'], ['localhost:8443']],
    ['the default port, which @authority omits', ['app.example.com:443'], ['app.example.com']],
    ['an IPv4 address', ['192.0.2.7'], ['192.0.2.7']],
    ['an IPv6 address with a port', ['[2001:DB8::1]:8443'], ['[2001:db8::1]:8443']],
    ['digits, hyphens and underscores', ['a-1_b.example'], ['a-1_b.example']],
    ['a name in other letters, encoded', ['xn--bcher-kva.example'], ['xn--bcher-kva.example']],
  ])('accepts %s', (_, hosts, compiled) => {
    expect([...(compileHosts(hosts) ?? [])]).toEqual(compiled)
  })

  it('accepts null for every host', () => {
    expect(compileHosts(null)).toBeNull()
  })

  it.each([
    ['an empty list', []],
    ['empty text', ''],
    ['a number', 7],
    ['an object', {}],
    ['true', true],
    ['a list with a number', [7]],
    ['a list with an empty name', ['app.example.com', '']],
    ['text with an empty name', 'app.example.com,'],
  ])('refuses %s', (_, hosts) => {
    expect(() => compileHosts(hosts)).toThrow(
      new TypeError(
        'edge.hosts must be a list of this origin\'s host names, such as ["app.example.com"], or null to accept requests for every host',
      ),
    )
  })

  it.each([
    'https://app.example.com',
    'app.example.com/path',
    '*.example.com',
    'app.example.com.',
    '.example.com',
    'app..example.com',
    'app.example.com:',
    'app.example.com:123456',
    'app.example.com:99999',
    '1.2.3.4.5',
    'app example.com',
    ' app.example.com',
    'bücher.example',
    'user@app.example.com',
    '::1',
    '[::1',
  ])('refuses %s, which no request can be for', (host) => {
    expect(() => compileHosts([host])).toThrow(TypeError)
    expect(() => compileHosts([host])).toThrow(
      `edge.hosts: ${JSON.stringify(host)} is not a host name; write a name such as "app.example.com", with its port if it is not 443, without scheme, path, pattern or a dot at the end, and with xn-- for other letters than ASCII`,
    )
  })
})

it.each([
  ['127.1', '127.0.0.1'],
  ['[2001:db8:0:0::1]:8443', '[2001:db8::1]:8443'],
  ['app.example.com:08443', 'app.example.com:8443'],
  ['app.example.com:0443', 'app.example.com'],
])('refuses %s, which a URL writes in another form, and says which', (host, form) => {
  expect(() => compileHosts([host])).toThrow(
    new TypeError(`edge.hosts: no request is for ${JSON.stringify(host)}; write "${form}"`),
  )
})

describe('requireOwnHost', () => {
  const hosts = compileHosts(['app.example.com', 'localhost:8443'])

  it('accepts each own host, and every host without a list', () => {
    expect(() => requireOwnHost('app.example.com', hosts)).not.toThrow()
    expect(() => requireOwnHost('localhost:8443', hosts)).not.toThrow()
    expect(() => requireOwnHost('other.example', null)).not.toThrow()
  })

  it.each(['admin.example.com', 'app.example.com:8443', 'localhost', 'app.example.com.', 'example.com', ''])(
    'refuses "%s", and names both sides',
    (host) => {
      expect(() => requireOwnHost(host, hosts)).toThrow(
        refusedWith(
          'CSN_SIGNATURE_INVALID',
          `the request was signed for the host "${host}", and edge.hosts is app.example.com, localhost:8443`,
        ),
      )
    },
  )

  it('cuts a long host in the reason', () => {
    expect(() => requireOwnHost('a'.repeat(5_000), hosts)).toThrow(
      refusedWith('CSN_SIGNATURE_INVALID', /the host "a{100}", and edge\.hosts is app/),
    )
  })
})
