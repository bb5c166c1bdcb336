import { describe, expect, it } from 'vitest'
import { canonicalIpAddress, formatIpAddress, unmapIpAddress } from './ip-address.ts'

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))

describe('formatIpAddress', () => {
  it.each([
    ['00000000', '0.0.0.0'],
    ['0a000001', '10.0.0.1'],
    ['ffffffff', '255.255.255.255'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['20010db8000000010000000000000001', '2001:db8:0:1::1'],
    ['20010db8000100010001000100010001', '2001:db8:1:1:1:1:1:1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['00010000000000010000000000000001', '1:0:0:1::1'],
    ['ffffffffffffffffffffffffffffffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['00000000000000000000ffff0a000001', '::ffff:a00:1'],
  ])('writes %s as %s', (hex, text) => {
    expect(formatIpAddress(bytes(hex))).toBe(text)
    expect(canonicalIpAddress(text)).toBe(text)
  })

  it.each([0, 1, 3, 5, 8, 15, 17, 32])('refuses %i bytes, which a name constraint may have', (length) => {
    expect(() => formatIpAddress(new Uint8Array(length))).toThrow(
      new SyntaxError('an IP address is not 4 or 16 bytes long'),
    )
  })
})

describe('canonicalIpAddress', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['2001:db8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8::0:1', '2001:db8::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
    ['::FFFF:0A00:0001', '::ffff:a00:1'],
    ['::10.0.0.1', '::a00:1'],
  ])('writes %s as %s', (typed, text) => {
    expect(canonicalIpAddress(typed)).toBe(text)
  })

  it('keeps an IPv4 address apart from its IPv6 form', () => {
    expect(canonicalIpAddress('::ffff:10.0.0.1')).not.toBe(canonicalIpAddress('10.0.0.1'))
  })

  it.each([
    '',
    'host.example',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '0x0a.0.0.1',
    '167772161',
    '10.0.0.1/32',
    '10.0.0.1 ',
    '[::1]',
    '::1%eth0',
    '::1/128',
    ':::',
    '1::2::3',
    '2001:db8::00001',
    '::1]/@evil[',
  ])('refuses %j', (text) => {
    expect(() => canonicalIpAddress(text)).toThrow(
      new SyntaxError(
        'not an IP address; write one such as "192.0.2.1" or "2001:db8::1", without brackets, port or length of a prefix',
      ),
    )
  })
})

describe('unmapIpAddress', () => {
  it.each([
    ['::ffff:a00:1', '10.0.0.1'],
    ['::ffff:c000:2ff', '192.0.2.255'],
    ['::ffff:0:0', '0.0.0.0'],
  ])('reads the IPv4 address in %s', (mapped, text) => {
    expect(unmapIpAddress(mapped)).toBe(text)
    expect(unmapIpAddress(canonicalIpAddress(`::ffff:${text}`))).toBe(text)
  })

  it.each(['10.0.0.1', '::1', '::a00:1', '1::ffff:a00:1', '::ffff:a00:1:0', '::ffff:0:a00:1', '::fffe:a00:1'])(
    'leaves %s as it is',
    (text) => {
      expect(unmapIpAddress(text)).toBe(text)
    },
  )
})
