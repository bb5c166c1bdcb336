import { describe, expect, it } from 'vitest'
import { CERTIFICATE_HEADERS, type CertificateHeaderSyntax } from './certificate-headers.ts'
import { formatDistinguishedName, parseDistinguishedName } from './distinguished-name.ts'
import { encodeHeaderValue } from './header-value.ts'

const SYNTAXES = [...new Set(CERTIFICATE_HEADERS.map((header) => header.syntax))]
const OTHER_SYNTAXES = SYNTAXES.filter((syntax) => syntax !== 'dn')
const HEADER_SAFE = /^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/

/** A seeded generator (mulberry32), so that a failure can be reproduced. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

function randomText(alphabet: readonly string[], maxLength: number, below: (below: number) => number): string {
  return Array.from({ length: below(maxLength + 1) }, () => alphabet[below(alphabet.length)]).join('')
}

/** A name in the form of a careless printer: only the necessary backslashes, everything else raw. */
function writeRaw(value: string): string {
  return value.replace(/[,+"\\<>;]|^[ #]| $/g, '\\$&')
}

function outcome(text: string): unknown {
  try {
    return parseDistinguishedName(text)
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError)
    return 'refused'
  }
}

describe('encodeHeaderValue', () => {
  it.each(SYNTAXES)('leaves printable ASCII of syntax %s as it is', (syntax) => {
    const printable = Array.from({ length: 0x5e }, (_, index) => String.fromCharCode(0x21 + index)).join('')
    for (const text of ['', 'SUCCESS', 'CN=a b,O=Acme\\, Inc.', '/C=US/CN=x', ':aGk=:, :aG8=:', `x ${printable} x`]) {
      expect(encodeHeaderValue(text, syntax)).toBe(text)
    }
  })

  it.each([
    ['Zoë', 'Zo\\C3\\AB'],
    ['日本', '\\E6\\97\\A5\\E6\\9C\\AC'],
    ['🔑', '\\F0\\9F\\94\\91'],
    ['\r\n', '\\0D\\0A'],
    ['a\0b', 'a\\00b'],
    ['a\tb', 'a\\09b'],
    ['a\x7fb', 'a\\7Fb'],
    ['a\x1bb', 'a\\1Bb'],
    ['a\x80b', 'a\\C2\\80b'],
    ['a\u00a0', 'a\\C2\\A0'],
    ['a\u202eb', 'a\\E2\\80\\AEb'],
    ['\ufeffa', '\\EF\\BB\\BFa'],
    ['a\ud83d', 'a\\EF\\BF\\BD'],
    ['\udd11a', '\\EF\\BF\\BDa'],
    ['\ud83dë', '\\EF\\BF\\BD\\C3\\AB'],
  ])('writes %j in a name as %s, and elsewhere with an x', (value, pairs) => {
    expect(encodeHeaderValue(`CN=${value}`, 'dn')).toBe(`CN=${pairs}`)
    for (const syntax of OTHER_SYNTAXES) {
      expect(encodeHeaderValue(`FAILED:${value}`, syntax)).toBe(`FAILED:${pairs.replaceAll('\\', '\\x')}`)
    }
  })

  it('writes the legacy name in OpenSSL’s own escapes', () => {
    expect(encodeHeaderValue('/C=DE/O=Bücher\n/CN=Zoë', 'legacy-dn')).toBe(
      '/C=DE/O=B\\xC3\\xBCcher\\x0A/CN=Zo\\xC3\\xAB',
    )
  })

  it('keeps a line break from ending the header', () => {
    const forged = 'CN=a\r\nx-cert-verify: SUCCESS'
    for (const syntax of SYNTAXES) expect(encodeHeaderValue(forged, syntax)).toMatch(HEADER_SAFE)
  })

  it.each(SYNTAXES)('drops the spaces around a value of syntax %s, as HTTP would', (syntax) => {
    expect(encodeHeaderValue('  CN=a b  ', syntax)).toBe('CN=a b')
    expect(encodeHeaderValue('   ', syntax)).toBe('')
  })

  it.each([
    ['CN=a\\ ', 'CN=a\\20', 'a '],
    ['CN=a\\   ', 'CN=a\\20', 'a '],
    ['CN=\\ ', 'CN=\\20', ' '],
    ['CN=a\\\\\\ ', 'CN=a\\\\\\20', 'a\\ '],
    ['CN=ë\\ ', 'CN=\\C3\\AB\\20', 'ë '],
    ['CN=a\\ \\ ', 'CN=a\\ \\20', 'a  '],
    ['CN=a\\\\ ', 'CN=a\\\\', 'a\\'],
    ['CN=a\\\\\\\\  ', 'CN=a\\\\\\\\', 'a\\\\'],
    ['CN=a\\20 ', 'CN=a\\20', 'a '],
    ['CN=a\t', 'CN=a\\09', 'a\t'],
    ['CN=\n', 'CN=\\0A', '\n'],
    [' CN=a\\ ', 'CN=a\\20', 'a '],
  ])('writes the end of %j so that HTTP cannot cut it', (text, encoded, value) => {
    expect(encodeHeaderValue(text, 'dn')).toBe(encoded)
    expect(parseDistinguishedName(encoded)).toEqual([[{ type: 'CN', value }]])
  })

  it('leaves a name that ends in a lone backslash malformed', () => {
    expect(encodeHeaderValue('CN=a\\', 'dn')).toBe('CN=a\\')
  })

  it('does not apply the backslash before an unsafe character to the next pair', () => {
    // `CN=a\0A` with its backslash escaped is another, well-formed name.
    expect(encodeHeaderValue('CN=a\\\n', 'dn')).toBe('CN=a\\x0A')
    expect(encodeHeaderValue('CN=a\\ëb', 'dn')).toBe('CN=a\\xC3\\xABb')
    expect(encodeHeaderValue('CN=a\\\\\n', 'dn')).toBe('CN=a\\\\\\0A')
    expect(outcome('CN=a\\x0A')).toBe('refused')
  })

  it('gives random names to the parser as they were', () => {
    const below = random(9440)
    const alphabet = [
      ...' ,+"\\<>;#=aZ09.',
      '\n',
      '\t',
      '\r',
      '\0',
      '\x7f',
      'ë',
      '日',
      '🔑',
      '\u00a0',
      '\u202e',
      '\ufeff',
    ]
    for (let round = 0; round < 3000; round += 1) {
      const name = Array.from({ length: 1 + below(3) }, () =>
        Array.from({ length: 1 + below(2) }, () => ({
          type: ['CN', 'OU', 'emailAddress', '1.2.3.4'][below(4)] as string,
          value: randomText(alphabet, 8, below),
        })),
      )
      const raw = name.map((rdn) => rdn.map(({ type, value }) => `${type}=${writeRaw(value)}`).join('+')).join(', ')
      for (const text of [raw, formatDistinguishedName(name)]) {
        const encoded = encodeHeaderValue(text, 'dn')
        expect(encoded).toMatch(HEADER_SAFE)
        expect(parseDistinguishedName(encoded)).toEqual(name)
        expect(encodeHeaderValue(encoded, 'dn')).toBe(encoded)
      }
    }
  })

  it('never turns a malformed name into a well-formed one, nor a name into another', () => {
    const below = random(4514)
    const alphabet = [
      'CN=',
      '=',
      ',',
      '+',
      ';',
      '"',
      '\\',
      '\\',
      '\\',
      '#',
      ' ',
      '0',
      'C3',
      'A',
      'x',
      '\n',
      '\t',
      'ë',
      '🔑',
      '\u00a0',
    ]
    const seen = { refused: 0, read: 0 }
    for (let round = 0; round < 20_000; round += 1) {
      const text = `${below(2) ? 'CN=' : ''}${randomText(alphabet, 7, below)}`
      const expected = outcome(text)
      expect(outcome(encodeHeaderValue(text, 'dn'))).toEqual(expected)
      seen[expected === 'refused' ? 'refused' : 'read'] += 1
    }
    expect(seen.refused).toBeGreaterThan(1000)
    expect(seen.read).toBeGreaterThan(1000)
  })

  it('sends random text of every syntax in safe characters', () => {
    const below = random(9110)
    for (let round = 0; round < 3000; round += 1) {
      const text = Array.from({ length: below(12) }, () => String.fromCharCode(below(below(2) ? 0x100 : 0x10000))).join(
        '',
      )
      for (const syntax of SYNTAXES as CertificateHeaderSyntax[]) {
        expect(encodeHeaderValue(text, syntax)).toMatch(HEADER_SAFE)
      }
    }
  })

  it('completes over a value at the length cap of a name', () => {
    expect(encodeHeaderValue(`CN=${'\\'.repeat(16_380)} `, 'dn')).toHaveLength(16_383)
    expect(encodeHeaderValue(`CN=${'\\'.repeat(16_381)} `, 'dn')).toHaveLength(16_386)
    expect(encodeHeaderValue(`CN=${'ë'.repeat(16_384)}`, 'dn')).toHaveLength(3 + 6 * 16_384)
    expect(encodeHeaderValue(`CN=${'aë'.repeat(8192)}`, 'dn')).toHaveLength(3 + 7 * 8192)
    expect(encodeHeaderValue(`${' '.repeat(1_000_000)}x${' '.repeat(1_000_000)}`, 'dn')).toBe('x')
  })
})
