import { describe, expect, it } from 'vitest'
import { foldUri, normalizeUri, parseUri } from './uri.ts'

describe('normalizeUri', () => {
  it.each([
    ['SPIFFE://Acme.Example/Pay?Q=A#F', 'spiffe://acme.example/Pay?Q=A#F'],
    ['https://User@Acme.example.:8443/', 'https://User@acme.example:8443/'],
    ['https://[2001:DB8::1]:443/A', 'https://[2001:db8::1]:443/A'],
    ['URN:UUID:F81D4FAE', 'urn:UUID:F81D4FAE'],
    ['https://bücher.example/ü', 'https://xn--bcher-kva.example/%C3%BC'],
    ['https://acme.example', 'https://acme.example'],
    ['https://acme.example?A', 'https://acme.example?A'],
    ['file:///etc/A', 'file:///etc/A'],
    // These are not URIs, and stay as they are.
    ['//Acme/pay', '//Acme/pay'],
    ['Spiffe://Acme/a b', 'Spiffe://Acme/a b'],
    ['Spiffe://Acme:x/a', 'Spiffe://Acme:x/a'],
    ['', ''],
  ])('writes %j as %j', (text, uri) => {
    expect(normalizeUri(text)).toBe(uri)
  })
})

describe('parseUri', () => {
  it('reads a URI in its one spelling', () => {
    expect(parseUri('SPIFFE://Acme/Pay')).toBe('spiffe://acme/Pay')
    expect(parseUri('urn:uuid:1')).toBe('urn:uuid:1')
    expect(parseUri('uri:a')).toBe('uri:a')
  })

  it.each(['URI:spiffe://acme/pay', 'uri:spiffe://acme/pay'])('refuses %s, with the label of OpenSSL', (text) => {
    expect(() => parseUri(text)).toThrow(new SyntaxError('a URI with a label; write "spiffe://acme/pay"'))
  })

  it.each([
    '',
    '/pay',
    '//acme/pay',
    'acme.example',
    ' spiffe://acme/pay',
    'spiffe://acme/pay\n',
    'a:b c',
    '1a:b',
    'a:\ud800',
  ])('refuses %j', (text) => {
    expect(() => parseUri(text)).toThrow(
      new SyntaxError('not a URI; write it with its scheme, such as "spiffe://acme.example/pay"'),
    )
  })
})

describe('foldUri', () => {
  it.each([
    ['spiffe://acme/p%61y', 'spiffe://acme/pay'],
    ['spiffe://acme/%2fpay', 'spiffe://acme/%2Fpay'],
    ['spiffe://acme/./pay', 'spiffe://acme/pay'],
    ['spiffe://acme/x/../pay', 'spiffe://acme/pay'],
    ['spiffe://acme/../pay', 'spiffe://acme/pay'],
    ['spiffe://acme/x/%2E%2E/pay', 'spiffe://acme/pay'],
    ['spiffe://acme/pay/.', 'spiffe://acme/pay/'],
    ['spiffe://acme/pay/x/..', 'spiffe://acme/pay/'],
    ['http://acme:80/', 'http://acme'],
    ['https://acme:443', 'https://acme/'],
    ['ftp://acme:21/', 'ftp://acme/'],
    ['ldap://acme:389/', 'ldap://acme/'],
    ['https://acme:/', 'https://acme/'],
    ['https://acme?q', 'https://acme/?q'],
    // RFC 3986, section 6.2.3, for every URI with an authority.
    ['spiffe://acme', 'spiffe://acme/'],
    ['spiffe://%41cm%65/', 'spiffe://acme/'],
    ['spiffe://%61@acme/', 'spiffe://a@acme/'],
  ])('finds %s and %s alike', (one, other) => {
    expect(foldUri(one)).toBe(foldUri(other))
  })

  it.each([
    ['spiffe://acme/Pay', 'spiffe://acme/pay'],
    ['spiffe://acme/pay/', 'spiffe://acme/pay'],
    ['spiffe://acme/%2Fpay', 'spiffe://acme//pay'],
    ['https://acme:444/', 'https://acme/'],
    ['http://acme:443/', 'http://acme/'],
    ['https://a@acme/', 'https://acme/'],
    ['https://acme/?a=/./b', 'https://acme/?a=/b'],
    ['https://acme/#a', 'https://acme/#b'],
    ['urn:a/./b', 'urn:a/b'],
    ['not a uri/./b', 'not a uri/b'],
  ])('keeps %s and %s apart', (one, other) => {
    expect(foldUri(one)).not.toBe(foldUri(other))
  })

  it('leaves other text as it is', () => {
    expect(foldUri('no uri/../%61')).toBe('no uri/../%61')
  })
})
