import { describe, expect, it } from 'vitest'
import { type CertChanges, makeClientCert, makeRequest } from '../../../test/support/make-client-cert.ts'
import type { AccessIdentity } from '../../access-token/access-identity.ts'
import { compileCertificateRequirement } from '../certificate-guard.ts'

const compile = (requirement: object) => compileCertificateRequirement(requirement, 'GET /ops')

function decide(requirement: object, cert: CertChanges = {}, access: AccessIdentity | null = null) {
  return compile(requirement).decide(makeClientCert(cert), makeRequest(access))
}

const outcome = (...of: Parameters<typeof decide>) => decide(...of).outcome

describe('alternative names', () => {
  it.each<[string, object, NonNullable<CertChanges['subjectAltNames']>]>([
    ['a host name', { dns: 'pay.example' }, { dns: ['pay.example'] }],
    ['a host name in another case', { dns: 'Pay.Example' }, { dns: ['pay.example'] }],
    ['one of several host names', { dns: 'pay.example' }, { dns: ['a.example', 'pay.example'] }],
    ['a host name by pattern', { dns: /^pay-\d+\.example$/ }, { dns: ['pay-1.example'] }],
    ['a host name by pattern in another case', { dns: /^Pay-\d+\.Example$/ }, { dns: ['pay-1.example'] }],
    ['a host name by pattern that says itself that case does not matter', { dns: /^PAY$/i }, { dns: ['pay'] }],
    ['an e-mail address', { email: 'a@example.net' }, { email: ['a@example.net'] }],
    ['a URI', { uri: 'spiffe://acme/pay' }, { uri: ['spiffe://acme/pay'] }],
    ['an IPv4 address', { ip: '10.0.0.1' }, { ip: ['10.0.0.1'] }],
    ['an IPv6 address', { ip: '2001:db8::1' }, { ip: ['2001:db8::1'] }],
    ['an IPv6 address, written out', { ip: '2001:0DB8:0:0:0:0:0:0001' }, { ip: ['2001:db8::1'] }],
    ['an IPv6 address with a dotted end', { ip: ['::ffff:10.0.0.1'] }, { ip: ['::ffff:a00:1'] }],
    ['a host name with a dot at its end', { dns: 'pay.example.' }, { dns: ['pay.example'] }],
    ['a host name, of a certificate with a dot at its end', { dns: 'pay.example' }, { dns: ['pay.example.'] }],
    ['an internationalised host name', { dns: 'Bücher.example' }, { dns: ['xn--bcher-kva.example'] }],
    ['a wildcard by pattern', { dns: /^\*\.pay\.example$/ }, { dns: ['*.pay.example'] }],
    ['an e-mail address with its host in another case', { email: 'a@Example.NET' }, { email: ['a@eXample.net'] }],
    ['an e-mail address by pattern', { email: /^[a-z]@example\.net$/ }, { email: ['a@EXAMPLE.net'] }],
    ['a URI with scheme and host in another case', { uri: 'SPIFFE://Acme/pay' }, { uri: ['spiffe://aCME/pay'] }],
    ['a URI by pattern', { uri: /^spiffe:\/\/acme\/[a-z]+$/ }, { uri: ['SPIFFE://ACME/pay'] }],
    ['a user principal name', { upn: 'a@example.net' }, { upn: ['b@example.net', 'a@Example.net'] }],
    ['two kinds', { dns: 'a', ip: '::1' }, { dns: ['a'], ip: ['::1'] }],
  ])('match: %s', (_what, san, subjectAltNames) => {
    expect(outcome({ san }, { subjectAltNames })).toBe('match')
  })

  it.each<[string, object, NonNullable<CertChanges['subjectAltNames']>]>([
    ['another host name', { dns: 'pay.example' }, { dns: ['xpay.example', 'pay.example.evil'] }],
    ['a wildcard, which is a name like any other', { dns: 'pay.example' }, { dns: ['*.example'] }],
    ['the name as another kind', { dns: 'pay.example' }, { uri: ['pay.example'], email: ['pay.example'] }],
    ['the address as a host name', { ip: '10.0.0.1' }, { dns: ['10.0.0.1'] }],
    ['a URI in another case', { uri: 'spiffe://acme/Pay' }, { uri: ['spiffe://acme/pay'] }],
    ['a user principal name as e-mail address', { upn: 'a@example.net' }, { email: ['a@example.net'] }],
    ['one kind of two', { dns: 'a', ip: '::1' }, { dns: ['a'] }],
    ['a host by pattern', { dns: /^bücher$/ }, { dns: ['bucher', 'xn--', ''] }],
    ['an e-mail address by pattern', { email: /^.@bücher$/ }, { email: ['bücher', 'a@bucher'] }],
    ['a URI by pattern', { uri: /^a:\/\/b\/ü$/ }, { uri: ['a://b/%FC', 'a', 'a://[::1]/%C3%BC', 'a:b'] }],
    ['no names', { dns: 'a' }, {}],
  ])('do not match: %s', (_what, san, subjectAltNames) => {
    expect(outcome({ san }, { subjectAltNames })).toBe('mismatch')
  })

  it.each<[string, object, NonNullable<CertChanges['subjectAltNames']>, string]>([
    ['an e-mail address', { email: 'A@example.net' }, { email: ['a@example.net'] }, 'email=A@example.net'],
    ['an address in its IPv6 form', { ip: '10.0.0.1' }, { ip: ['::1', '::ffff:a00:1'] }, 'ip=10.0.0.1'],
    ['an address in its IPv4 form', { ip: '::ffff:10.0.0.1' }, { ip: ['10.0.0.1'] }, 'ip=::ffff:10.0.0.1'],
    ['a URI with an escape', { uri: 'spiffe://acme/p%61y' }, { uri: ['spiffe://acme/pay'] }, 'uri=spiffe://acme/p%61y'],
    ['a URI with dots', { uri: 'spiffe://acme/pay' }, { uri: ['spiffe://acme/./pay'] }, 'uri=spiffe://acme/pay'],
    ['a URI with its port', { uri: 'https://acme/' }, { uri: ['https://acme:443/'] }, 'uri=https://acme/'],
    ['a URI without a path', { uri: 'spiffe://acme' }, { uri: ['spiffe://acme/'] }, 'uri=spiffe://acme'],
    [
      'a URI with an escape in its host',
      { uri: 'spiffe://acme/' },
      { uri: ['spiffe://%61c%4De/'] },
      'uri=spiffe://acme/',
    ],
    ['a user principal name', { upn: 'A@example.net' }, { upn: ['a@example.net'] }, 'upn=A@example.net'],
    ['a host pattern with a dot', { dns: /^.*\.example\.$/ }, { dns: ['a.example'] }, 'dns=/^.*\\.example\\.$/'],
    ['a host pattern with U-labels', { dns: /^bücher$/ }, { dns: ['xn--bcher-kva'] }, 'dns=/^bücher$/'],
    ['a host pattern with both', { dns: /^bücher\.$/ }, { dns: ['xn--bcher-kva'] }, 'dns=/^bücher\\.$/'],
    ['an e-mail pattern with U-labels', { email: /^.@bücher$/ }, { email: ['a@xn--bcher-kva'] }, 'email=/^.@bücher$/'],
    ['an e-mail pattern with a dot', { email: /^.@b\.$/ }, { email: ['a@b'] }, 'email=/^.@b\\.$/'],
    ['a user pattern with U-labels', { upn: /^.@bücher$/ }, { upn: ['a@bücher'] }, 'upn=/^.@bücher$/'],
    [
      'a URI pattern with U-labels',
      { uri: /^a:\/\/bücher\/ü$/ },
      { uri: ['a://xn--bcher-kva/%C3%BC'] },
      'uri=/^a:\\/\\/bücher\\/ü$/',
    ],
    ['a URI pattern with letters', { uri: /^a:ü$/ }, { uri: ['a:%C3%BC'] }, 'uri=/^a:ü$/'],
  ])('are undecided on another spelling: %s', (_what, san, subjectAltNames, expected) => {
    expect(decide({ san }, { subjectAltNames })).toEqual({
      outcome: 'undecided',
      reason: `san differs from ${expected} only in its spelling`,
    })
  })

  it('match by one name, although another one is undecided', () => {
    const subjectAltNames = { email: ['A@example.net', 'a@example.net'] }
    expect(outcome({ san: { email: 'a@example.net' } }, { subjectAltNames })).toBe('match')
  })

  it('are undecided when the certificate was not forwarded', () => {
    expect(decide({ san: { dns: 'a' } }, { subjectAltNames: null })).toEqual({
      outcome: 'undecided',
      reason:
        'the alternative names are unknown, because the Worker does not forward the certificate; set COUNTERSIGN_FORWARD_CERT to leaf',
    })
  })

  it.each<[string, unknown, string]>([
    ['nothing', {}, 'GET /ops.san must be an object with dns, email, uri, ip, upn'],
    ['null', null, 'GET /ops.san must be an object with dns, email, uri, ip, upn'],
    ['text', 'pay.example', 'GET /ops.san must be an object with dns, email, uri, ip, upn'],
    ['a typo', { DNS: 'a' }, 'GET /ops.san: unknown property "DNS"; known properties are dns, email, uri, ip, upn'],
    ['undefined', { dns: undefined }, 'GET /ops.san.dns must be a text'],
    ['an empty list', { dns: [] }, 'GET /ops.san.dns must be a text'],
    ['an open pattern', { dns: /pay/ }, 'GET /ops.san.dns: the RegExp /pay/i is not anchored'],
    [
      'no address',
      { ip: 'pay.example' },
      'GET /ops.san.ip: "pay.example": not an IP address; write one such as "192.0.2.1"',
    ],
    [
      'a wildcard',
      { dns: '*.pay.example' },
      'GET /ops.san.dns: "*.pay.example": "*" is not a wildcard; write the RegExp',
    ],
    [
      'a URL',
      { dns: 'https://pay.example/x' },
      'GET /ops.san.dns: "https://pay.example/x": not a host name; write "pay.example"',
    ],
    ['no e-mail address', { email: 'pay.example' }, 'GET /ops.san.email: "pay.example": not an e-mail address'],
    ['a path', { uri: '/pay' }, 'GET /ops.san.uri: "/pay": not a URI'],
    ['a user without domain', { upn: 'jane' }, 'GET /ops.san.upn: "jane": not an e-mail address'],
    ['a network', { ip: '10.0.0.0/8' }, 'not an IP address'],
    [
      'a pattern for addresses, which have many spellings',
      { ip: /^2001:DB8::1$/ },
      'GET /ops.san.ip must be a text or a list of texts',
    ],
  ])('are refused at the start: %s', (_what, san, message) => {
    expect(() => compile({ san })).toThrow(TypeError)
    expect(() => compile({ san })).toThrow(message)
  })
})
