import { describe, expect, it } from 'vitest'
import { type CertChanges, makeClientCert, makeRequest } from '../../test/support/make-client-cert.ts'
import type { AccessIdentity } from '../access-token/access-identity.ts'
import { compileCertificateRequirement } from './certificate-guard.ts'

const compile = (requirement: object) => compileCertificateRequirement(requirement, 'GET /ops')

function decide(requirement: object, cert: CertChanges = {}, access: AccessIdentity | null = null) {
  return compile(requirement).decide(makeClientCert(cert), makeRequest(access))
}

const outcome = (...of: Parameters<typeof decide>) => decide(...of).outcome

describe('a requirement', () => {
  it('matches when every property does', () => {
    const requirement = { subject: { CN: 'pay-1', OU: 'Ops' }, issuer: { O: 'Acme' }, keyId: 'ABCD' }
    expect(outcome(requirement)).toBe('match')
    expect(outcome({ ...requirement, keyId: 'ABCE' })).toBe('mismatch')
    expect(outcome({ ...requirement, issuer: { O: 'Acme2' } })).toBe('mismatch')
    expect(outcome({ ...requirement, subject: { CN: 'pay-1', OU: 'Dev' } })).toBe('mismatch')
  })

  it('is told in words', () => {
    const { description } = compile({
      subject: { cn: ['pay-1', 'pay-2'], '2.5.4.11': /^Ops$/i },
      issuer: 'CN=Acme Issuing CA,O=Acme',
      serialNumber: '01',
      san: { dns: 'pay.example', ip: ['::1'] },
      access: { kind: 'user', email: 'a@example.net' },
    })
    expect(description).toBe(
      'subject CN=pay-1|pay-2 and subject OU=/^Ops$/i and issuer is CN=Acme Issuing CA,O=Acme and serialNumber=01 and san dns=pay.example and san ip=::1 and access kind=user and access email=a@example.net',
    )
  })

  it('names the property that does not match, and not the whole list', () => {
    expect(decide({ subject: { CN: 'a' } }).reason).toBe('subject does not match: CN=a')
    expect(decide({ keyId: ['AA', 'BB'] }).reason).toBe('keyId does not match: expected one of 2')
  })

  it.each<[string, object, string]>([
    ['an empty one', {}, 'GET /ops is an empty requirement; write true to accept any verified certificate'],
    [
      'a Map',
      new Map([['subject', 'CN=a']]),
      'GET /ops is an empty requirement; write true to accept any verified certificate',
    ],
    [
      'a typo',
      { subjekt: { CN: 'a' } },
      'GET /ops: unknown property "subjekt"; known properties are subject, issuer, san, serialNumber, fingerprint256, keyId, access',
    ],
    ['the wrong case', { Subject: { CN: 'a' } }, 'GET /ops: unknown property "Subject"'],
    ['a property of objects', { constructor: { CN: 'a' } }, 'GET /ops: unknown property "constructor"'],
    ['__proto__ as from JSON', JSON.parse('{"__proto__":{"CN":"a"}}'), 'GET /ops: unknown property "__proto__"'],
    ['SHA-1, which decides nothing', { fingerprint: 'AA' }, 'GET /ops: unknown property "fingerprint"'],
    [
      'an undefined property',
      { subject: undefined },
      'GET /ops.subject is undefined; set a value or remove the property',
    ],
    ['an undefined one beside others', { keyId: 'AA', issuer: undefined }, 'GET /ops.issuer is undefined'],
    ['an undefined one with a typo', { subjekt: undefined }, 'GET /ops: unknown property "subjekt"'],
  ])('is refused at the start: %s', (_what, requirement, message) => {
    expect(() => compile(requirement)).toThrow(TypeError)
    expect(() => compile(requirement)).toThrow(message)
  })
})

describe.each(['subject', 'issuer'] as const)('attributes of the %s', (which) => {
  it.each(['CN', 'cn', 'Cn', 'commonName', 'COMMONNAME', '2.5.4.3', 'OID.2.5.4.3'])('are known as %s', (type) => {
    expect(outcome({ [which]: { [type]: 'a' } }, { [which]: 'CN=a,O=x' })).toBe('match')
    expect(outcome({ [which]: { [type]: 'b' } }, { [which]: 'CN=a,O=x' })).toBe('mismatch')
  })

  it('are known by an OID that has no name', () => {
    expect(outcome({ [which]: { '1.2.3.4': 'a' } }, { [which]: '1.2.3.4=a' })).toBe('match')
  })

  it.each([
    ['a', 'CN=A'],
    ['a', 'CN=a\\ '],
    ['a', 'CN=\\ a'],
    ['a', 'CN=ab'],
    ['a', 'CN=a\\00'],
    ['a', 'CN=a\\,CN\\=b'],
    ['a', 'CN=b\\,CN\\=a'],
    ['a', 'OU=a'],
    ['a', 'CN='],
    ['a', ''],
  ])('compare exactly: %s is not in %j', (text, name) => {
    expect(outcome({ [which]: { CN: text } }, { [which]: name })).toBe('mismatch')
  })

  it('compare the values of the name, not its escapes', () => {
    expect(outcome({ [which]: { O: 'Acme, Inc.' } }, { [which]: 'CN=a,O=Acme\\, Inc.' })).toBe('match')
    expect(outcome({ [which]: { O: 'Acme, Inc.' } }, { [which]: 'CN=a,O="Acme, Inc."' })).toBe('match')
    expect(outcome({ [which]: { O: 'Acme\\, Inc.' } }, { [which]: 'CN=a,O=Acme\\, Inc.' })).toBe('mismatch')
    expect(outcome({ [which]: { CN: 'Zoë' } }, { [which]: 'CN=Zo\\C3\\AB' })).toBe('match')
  })

  it.each(['CN=a,CN=b', 'CN=b,CN=a', 'CN=a,CN=a', 'CN=a+CN=b', 'CN=a,2.5.4.3=b', 'CN=a,CN=#04024869'])(
    'leave it undecided which value of %s was meant',
    (name) => {
      expect(decide({ [which]: { CN: 'a' } }, { [which]: name })).toEqual({
        outcome: 'undecided',
        reason: `${which} CN occurs more than once or is not text`,
      })
      expect(outcome({ [which]: { CN: /^.*$/ } }, { [which]: name })).toBe('undecided')
    },
  )

  it('leave a value undecided that is not text', () => {
    expect(outcome({ [which]: { CN: 'a' } }, { [which]: 'CN=#04024869' })).toBe('undecided')
  })

  it('do not mind that another attribute is repeated', () => {
    expect(outcome({ [which]: { CN: 'a' } }, { [which]: 'CN=a,OU=b,OU=c' })).toBe('match')
  })

  it('may be in any RDN, multi-valued too', () => {
    expect(outcome({ [which]: { UID: '7', CN: 'a' } }, { [which]: 'O=x,CN=a+UID=7' })).toBe('match')
  })

  it('accept lists and patterns', () => {
    expect(outcome({ [which]: { CN: ['a', 'b'] } }, { [which]: 'CN=b' })).toBe('match')
    expect(outcome({ [which]: { CN: ['a', 'b'] } }, { [which]: 'CN=c' })).toBe('mismatch')
    expect(outcome({ [which]: { CN: /^pay-\d+$/ } }, { [which]: 'CN=pay-12' })).toBe('match')
    expect(outcome({ [which]: { CN: /^pay-\d+$/ } }, { [which]: 'CN=pay-12x' })).toBe('mismatch')
  })

  it.each<[string, unknown, string]>([
    ['no attribute', {}, `GET /ops.${which} is empty; write an attribute such as { CN: "pay-1" }`],
    [
      'no type',
      { 'C N': 'a' },
      `GET /ops.${which}: unknown attribute "C N"; write a known name such as CN, or a dotted OID`,
    ],
    ['empty type', { '': 'a' }, `GET /ops.${which}: unknown attribute ""`],
    ['__proto__ as from JSON', JSON.parse('{"__proto__":"a"}'), `GET /ops.${which}: unknown attribute "__proto__"`],
    ['undefined', { CN: undefined }, `GET /ops.${which}.CN must be a text, a list of texts, or an anchored RegExp`],
    ['empty text', { CN: '' }, `GET /ops.${which}.CN must be a text`],
    ['an empty list', { CN: [] }, `GET /ops.${which}.CN must be a text`],
    ['an open pattern', { CN: /a/ }, `GET /ops.${which}.CN: the RegExp /a/ is not anchored`],
    [
      'a pattern for the whole name',
      /^CN=a$/,
      `GET /ops.${which} must be a name such as "CN=pay-1,O=Acme", or attributes`,
    ],
    ['null', null, `GET /ops.${which} must be a name`],
    ['a function', () => true, `GET /ops.${which} must be a name`],
    ['a number', 1, `GET /ops.${which} must be a name`],
  ])('are refused at the start: %s', (_what, match, message) => {
    expect(() => compile({ [which]: match })).toThrow(TypeError)
    expect(() => compile({ [which]: match })).toThrow(message)
  })
})

describe.each(['subject', 'issuer'] as const)('a whole name of the %s', (which) => {
  it.each([
    ['CN=a,O=x', 'CN=a,O=x'],
    ['CN=a,O=x', 'cn=a , 2.5.4.10 = x'],
    ['O="Acme, Inc."', 'O=Acme\\, Inc.'],
    ['CN=a+UID=7,O=x', 'UID=7+CN=a,O=x'],
    ['CN=a,CN=b', 'CN=a,CN=b'],
    ['1.2.3=#0401FF', '1.2.3=#0401ff'],
  ])('matches: %s is %s', (configured, name) => {
    expect(outcome({ [which]: configured }, { [which]: name })).toBe('match')
  })

  it.each([
    ['CN=a,O=x', 'O=x,CN=a'],
    ['CN=a,O=x', 'CN=a'],
    ['CN=a', 'CN=a,O=x'],
    ['CN=a,O=x', 'CN=a+O=x'],
    ['CN=a,O=x', 'CN=a\\,O\\=x'],
    ['CN=a', 'CN=A'],
    ['CN=a', 'CN=a,CN=a'],
    ['CN=a', ''],
  ])('does not match: %s is not %j', (configured, name) => {
    expect(outcome({ [which]: configured }, { [which]: name })).toBe('mismatch')
  })

  it('may be one of several', () => {
    const requirement = { [which]: ['CN=a,O=x', 'CN=b,O=x', 'CN=c,O=x', 'CN=d,O=x'] }
    expect(outcome(requirement, { [which]: 'CN=b,O=x' })).toBe('match')
    expect(outcome(requirement, { [which]: 'CN=e,O=x' })).toBe('mismatch')
    expect(compile(requirement).description).toBe(`${which} is CN=a,O=x|CN=b,O=x|… (4)`)
  })

  it.each<[string, unknown, string]>([
    ['text that is no name', 'pay-1', `GET /ops.${which}: "pay-1": not a distinguished name`],
    ['the slashes of OpenSSL', '/C=US/CN=a', `GET /ops.${which}: "/C=US/CN=a": `],
    ['one of a list that is no name', ['CN=a', 'b'], `GET /ops.${which}: "b": not a distinguished name`],
    ['empty text', '', `GET /ops.${which} must be a text`],
    [
      'blank text, which would admit every certificate without a name',
      ' ',
      `GET /ops.${which}: " ": the name is empty`,
    ],
    ['an empty list', [], `GET /ops.${which} must be a text`],
    ['a list of attributes', [{ CN: 'a' }], `GET /ops.${which} must be a text`],
  ])('is refused at the start: %s', (_what, match, message) => {
    expect(() => compile({ [which]: match })).toThrow(TypeError)
    expect(() => compile({ [which]: match })).toThrow(message)
  })
})

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
    ['two kinds', { dns: 'a', ip: '::1' }, { dns: ['a'], ip: ['::1'] }],
  ])('match: %s', (_what, san, subjectAltNames) => {
    expect(outcome({ san }, { subjectAltNames })).toBe('match')
  })

  it.each<[string, object, NonNullable<CertChanges['subjectAltNames']>]>([
    ['another host name', { dns: 'pay.example' }, { dns: ['xpay.example', 'pay.example.evil'] }],
    ['a wildcard, which is a name like any other', { dns: 'pay.example' }, { dns: ['*.example'] }],
    ['the name as another kind', { dns: 'pay.example' }, { uri: ['pay.example'], email: ['pay.example'] }],
    ['the address as a host name', { ip: '10.0.0.1' }, { dns: ['10.0.0.1'] }],
    ['an e-mail address in another case', { email: 'A@example.net' }, { email: ['a@example.net'] }],
    ['a URI in another case', { uri: 'spiffe://acme/Pay' }, { uri: ['spiffe://acme/pay'] }],
    ['an IPv4 address in its IPv6 form', { ip: '10.0.0.1' }, { ip: ['::ffff:a00:1'] }],
    ['one kind of two', { dns: 'a', ip: '::1' }, { dns: ['a'] }],
    ['no names', { dns: 'a' }, {}],
  ])('do not match: %s', (_what, san, subjectAltNames) => {
    expect(outcome({ san }, { subjectAltNames })).toBe('mismatch')
  })

  it('are undecided when the certificate was not forwarded', () => {
    expect(decide({ san: { dns: 'a' } }, { subjectAltNames: null })).toEqual({
      outcome: 'undecided',
      reason: 'the alternative names are unknown; let the Worker forward the certificate',
    })
  })

  it.each<[string, unknown, string]>([
    ['nothing', {}, 'GET /ops.san must be an object with dns, email, uri, ip'],
    ['null', null, 'GET /ops.san must be an object with dns, email, uri, ip'],
    ['text', 'pay.example', 'GET /ops.san must be an object with dns, email, uri, ip'],
    ['a typo', { DNS: 'a' }, 'GET /ops.san: unknown property "DNS"; known properties are dns, email, uri, ip'],
    ['undefined', { dns: undefined }, 'GET /ops.san.dns must be a text'],
    ['an empty list', { dns: [] }, 'GET /ops.san.dns must be a text'],
    ['an open pattern', { dns: /pay/ }, 'GET /ops.san.dns: the RegExp /pay/i is not anchored'],
    ['no address', { ip: 'pay.example' }, 'GET /ops.san.ip: "pay.example": "pay.example" is not an IP address'],
    ['a network', { ip: '10.0.0.0/8' }, 'is not an IP address'],
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

describe('serialNumber', () => {
  const issuer = { CN: 'Acme Issuing CA' }

  it.each(['0A1B', '0a1b', '0A:1B', 'a1b', '000a1b', '00:0a:1b'])('matches as %s', (serialNumber) => {
    expect(outcome({ issuer, serialNumber })).toBe('match')
    expect(outcome({ issuer, serialNumber: ['FF', serialNumber] })).toBe('match')
  })

  it('does not match another number, or the same of another issuer', () => {
    expect(outcome({ issuer, serialNumber: 'A1B0' })).toBe('mismatch')
    expect(outcome({ issuer, serialNumber: '0A1B' }, { issuer: 'CN=Other CA' })).toBe('mismatch')
  })

  it.each([{}, { subject: { CN: 'pay-1' } }, Object.create({ issuer })])('needs the issuer too', (others) => {
    const requirement = Object.assign(others, { serialNumber: '0A1B' })
    expect(() => compile(requirement)).toThrow(
      new TypeError('GET /ops.issuer is missing; write it next to serialNumber, which is unique for one issuer only'),
    )
  })

  it('needs an issuer that is not undefined', () => {
    expect(() => compile({ serialNumber: '0A1B', issuer: undefined })).toThrow('GET /ops.issuer is undefined')
  })
})

describe('fingerprint256 and keyId', () => {
  const digits = 'ab'.repeat(32)

  it.each([digits, digits.toUpperCase(), Array(32).fill('ab').join(':'), Array(32).fill('AB').join(':')])(
    'find the fingerprint as %s',
    (fingerprint256) => {
      expect(outcome({ fingerprint256 })).toBe('match')
      expect(outcome({ fingerprint256: [`${'00'.repeat(32)}`, fingerprint256] })).toBe('match')
    },
  )

  it('do not find another one', () => {
    expect(outcome({ fingerprint256: 'ac'.repeat(32) })).toBe('mismatch')
    expect(outcome({ keyId: 'ABCDEF' })).toBe('mismatch')
  })

  it.each(['ABCD', 'abcd', 'ab:cd'])('find the key as %s', (keyId) => {
    expect(outcome({ keyId })).toBe('match')
  })

  it('leave it undecided when the certificate has no key identifier', () => {
    expect(decide({ keyId: 'ABCD' }, { keyId: undefined })).toEqual({
      outcome: 'undecided',
      reason: "the certificate's keyId is unknown",
    })
  })

  it.each<[object, string]>([
    [
      { fingerprint256: 'ab'.repeat(20) },
      `GET /ops.fingerprint256: "${'ab'.repeat(20)}": expected a digest of 32 bytes`,
    ],
    [{ fingerprint256: 'sha256' }, 'GET /ops.fingerprint256: "sha256": expected hexadecimal digits'],
    [{ fingerprint256: /^AB.*$/ }, 'GET /ops.fingerprint256 must be a text or a list of texts'],
    [{ fingerprint256: [] }, 'GET /ops.fingerprint256 must be a text'],
    [{ keyId: '' }, 'GET /ops.keyId must be a text'],
    [{ keyId: 'ab-cd' }, 'GET /ops.keyId: "ab-cd": expected hexadecimal digits'],
    [{ keyId: /^ABCD$/ }, 'GET /ops.keyId must be a text or a list of texts'],
    [{ issuer: 'CN=a', serialNumber: 42 }, 'GET /ops.serialNumber must be a text'],
    [{ issuer: 'CN=a', serialNumber: '0x2A' }, 'GET /ops.serialNumber: "0x2A": expected hexadecimal digits'],
    [{ issuer: 'CN=a', serialNumber: /^2A$/ }, 'GET /ops.serialNumber must be a text or a list of texts'],
  ])('are refused at the start: %j', (requirement, message) => {
    expect(() => compile(requirement)).toThrow(TypeError)
    expect(() => compile(requirement)).toThrow(message)
  })
})

describe('access', () => {
  const user: AccessIdentity = { kind: 'user', email: 'a@example.net', sub: '1', claims: {} }
  const service: AccessIdentity = { kind: 'service', clientId: 'x.access', claims: {} }
  const certificate: AccessIdentity = { kind: 'certificate', commonName: 'pay-1', claims: {} }

  it.each<[object, AccessIdentity]>([
    [{ kind: 'user' }, user],
    [{ kind: 'service' }, service],
    [{ kind: 'certificate' }, certificate],
    [{ email: 'a@example.net' }, user],
    [{ email: ['b@example.net', 'a@example.net'] }, user],
    [{ email: /^[a-z]+@example\.net$/ }, user],
    [{ kind: 'user', email: 'a@example.net' }, user],
    [{ clientId: 'x.access' }, service],
    [{ commonName: 'pay-1' }, certificate],
  ])('matches: %j', (access, identity) => {
    expect(outcome({ access }, {}, identity)).toBe('match')
  })

  it.each<[object, AccessIdentity]>([
    [{ kind: 'user' }, service],
    [{ email: 'A@example.net' }, user],
    [{ email: 'a@example.net' }, service],
    [{ clientId: 'pay-1' }, certificate],
    [{ commonName: 'x.access' }, service],
    [{ kind: 'service', email: 'a@example.net' }, user],
    // Other claims of the token are not part of the identity.
    [{ email: 'a@example.net' }, { ...certificate, claims: { email: 'a@example.net' } }],
  ])('does not match: %j', (access, identity) => {
    expect(outcome({ access }, {}, identity)).toBe('mismatch')
  })

  it('is undecided without an identity', () => {
    expect(decide({ access: { kind: 'user' } })).toEqual({
      outcome: 'undecided',
      reason: 'the request has no Access identity',
    })
  })

  it.each<[unknown, string]>([
    [{}, 'GET /ops.access must be an object with kind, email, clientId, commonName'],
    [null, 'GET /ops.access must be an object with kind, email, clientId, commonName'],
    [true, 'GET /ops.access must be an object with kind, email, clientId, commonName'],
    [{ mail: 'a' }, 'GET /ops.access: unknown property "mail"; known properties are kind, email, clientId, commonName'],
    [{ claims: 'a' }, 'GET /ops.access: unknown property "claims"'],
    [{ kind: 'admin' }, 'GET /ops.access.kind must be "user", "service" or "certificate"'],
    [{ kind: undefined }, 'GET /ops.access.kind must be "user"'],
    [{ kind: ['user'] }, 'GET /ops.access.kind must be "user"'],
    [{ kind: 'user', email: undefined }, 'GET /ops.access.email must be a text'],
    [{ email: /@example\.net$/ }, 'GET /ops.access.email: the RegExp /@example\\.net$/ is not anchored'],
  ])('is refused at the start: %j', (access, message) => {
    expect(() => compile({ access })).toThrow(TypeError)
    expect(() => compile({ access })).toThrow(message)
  })
})

describe('an unknown attribute', () => {
  it.each(['CNN', 'commonname2', 'x-role'])(
    'is refused as a typo: its negation would admit every certificate (%s)',
    (type) => {
      const compile = () => compileCertificateRequirement({ subject: { [type]: 'x' } }, 'GET /ops')
      expect(compile).toThrow(`GET /ops.subject: unknown attribute "${type}"; write a known name such as CN`)
    },
  )

  it('can be named by its OID', () => {
    expect(compileCertificateRequirement({ subject: { '1.2.3.4': 'x' } }, 'GET /ops').description).toBe(
      'subject 1.2.3.4=x',
    )
  })
})
