import { describe, expect, it } from 'vitest'
import { normalizeHostName, otherHostNames, parseHostName } from './host-name.ts'

describe('normalizeHostName', () => {
  it.each([
    ['Pay.Example', 'pay.example'],
    ['pay.example.', 'pay.example'],
    ['pay.example..', 'pay.example.'],
    ['*.Example', '*.example'],
    ['Bücher.Example', 'xn--bcher-kva.example'],
    ['BÜCHER.example.', 'xn--bcher-kva.example'],
    ['xn--BCHER-kva.example', 'xn--bcher-kva.example'],
    ['a。b', 'a.b'],
    // Node's function for international names would decode these.
    ['0x7f.1', '0x7f.1'],
    ['p%61y.example', 'p%61y.example'],
    ['ü b', 'ü b'],
    ['', ''],
  ])('writes %j as %j', (text, host) => {
    expect(normalizeHostName(text)).toBe(host)
  })
})

describe('otherHostNames', () => {
  it.each([
    ['pay.example', ['pay.example.']],
    ['xn--bcher-kva.example', ['bücher.example', 'xn--bcher-kva.example.', 'bücher.example.']],
    ['xn--.example', ['xn--.example.']],
    ['', ['.']],
  ])('spells %j also as %j', (host, others) => {
    expect(otherHostNames(host)).toEqual(others)
  })
})

describe('parseHostName', () => {
  it.each([
    ['Pay.Example.', 'pay.example'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['localhost', 'localhost'],
    ['a', 'a'],
    ['_dmarc.a-b.example', '_dmarc.a-b.example'],
    ['1.example', '1.example'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
    [`${`${'a'.repeat(61)}.`.repeat(4)}abcde`, `${`${'a'.repeat(61)}.`.repeat(4)}abcde`],
  ])('reads %s', (text, host) => {
    expect(parseHostName(text)).toBe(host)
  })

  it.each([
    ['https://pay.example', 'pay.example'],
    ['https://Pay.example:8443/x?y', 'Pay.example'],
    ['pay.example:443', 'pay.example'],
    ['pay.example/', 'pay.example'],
    ['DNS:pay.example', 'pay.example'],
  ])('refuses %s, and shows the name in it', (text, host) => {
    expect(() => parseHostName(text)).toThrow(new SyntaxError(`not a host name; write "${host}"`))
  })

  it.each([
    '',
    '.',
    '.pay.example',
    'pay..example',
    'pay .example',
    ' pay.example',
    'pay.example\n',
    'jane@pay.example',
    '*.pay.example',
    '-pay.example',
    'pay-.example',
    'pay.example, a.example',
    'http://',
    'https://.example',
    `${'a'.repeat(64)}.example`,
    `${`${'a'.repeat(61)}.`.repeat(4)}abcdef`,
    'ü b.example',
  ])('refuses %j', (text) => {
    expect(() => parseHostName(text)).toThrow(
      new SyntaxError('not a host name; write a name such as "pay.acme.example"'),
    )
  })

  it.each(['192.0.2.1', '2001:db8::1', '192.0.2.1.', '１９２.0.2.1'])('refuses the address %s', (text) => {
    expect(() => parseHostName(text)).toThrow(new SyntaxError('an IP address; write it as san.ip'))
  })
})
