import { describe, expect, it } from 'vitest'
import { findSpiffeId, parseSpiffeId, parseSpiffePath, parseTrustDomain, splitSpiffeId } from './spiffe-id.ts'

/** Texts that are not the SPIFFE ID of a workload, with the rule. */
const INVALID: readonly (readonly [text: string, rule: string])[] = [
  ['SPIFFE://acme.example/pay', 'a SPIFFE ID begins with "spiffe://" in lower case'],
  [' spiffe://acme.example/pay', 'a SPIFFE ID begins with "spiffe://" in lower case'],
  ['spiffe:acme.example/pay', 'a SPIFFE ID begins with "spiffe://" in lower case'],
  ['spiffe:/acme.example/pay', 'a SPIFFE ID begins with "spiffe://" in lower case'],
  ['https://acme.example/pay', 'a SPIFFE ID begins with "spiffe://" in lower case'],
  ['spiffe://acme.example', 'the SPIFFE ID of a workload has a path'],
  ['spiffe://', 'the SPIFFE ID of a workload has a path'],
  ...['', 'Acme.example', 'acme.example:8443', 'acme.example:', 'user@acme.example', '@acme.example'].map(
    (domain) =>
      [`spiffe://${domain}/pay`, 'a trust domain has lower-case letters, digits, ".", "-" and "_" only'] as const,
  ),
  ...['acme%2eexample', '[2001:db8::1]', 'acmé.example', 'acme.example ', 'acme?example', 'acme#example'].map(
    (domain) =>
      [`spiffe://${domain}/pay`, 'a trust domain has lower-case letters, digits, ".", "-" and "_" only'] as const,
  ),
  [`spiffe://${'a'.repeat(256)}/pay`, 'a trust domain has at most 255 characters'],
  ...['/', '//pay', '/ns//pay', '/pay/', '/ns/pay//'].map(
    (path) =>
      [`spiffe://acme.example${path}`, 'the path of a SPIFFE ID has an empty segment, or ends with "/"'] as const,
  ),
  ...['/.', '/..', '/ns/../pay', '/ns/./pay', '/ns/..'].map(
    (path) => [`spiffe://acme.example${path}`, 'the path of a SPIFFE ID has a dot segment'] as const,
  ),
  ...['/pay?x=1', '/pay#x', '/p%61y', '/pay ', '/päy', '/pay\\x', '/pay;x', '/pay*', '/pay:x', '/pay\n', '/pa~y'].map(
    (path) =>
      [
        `spiffe://acme.example${path}`,
        'the path of a SPIFFE ID has letters, digits, ".", "-", "_" and "/" only, without escapes',
      ] as const,
  ),
]

describe('parseSpiffeId', () => {
  it.each([
    ['spiffe://acme.example/pay', 'acme.example', '/pay'],
    ['spiffe://acme.example/ns/prod/sa/pay-1', 'acme.example', '/ns/prod/sa/pay-1'],
    ['spiffe://192.0.2.1/A_b.c-9', '192.0.2.1', '/A_b.c-9'],
    ['spiffe://a_b-c.1/...', 'a_b-c.1', '/...'],
    ['spiffe://./.a', '.', '/.a'],
    [`spiffe://${'a'.repeat(255)}/pay`, 'a'.repeat(255), '/pay'],
  ])('parses %s', (text, trustDomain, path) => {
    expect(parseSpiffeId(text)).toEqual({ trustDomain, path })
    expect(splitSpiffeId(text)).toEqual({ trustDomain, path })
  })

  it.each(INVALID)('throws SyntaxError for %j', (text, rule) => {
    expect(() => parseSpiffeId(text)).toThrow(new SyntaxError(rule))
  })

  it('parses 2048 characters, and throws SyntaxError for more', () => {
    const text = 'spiffe://acme.example/'.padEnd(2048, 'a')
    expect(parseSpiffeId(text).path).toHaveLength(2048 - 'spiffe://acme.example'.length)
    expect(() => parseSpiffeId(`${text}a`)).toThrow(new SyntaxError('a SPIFFE ID has at most 2048 characters'))
  })
})

describe('findSpiffeId', () => {
  const find = (uri: string[], unread: ('uri' | 'dns')[] = []) =>
    findSpiffeId({ dns: [], email: [], uri, ip: [], upn: [], unread })
  const ID = 'spiffe://acme.example/pay'

  it('finds the only URI', () => {
    expect(find([ID])).toEqual({ trustDomain: 'acme.example', path: '/pay' })
    expect(find([ID], ['dns'])).toBeDefined()
  })

  it.each([
    [[]],
    [['https://acme.example/pay']],
    [['a:b', 'c:d']],
    [['spiffe.example:x']],
    [['xspiffe://acme.example/pay']],
  ])('finds none in %j', (uris) => {
    expect(find(uris)).toBeUndefined()
  })

  it.each([[[ID, 'https://acme.example/pay']], [['https://acme.example/pay', ID]], [[ID, ID]], [['a:b', 'SPIFFE:x']]])(
    'throws SyntaxError for several: %j',
    (uris) => {
      expect(() => find(uris)).toThrow(
        new SyntaxError('the certificate has 2 URIs, and a SPIFFE ID must be the only one'),
      )
    },
  )

  it('throws SyntaxError next to a URI that cannot be read', () => {
    expect(() => find([ID], ['uri'])).toThrow(new SyntaxError('a URI of the certificate cannot be read'))
    expect(() => find([], ['uri'])).toThrow(new SyntaxError('a URI of the certificate cannot be read'))
  })

  it.each(['SPIFFE://acme.example/pay', ' spiffe://acme.example/pay', '\tspiffe :x', 'spiffe:'])(
    'throws SyntaxError for %j, which another reader could take for one',
    (uri) => {
      expect(() => find([uri])).toThrow(new SyntaxError('a SPIFFE ID begins with "spiffe://" in lower case'))
    },
  )
})

describe('parseTrustDomain', () => {
  it.each(['acme.example', 'a', '192.0.2.1', 'a_b-c.1'])('reads %s', (text) => {
    expect(parseTrustDomain(text)).toBe(text)
  })

  it.each([
    ['Acme.example', 'acme.example'],
    ['acme.example.', 'acme.example'],
    ['spiffe://acme.example', 'acme.example'],
    ['SPIFFE://Acme.example/ns/prod', 'acme.example'],
    ['//acme.example', 'acme.example'],
  ])('throws SyntaxError for %s with the trust domain', (text, domain) => {
    expect(() => parseTrustDomain(text)).toThrow(new SyntaxError(`not a trust domain; write "${domain}"`))
  })

  it.each(['acme example', 'acme.example:8443', 'acme.example/pay', 'spiffe://', '.', ' acme.example', 'acmé'])(
    'throws SyntaxError for %j',
    (text) => {
      const rule = 'a trust domain has lower-case letters, digits, ".", "-" and "_" only'
      if (text === '.') expect(parseTrustDomain(text)).toBe('.')
      else expect(() => parseTrustDomain(text)).toThrow(new SyntaxError(rule))
    },
  )

  it('throws SyntaxError for more than 255 characters', () => {
    expect(parseTrustDomain('a'.repeat(255))).toHaveLength(255)
    expect(() => parseTrustDomain('a'.repeat(256))).toThrow(
      new SyntaxError('a trust domain has at most 255 characters'),
    )
  })
})

describe('parseSpiffePath', () => {
  it.each(['/ns', '/ns/prod/sa/pay-1', '/A_b.c', '/...'])('reads %s', (text) => {
    expect(parseSpiffePath(text)).toBe(text)
  })

  it.each([
    ['ns/prod', '/ns/prod'],
    ['/ns/prod/', '/ns/prod'],
    ['/ns/prod/*', '/ns/prod'],
    ['/ns/prod/**', '/ns/prod'],
    ['//ns/prod', '/ns/prod'],
  ])('throws SyntaxError for %s with the path', (text, path) => {
    expect(() => parseSpiffePath(text)).toThrow(
      new SyntaxError(`not a path of a SPIFFE ID; write "${path}", which covers the paths below it too`),
    )
  })

  it('throws SyntaxError for the root, below which every path is', () => {
    expect(() => parseSpiffePath('/')).toThrow(
      new SyntaxError('every path begins with "/"; remove path to accept all of them'),
    )
  })

  it.each(['/ns/../prod', '/ns//prod', '/ns/prod*', '/ns/%70rod', '/ns/prod?x', 'spiffe://acme.example/ns'])(
    'throws SyntaxError for %s',
    (text) => {
      expect(() => parseSpiffePath(text)).toThrow(SyntaxError)
    },
  )
})
