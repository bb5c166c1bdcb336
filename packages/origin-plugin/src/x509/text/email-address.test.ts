import { describe, expect, it } from 'vitest'
import { normalizeEmailAddress, parseEmailAddress } from './email-address.ts'

describe('normalizeEmailAddress', () => {
  it.each([
    ['Jane@ACME.example', 'Jane@acme.example'],
    ['jane@acme.example.', 'jane@acme.example'],
    ['jane@Bücher.example', 'jane@xn--bcher-kva.example'],
    ['"A@B"@ACME.example', '"A@B"@acme.example'],
    ['Jane', 'Jane'],
    ['@ACME', '@acme'],
    ['', ''],
  ])('writes %j as %j', (text, address) => {
    expect(normalizeEmailAddress(text)).toBe(address)
  })
})

describe('parseEmailAddress', () => {
  it.each([
    ['Jane@ACME.example', 'Jane@acme.example'],
    ["o'hara+x/y=z!#$%&^_`{|}~?-.a@acme.example", "o'hara+x/y=z!#$%&^_`{|}~?-.a@acme.example"],
    ['zoë@acme.example', 'zoë@acme.example'],
    ['"jane doe"@acme.example', '"jane doe"@acme.example'],
    ['"a\\"b@c"@acme.example', '"a\\"b@c"@acme.example'],
    ['jane@localhost', 'jane@localhost'],
  ])('reads %s', (text, address) => {
    expect(parseEmailAddress(text)).toBe(address)
  })

  it.each([
    ['mailto:jane@acme.example', 'jane@acme.example'],
    ['email:jane@acme.example', 'jane@acme.example'],
    ['<jane@acme.example>', 'jane@acme.example'],
    ['Jane Doe <jane@acme.example>', 'jane@acme.example'],
  ])('refuses %s, and shows the address in it', (text, address) => {
    expect(() => parseEmailAddress(text)).toThrow(new SyntaxError(`not an e-mail address; write "${address}"`))
  })

  it.each([
    '',
    '@',
    'jane',
    'acme.example',
    '@acme.example',
    'jane@',
    'jane@@acme.example',
    'jane doe@acme.example',
    ' jane@acme.example',
    'jane@acme.example ',
    'jane@acme.example\n',
    'jane@acme..example',
    'jane@192.0.2.1',
    'a@acme.example,b@acme.example',
    'a\u200e@acme.example',
    '"jane@acme.example',
    'mailto:jane',
    '<jane>',
  ])('refuses %j', (text) => {
    expect(() => parseEmailAddress(text)).toThrow(
      new SyntaxError('not an e-mail address; write an address such as "jane@acme.example"'),
    )
  })
})
