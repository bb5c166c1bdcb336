import { describe, expect, it } from 'vitest'
import { type CertChanges, makeClientCert, makeRequest } from '../../../test/support/make-client-cert.ts'
import type { AccessIdentity } from '../../access-token/access-identity.ts'
import { DistinguishedName } from '../../x509/distinguished-name.ts'
import { compileCertificateRequirement } from '../certificate-guard.ts'
import { nameGuard } from './name-guard.ts'

const compile = (requirement: object) => compileCertificateRequirement(requirement, 'GET /ops')

function decide(requirement: object, cert: CertChanges = {}, access: AccessIdentity | null = null) {
  return compile(requirement).decide(makeClientCert(cert), makeRequest(access))
}

const outcome = (...of: Parameters<typeof decide>) => decide(...of).outcome

describe.each(['subject', 'issuer'] as const)('attributes of the %s', (which) => {
  it.each(['CN', 'cn', 'Cn', 'commonName', 'COMMONNAME', '2.5.4.3', 'OID.2.5.4.3'])('are known as %s', (type) => {
    expect(outcome({ [which]: { [type]: 'a' } }, { [which]: 'CN=a,O=x' })).toBe('match')
    expect(outcome({ [which]: { [type]: 'b' } }, { [which]: 'CN=a,O=x' })).toBe('mismatch')
  })

  it('are known by an OID that has no name', () => {
    expect(outcome({ [which]: { '1.2.3.4': 'a' } }, { [which]: '1.2.3.4=a' })).toBe('match')
  })

  it.each([
    ['a', 'CN=ab'],
    ['a', 'CN=\\D0\\B0'],
    ['a', 'CN=a\\,CN\\=b'],
    ['a', 'CN=b\\,CN\\=a'],
    ['a', 'OU=a'],
    ['a', 'CN='],
    ['a', ''],
  ])('compare exactly: %s is not in %j', (text, name) => {
    expect(outcome({ [which]: { CN: text } }, { [which]: name })).toBe('mismatch')
  })

  it.each(['CN=A', 'CN=a\\ ', 'CN=\\ a', 'CN=a\\00', 'CN=\\E2\\80\\8Ea', 'CN=\\EF\\BD\\81'])(
    'leave it undecided whether %s, in another spelling, is a',
    (name) => {
      expect(decide({ [which]: { CN: 'a' } }, { [which]: name })).toEqual({
        outcome: 'undecided',
        reason: `${which} differs from CN=a only in letter case, spaces or unseen characters`,
      })
      expect(outcome({ [which]: { CN: /^a$/ } }, { [which]: name })).toBe('undecided')
    },
  )

  it('compare the values of the name, not its escapes', () => {
    expect(outcome({ [which]: { O: 'Acme, Inc.' } }, { [which]: 'CN=a,O=Acme\\, Inc.' })).toBe('match')
    expect(outcome({ [which]: { O: 'Acme, Inc.' } }, { [which]: 'CN=a,O="Acme, Inc."' })).toBe('match')
    expect(outcome({ [which]: { CN: 'Zoë' } }, { [which]: 'CN=Zo\\C3\\AB' })).toBe('match')
  })

  it.each(['CN=a,CN=b', 'CN=b,CN=a', 'CN=a,CN=a', 'CN=a+CN=b', 'CN=a,2.5.4.3=b', 'CN=a,CN=#04024869'])(
    'leave it undecided which value of %s was meant',
    (name) => {
      expect(decide({ [which]: { CN: 'a' } }, { [which]: name })).toEqual({
        outcome: 'undecided',
        reason: `${which} CN occurs more than once`,
      })
      expect(outcome({ [which]: { CN: /^.*$/ } }, { [which]: name })).toBe('undecided')
    },
  )

  it('leave a value undecided that is not text', () => {
    expect(decide({ [which]: { CN: 'a' } }, { [which]: 'CN=#04024869' })).toEqual({
      outcome: 'undecided',
      reason: `${which} CN is not text`,
    })
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
    ['CN=a,O=x', 'CN=a'],
    ['CN=a', 'CN=a,O=x'],
    ['CN=a,O=x', 'CN=a\\,O\\=x'],
    ['CN=a', 'CN=a,CN=a'],
    ['CN=a', ''],
  ])('does not match: %s is not %j', (configured, name) => {
    expect(outcome({ [which]: configured }, { [which]: name })).toBe('mismatch')
  })

  it.each([
    ['CN=a,O=x', 'O=x,CN=a'],
    ['CN=a,O=x', 'CN=a+O=x'],
    ['CN=a,OU=y,OU=z', 'CN=a,OU=z,OU=y'],
    ['CN=a,O=x', 'CN=A,O= X'],
    ['CN=a,1.2.3=#0401FF', '1.2.3=#0401FF,CN=a'],
  ])('is undecided: %s may be %s', (configured, name) => {
    expect(decide({ [which]: configured }, { [which]: name })).toEqual({
      outcome: 'undecided',
      reason: `${which} differs from ${configured} only in its order, letter case, spaces or unseen characters`,
    })
  })

  it('is undecided if the certificate may have its attribute by a name that has no known OID', () => {
    expect(decide({ [which]: 'CN=a,1.2.3=b' }, { [which]: 'CN=a,x-inn=b' })).toEqual({
      outcome: 'undecided',
      reason: `${which} has an attribute of an unknown type, or text that cannot be read`,
    })
    expect(outcome({ [which]: 'CN=a,1.2.3=b' }, { [which]: 'CN=a,O=b' })).toBe('mismatch')
  })

  it('may have any order as a DistinguishedName', () => {
    const parse = DistinguishedName.parse
    const requirement = { [which]: [parse('C=US,CN=*'), 'CN=b'] }
    expect(outcome(requirement, { [which]: 'C=US,CN=*' })).toBe('match')
    expect(outcome({ [which]: parse('C=US,CN=a') }, { [which]: 'C=US,CN=a' })).toBe('match')
    expect(outcome({ [which]: parse('C=US,CN=a') }, { [which]: 'C=US,CN=b' })).toBe('mismatch')
    expect(compile(requirement).description).toBe(`${which} is C=US,CN=*|CN=b`)
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
    [
      'empty text',
      '',
      `GET /ops.${which} must be a name such as "CN=pay-1,O=Acme", or a list of names; the text is empty`,
    ],
    [
      'blank text, which would admit every certificate without a name',
      ' ',
      `GET /ops.${which}: " ": the name is empty`,
    ],
    [
      'an empty list',
      [],
      `GET /ops.${which} must be a name such as "CN=pay-1,O=Acme", or a list of names; the list is empty`,
    ],
    ['a list of attributes', [{ CN: 'a' }], `GET /ops.${which} must be a name such as`],
    ['a list with undefined', ['CN=a', undefined], `GET /ops.${which} must be a name such as`],
    [
      'a list with empty text',
      ['CN=a', ''],
      `GET /ops.${which} must be a name such as "CN=pay-1,O=Acme", or a list of names; item [1] of the list is an empty text`,
    ],
    ['a reversed name', 'O=x, CN=a', `GET /ops.${which}: "O=x, CN=a": the name is in the order of OpenSSL`],
  ])('is refused at the start: %s', (_what, match, message) => {
    expect(() => compile({ [which]: match })).toThrow(TypeError)
    expect(() => compile({ [which]: match })).toThrow(message)
  })
})

describe.each(['subject', 'issuer'] as const)('some attribute of the %s', (which) => {
  it('matches by any of its values', () => {
    const requirement = { [which]: { OU: { some: 'Ops' } } }
    expect(outcome(requirement, { [which]: 'CN=a,OU=Ops' })).toBe('match')
    expect(outcome(requirement, { [which]: 'CN=a,OU=Dev,OU=Ops,O=x' })).toBe('match')
    expect(outcome(requirement, { [which]: 'CN=a+OU=Ops+OU=Dev' })).toBe('match')
    expect(outcome(requirement, { [which]: 'CN=a,OU=#04024869,OU=ops,OU=Ops' })).toBe('match')
    expect(outcome(requirement, { [which]: 'CN=a,OU=Dev,OU=Sales' })).toBe('mismatch')
    expect(outcome(requirement, { [which]: 'CN=a' })).toBe('mismatch')
    expect(compile(requirement).description).toBe(`${which} some OU=Ops`)
  })

  it('accepts lists and patterns', () => {
    expect(outcome({ [which]: { DC: { some: ['a', 'b'] } } }, { [which]: 'DC=b,DC=example' })).toBe('match')
    expect(outcome({ [which]: { OU: { some: /^Ops-\d$/ } } }, { [which]: 'OU=Dev,OU=Ops-1' })).toBe('match')
    expect(outcome({ [which]: { OU: { some: /^Ops-\d$/ } } }, { [which]: 'OU=Dev,OU=Ops-x' })).toBe('mismatch')
  })

  it.each([
    ['OU=Dev,OU=#04024869', `${which} OU is not text`],
    ['OU=Dev,OU=ops', `${which} differs from some OU=Ops only in letter case, spaces or unseen characters`],
  ])('is undecided if one of the values is: %s', (name, reason) => {
    expect(decide({ [which]: { OU: { some: 'Ops' } } }, { [which]: name })).toEqual({ outcome: 'undecided', reason })
  })

  it('is undecided for an OID if the certificate has an attribute without a known OID', () => {
    const requirement = { [which]: { '1.2.3': { some: 'b' } } }
    const reason = `${which} has an attribute without a known OID, which may be 1.2.3`
    expect(decide(requirement, { [which]: 'x-inn=b' })).toEqual({ outcome: 'undecided', reason })
    expect(decide(requirement, { [which]: '1.2.3=a,x-inn=b' })).toEqual({ outcome: 'undecided', reason })
    expect(outcome(requirement, { [which]: '1.2.3=b,x-inn=b' })).toBe('match')
    expect(outcome(requirement, { [which]: '1.2.3=a,O=b' })).toBe('mismatch')
    // A type with a name in the table never has another name.
    expect(outcome({ [which]: { CN: { some: 'b' } } }, { [which]: 'x-inn=b' })).toBe('mismatch')
    expect(outcome({ [which]: { CN: 'b' } }, { [which]: 'x-inn=b' })).toBe('mismatch')
  })

  it.each<[string, unknown, string]>([
    ['nothing', {}, `GET /ops.${which}.OU must be an object with some`],
    ['another word', { any: 'Ops' }, `GET /ops.${which}.OU: unknown property "any"; known properties are some`],
    ['two words', { some: 'Ops', every: 'Dev' }, `GET /ops.${which}.OU: unknown property "every"`],
    ['undefined', { some: undefined }, `GET /ops.${which}.OU must be a text`],
    ['an empty list', { some: [] }, `GET /ops.${which}.OU must be a text`],
    ['an open pattern', { some: /Ops/ }, `GET /ops.${which}.OU: the RegExp /Ops/ is not anchored`],
    ['a nested object', { some: { some: 'Ops' } }, `GET /ops.${which}.OU must be a text`],
    ['null', null, `GET /ops.${which}.OU must be a text`],
  ])('is refused at the start: %s', (_what, match, message) => {
    expect(() => compile({ [which]: { OU: match } })).toThrow(TypeError)
    expect(() => compile({ [which]: { OU: match } })).toThrow(message)
  })
})

describe('the value of an attribute', () => {
  it.each([
    ['Acme\\, Inc.', 'Acme, Inc.'],
    ['Acme \\+ Co', 'Acme + Co'],
    ['"Acme, Inc."', 'Acme, Inc.'],
    ['O=Acme', 'Acme'],
    ['organizationName = Acme', 'Acme'],
  ])('is refused as it stands in the text of a name: %s', (text, bare) => {
    expect(() => compile({ subject: { O: text } })).toThrow(
      new TypeError(
        `GET /ops.subject.O: "${text}": quotation marks, backslashes or the type do not belong to the value; write "${bare}"`,
      ),
    )
    expect(outcome({ subject: { O: bare } }, { subject: DistinguishedName.parse('CN=a').toString() })).toBe('mismatch')
  })

  it.each(['ACME\\alice', 'a"b', '"', '""b', 'CN=Acme', 'a=b', 'O=', '1=Acme'])('can be %s', (value) => {
    const subject = String(new DistinguishedName([[{ type: 'O', value }]]))
    expect(outcome({ subject: { O: value } }, { subject })).toBe('match')
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

describe('the attributes of a requirement', () => {
  it.each([
    [{ CN: 'CORP\\ad' }],
    [{ CN: 'a\\20b' }],
    [{ CN: 'a\\C3' }],
    [{ '0.39': 'a', '1.39.1': 'a', '2.40': 'a', '2.999.1': 'a' }],
  ])('may be %j', (subject) => {
    expect(() => nameGuard('subject', subject as never, 'subject')).not.toThrow()
  })

  it.each(['0.40', '1.49.1', '3.1', '2', '0.00'])('must not have the type %s', (type) => {
    expect(() => nameGuard('subject', { [type]: 'a' }, 'subject')).toThrow(`subject: unknown attribute "${type}"`)
  })
})
