import { describe, expect, it } from 'vitest'
import { isKnownType, parseConfiguredName } from './configured-name.ts'

describe('parseConfiguredName', () => {
  it.each([
    'CN=pay-1,OU=Ops,O=Acme,C=US',
    'emailAddress=a@acme.example,CN=pay-1,O=Acme,ST=California,C=US',
    'CN=pay-1,DC=acme,DC=example',
    'CN=pay-1+UID=7,O=Acme',
    'CN=pay-1',
    'O=Acme',
    'C=US',
    'L=Berlin,O=Acme',
    'DC=acme,DC=example',
    'OU=Ops,CN=alice,O=Acme',
    'serialNumber=7,CN=pay-1,C=US',
    'CN=a,1.2.3.4=b',
    '1.2.3.4=b,CN=a,O=x',
    'CN=C = US\\, O = Acme,O=x',
  ])('reads %s', (text) => {
    expect(String(parseConfiguredName(text))).toBe(text)
  })

  it.each([
    ['C = US, O = Acme, CN = pay-1', 'CN=pay-1,O=Acme,C=US'],
    ['C=US, O=Acme, CN=pay-1', 'CN=pay-1,O=Acme,C=US'],
    ['C = US, O = "Acme, Inc.", CN = pay-1', 'CN=pay-1,O=Acme\\, Inc.,C=US'],
    ['DC = example, DC = acme, CN = pay-1', 'CN=pay-1,DC=acme,DC=example'],
    ['O=Acme,CN=pay-1', 'CN=pay-1,O=Acme'],
    ['C=US,O=Acme', 'O=Acme,C=US'],
    ['OU=Ops,UID=7', 'UID=7,OU=Ops'],
    ['O=Acme,CN=pay-1 + UID=7', 'CN=pay-1+UID=7,O=Acme'],
    ['subject=C = US, CN = pay-1', 'CN=pay-1,C=US'],
  ])('refuses %s, and shows the name in order', (text, name) => {
    expect(() => parseConfiguredName(text)).toThrow(
      new SyntaxError(`the name is in the order of OpenSSL's default output, most general first; write "${name}"`),
    )
  })

  it.each([
    ['subject=CN=pay-1,O=Acme', 'CN=pay-1,O=Acme'],
    ['subject= CN=pay-1', 'CN=pay-1'],
    [' Issuer = CN=Acme CA', 'CN=Acme CA'],
  ])('refuses the label in %s', (text, name) => {
    expect(() => parseConfiguredName(text)).toThrow(new SyntaxError(`the text has a label; write "${name}"`))
  })

  it.each([
    ['/C=US/O=Acme/CN=pay-1', '"CN=pay-1,O=Acme,C=US"'],
    ['subject= /C=US/CN=pay/1', '"CN=pay/1,C=US"'],
    ['/O=Acme, Inc./CN=a', '"CN=a,O=Acme\\, Inc."'],
    ['/', 'in the form of RFC 4514, such as "CN=pay-1,O=Acme"'],
    ['/pay-1', 'in the form of RFC 4514, such as "CN=pay-1,O=Acme"'],
    ['/CNN=pay-1', 'in the form of RFC 4514, such as "CN=pay-1,O=Acme"'],
  ])('refuses the slashes of %s', (text, advice) => {
    expect(() => parseConfiguredName(text)).toThrow(
      new SyntaxError(`the name is in a form with slashes, which is ambiguous; write ${advice}`),
    )
  })

  it.each([
    ['', 'the name is empty'],
    [' ', 'the name is empty'],
    ['subject=', 'the name is empty'],
    ['CNN=pay-1,O=Acme', 'unknown attribute "CNN"; write a known name such as CN, or a dotted OID'],
    ['CN=pay-1+role2=x', 'unknown attribute "role2"; write a known name such as CN, or a dotted OID'],
    ['CN=,O=Acme', 'CN is empty; write its value'],
    ['CN=a,1.2.3=', '1.2.3 is empty; write its value'],
    [
      'CN=pay-*,O=Acme',
      'CN contains "*", which is not a wildcard; write attributes instead, with a RegExp: { CN: /^…$/ }',
    ],
  ])('refuses %j', (text, message) => {
    expect(() => parseConfiguredName(text)).toThrow(new SyntaxError(message))
  })

  it('refuses text that is not a name', () => {
    expect(() => parseConfiguredName('pay-1')).toThrow('not a distinguished name: ')
  })
})

describe('isKnownType', () => {
  it.each(['CN', 'cn', '2.5.4.3', '1.2.3', 'OID.1.2.3'])('knows %s', (type) => {
    expect(isKnownType(type)).toBe(true)
  })

  it.each(['CNN', 'x-role', 'constructor'])('does not know %s', (type) => {
    expect(isKnownType(type)).toBe(false)
  })
})
