import { describe, expect, it } from 'vitest'
import {
  formatDistinguishedName,
  isAmbiguousType,
  MAX_DISTINGUISHED_NAME_LENGTH,
  parseDistinguishedName,
  parsePrintedName,
  type RelativeDistinguishedName,
} from './distinguished-name.ts'

/** The value of a name that is a single CN. */
const cn = (value: string | Uint8Array): RelativeDistinguishedName[] => [[{ type: 'CN', value }]]
const rdns = (...pairs: [type: string, value: string][]) => pairs.map(([type, value]) => [{ type, value }])
const refusal = (what: string, at: number) => new SyntaxError(`not a distinguished name: ${what} (at character ${at})`)

const NO_ATTRIBUTE = 'expected an attribute such as CN=value'
const NO_SEPARATOR = 'expected a separator after a value'
const NOT_CLOSED = 'a quoted string is not closed'
const NOT_ESCAPED = 'a special character is not escaped'
const NO_PAIR = 'a backslash is not followed by a special character or two hexadecimal digits'
const NOT_UTF8 = new SyntaxError('not a distinguished name: the \\XX pairs are not UTF-8')
const NO_TYPE = new SyntaxError('an attribute type is not a name such as CN or a dotted OID')
const NOT_HEX = new SyntaxError('expected pairs of hexadecimal digits')

describe('parseDistinguishedName', () => {
  it('reads the sample of Cloudflare', () => {
    const expected = rdns(
      ['CN', 'Managed CA abc'],
      ['OU', 'www.cloudflare.com'],
      ['O', 'Cloudflare, Inc.'],
      ['L', 'San Francisco'],
      ['ST', 'California'],
      ['C', 'US'],
    )
    const text = 'CN=Managed CA abc,OU=www.cloudflare.com,O=Cloudflare\\, Inc.,L=San Francisco,ST=California,C=US'
    expect(parseDistinguishedName(text)).toEqual(expected)
    expect(parseDistinguishedName(text.replace(/(?<!\\),/g, ', '))).toEqual(expected)
  })

  // RFC 4514, section 4
  it.each<[string, RelativeDistinguishedName[]]>([
    ['UID=jsmith,DC=example,DC=net', rdns(['UID', 'jsmith'], ['DC', 'example'], ['DC', 'net'])],
    [
      'OU=Sales+CN=J.  Smith,DC=example,DC=net',
      [
        [
          { type: 'OU', value: 'Sales' },
          { type: 'CN', value: 'J.  Smith' },
        ],
        ...rdns(['DC', 'example'], ['DC', 'net']),
      ],
    ],
    [
      'CN=James \\"Jim\\" Smith\\, III,DC=example,DC=net',
      rdns(['CN', 'James "Jim" Smith, III'], ['DC', 'example'], ['DC', 'net']),
    ],
    ['CN=Before\\0dAfter,DC=example,DC=net', rdns(['CN', 'Before\rAfter'], ['DC', 'example'], ['DC', 'net'])],
    ['1.3.6.1.4.1.1466.0=#04024869', [[{ type: '1.3.6.1.4.1.1466.0', value: Uint8Array.of(4, 2, 0x48, 0x69) }]]],
    ['CN=Lu\\C4\\8Di\\C4\\87', cn('Lučić')],
  ])('reads the example of RFC 4514 %s', (text, name) => {
    expect(parseDistinguishedName(text)).toEqual(name)
  })

  // RFC 2253, section 5, as far as it differs from RFC 4514
  it.each<[string, RelativeDistinguishedName[]]>([
    ['CN=Steve Kille,O=Isode Limited,C=GB', rdns(['CN', 'Steve Kille'], ['O', 'Isode Limited'], ['C', 'GB'])],
    [
      'CN=L. Eagle,O=Sue\\, Grabbit and Runn,C=GB',
      rdns(['CN', 'L. Eagle'], ['O', 'Sue, Grabbit and Runn'], ['C', 'GB']),
    ],
    [
      '1.3.6.1.4.1.1466.0=#04024869,O=Test,C=GB',
      [[{ type: '1.3.6.1.4.1.1466.0', value: Uint8Array.of(4, 2, 0x48, 0x69) }], ...rdns(['O', 'Test'], ['C', 'GB'])],
    ],
    ['SN=Lu\\C4\\8Di\\C4\\87', rdns(['SN', 'Lučić'])],
    ['CN=a; OU=b;C=c', rdns(['CN', 'a'], ['OU', 'b'], ['C', 'c'])],
    ['CN="Sue, Grabbit + Runn"', cn('Sue, Grabbit + Runn')],
    ['OID.2.5.4.3=a,oid.1.2.3=b', rdns(['CN', 'a'], ['1.2.3', 'b'])],
  ])('reads the form of RFC 2253 %s', (text, name) => {
    expect(parseDistinguishedName(text)).toEqual(name)
  })

  // RFC 1779, section 3 and 2.3
  it.each<[string, RelativeDistinguishedName[]]>([
    ['CN=Steve Kille , O=ISODE Consortium, C=GB', rdns(['CN', 'Steve Kille'], ['O', 'ISODE Consortium'], ['C', 'GB'])],
    [
      'CN=L. Eagle, O="Sue, Grabbit and Runn", C=GB',
      rdns(['CN', 'L. Eagle'], ['O', 'Sue, Grabbit and Runn'], ['C', 'GB']),
    ],
    ['OID.2.5.4.10 = Acme ; CN = x', rdns(['O', 'Acme'], ['CN', 'x'])],
    [
      'OU=Sales + CN=J. Smith, O=Widget Inc., C=US',
      [
        [
          { type: 'OU', value: 'Sales' },
          { type: 'CN', value: 'J. Smith' },
        ],
        ...rdns(['O', 'Widget Inc.'], ['C', 'US']),
      ],
    ],
    ['CN="say \\"hi\\" \\\\ \\, then"', cn('say "hi" \\ , then')],
  ])('reads the form of RFC 1779 %s', (text, name) => {
    expect(parseDistinguishedName(text)).toEqual(name)
  })

  it.each(['', ' ', '    '])('reads %j as the empty name', (text) => {
    expect(parseDistinguishedName(text)).toEqual([])
  })

  it.each<[string, RelativeDistinguishedName[]]>([
    ['CN=', cn('')],
    ['CN= ', cn('')],
    ['CN=""', cn('')],
    ['CN=#0C00', cn('')],
    ['CN=,OU=', rdns(['CN', ''], ['OU', ''])],
    ['CN=+OU= ;C=', [[...rdns(['CN', '']), ...rdns(['OU', ''])].flat(), ...rdns(['C', ''])]],
  ])('reads the empty values in %s', (text, name) => {
    expect(parseDistinguishedName(text)).toEqual(name)
  })

  it.each([
    ['CN=a b', 'a b'],
    ['CN=a  b', 'a  b'],
    ['CN=  a  ', 'a'],
    ['  CN  =  a  ', 'a'],
    ['CN=\\ a\\ ', ' a '],
    ['CN=  \\  a \\   ', '  a  '],
    ['CN=\\20a\\20', ' a '],
    ['CN=\\20 ', ' '],
    ['CN= " a " ', ' a '],
    ['CN="a "', 'a '],
    ['CN=ë  ', 'ë'],
    ['CN=\\C3\\AB  ', 'ë'],
    ['CN=a\t', 'a\t'],
    ['CN=\u00a0a\u00a0', '\u00a0a\u00a0'],
    ['CN=\ta', '\ta'],
  ])('tells the spaces of the value from those around it in %j', (text, value) => {
    expect(parseDistinguishedName(text)).toEqual(cn(value))
  })

  it.each([...' "#+,;<=>\\'])('reads an escaped %j', (char) => {
    expect(parseDistinguishedName(`CN=a\\${char}b`)).toEqual(cn(`a${char}b`))
    expect(parseDistinguishedName(`CN=\\${char}`)).toEqual(cn(char))
    expect(parseDistinguishedName(`CN="a\\${char}b"`)).toEqual(cn(`a${char}b`))
  })

  it.each([...'#=', ...'!$%&()*-./:?@[]^_`{|}~'])('reads %s inside a value as itself', (char) => {
    expect(parseDistinguishedName(`CN=a${char}b`)).toEqual(cn(`a${char}b`))
  })

  it.each([...',;+=<># '])('reads %j inside quotes as itself', (char) => {
    expect(parseDistinguishedName(`CN="${char}a${char}" , OU=b`)).toEqual(rdns(['CN', `${char}a${char}`], ['OU', 'b']))
  })

  it.each([
    ['\\41', 'A'],
    ['\\00', '\0'],
    ['\\c3\\aB', 'ë'],
    ['Zo\\C3\\AB', 'Zoë'],
    ['\\E2\\82\\ACx', '€x'],
    ['\\F0\\9F\\94\\91', '🔑'],
    ['\\EF\\BB\\BFa', '\ufeffa'],
    ['\\2C\\2B\\5C', ',+\\'],
    ['\\5C20', '\\20'],
    ['\\\\20', '\\20'],
    ['\\C3\\ABC', 'ëC'],
    ['ë日🔑', 'ë日🔑'],
  ])('reads %s as text', (written, value) => {
    expect(parseDistinguishedName(`CN=${written}`)).toEqual(cn(value))
    expect(parseDistinguishedName(`CN="${written}"`)).toEqual(cn(value))
  })

  it.each([
    ['#0C035A6F6B', 'Zok'],
    ['#0c045a6fc3ab', 'Zoë'],
    ['#13025553', 'US'],
    ['#1E04005A00EB', 'Zë'],
    [' #0C0161 ', 'a'],
  ])('reads the text in %s', (written, value) => {
    expect(parseDistinguishedName(`CN=${written}`)).toEqual(cn(value))
    expect(parseDistinguishedName(`CN=${written},OU=b`)).toEqual(rdns(['CN', value], ['OU', 'b']))
    expect(parseDistinguishedName(`CN=${written}+OU=b`)).toEqual([rdns(['CN', value], ['OU', 'b']).flat()])
  })

  it('does not parse the text of a hexadecimal value again', () => {
    const hex = Buffer.from('a,OU=b').toString('hex')
    expect(parseDistinguishedName(`CN=#0C06${hex}`)).toEqual(cn('a,OU=b'))
    expect(parseDistinguishedName('CN=a\\2COU=b')).toEqual(cn('a,OU=b'))
    expect(parseDistinguishedName('CN="a,OU=b"')).toEqual(cn('a,OU=b'))
  })

  it('keeps a value that begins with an escaped number sign as text', () => {
    for (const text of ['CN=\\#0C0161', 'CN=\\230C0161', 'CN="#0C0161"']) {
      expect(parseDistinguishedName(text)).toEqual(cn('#0C0161'))
    }
  })

  it('prints every spelling of a type in one way', () => {
    for (const type of ['CN', 'cn', 'cN', 'commonName', 'COMMONNAME', '2.5.4.3', 'OID.2.5.4.3', 'oid.2.5.4.3']) {
      expect(parseDistinguishedName(`${type}=a`)).toEqual(cn('a'))
    }
  })

  it.each(['uid', 'Mail'])('refuses %s, under which OpenSSL prints another type than other software', (type) => {
    const ambiguous = 'uid and Mail are ambiguous types; write UID, mail or an OID'
    expect(() => parseDistinguishedName(`${type}=a`)).toThrow(refusal(ambiguous, type.length))
    expect(() => parseDistinguishedName(`CN=a+${type} =b`)).toThrow(refusal(ambiguous, type.length + 5))
  })

  it.each(['uid', 'Mail'])('keeps %s in a printed name, which is compared with the certificate', (type) => {
    expect(parsePrintedName(`CN=a+${type} = b`)).toEqual([
      [
        { type: 'CN', value: 'a' },
        { type, value: 'b' },
      ],
    ])
    expect(isAmbiguousType(type)).toBe(true)
    for (const other of [type.toUpperCase(), 'uniqueIdentifier', 'CN']) {
      expect(isAmbiguousType(other)).toBe(false)
      expect(parsePrintedName(`${other}=b`)).toEqual(parseDistinguishedName(`${other}=b`))
    }
  })

  it('refuses in a printed name the same faults', () => {
    for (const text of ['CN', 'uid', 'uid=a,', 'x'.repeat(16_385), 'CN=\ud800']) {
      expect(() => parsePrintedName(text)).toThrow(SyntaxError)
    }
  })

  it('keeps repeated types, in order', () => {
    expect(parseDistinguishedName('CN=a,CN=b,cn=a+CN=a')).toEqual([
      ...rdns(['CN', 'a'], ['CN', 'b']),
      [
        { type: 'CN', value: 'a' },
        { type: 'CN', value: 'a' },
      ],
    ])
  })

  it('gives __proto__ no meaning', () => {
    expect(parseDistinguishedName('CN=__proto__')).toEqual(cn('__proto__'))
    expect(() => parseDistinguishedName('__proto__=a')).toThrow(NO_TYPE)
    expect(parseDistinguishedName('constructor=a,toString=b')).toEqual(rdns(['constructor', 'a'], ['toString', 'b']))
    expect(Object.getPrototypeOf(parseDistinguishedName('constructor=a')[0]?.[0])).toBe(Object.prototype)
  })

  it.each([
    ['no equals sign', 'CN', 2],
    ['a type and a space', 'CN x=a', 3],
    ['a trailing comma', 'CN=a,', 5],
    ['a trailing comma and spaces', 'CN=a,  ', 7],
    ['a trailing semicolon', 'CN=a;', 5],
    ['a trailing plus', 'CN=a+', 5],
    ['a value without a type', 'CN=a,b', 6],
    ['a comma alone', ',', 1],
    ['OpenSSL’s text with a colon', 'CN : a', 3],
  ])('refuses %s', (_, text, at) => {
    expect(() => parseDistinguishedName(text)).toThrow(refusal(NO_ATTRIBUTE, at))
  })

  it.each([
    ['a leading comma', ',CN=a'],
    ['two commas', 'CN=a,,OU=b'],
    ['an empty type', '=a'],
    ['an empty type behind a comma', 'CN=a,=b'],
    ['an escaped type', '\\43N=a'],
    ['a quoted type', '"CN"=a'],
    ['an underscore in a type', 'C_N=a'],
    ['a type beyond ASCII', 'ＣＮ=a'],
    ['an option behind a type', 'CN;binary=a'],
    ['a number that is no identifier', '2=a'],
    ['an identifier with a leading zero', '2.5.4.03=a'],
    ['the legacy one-line form', '/C=US/CN=a'],
    ['a tab before a type', 'CN=a,\tOU=b'],
    ['a line break before a type', 'CN=a,\nOU=b'],
    ['a no-break space before a type', '\u00a0CN=a'],
    ['a tab behind a type', 'CN\t=a'],
  ])('refuses %s', (_, text) => {
    expect(() => parseDistinguishedName(text)).toThrow(NO_TYPE)
  })

  it.each([...'"<>', '\0'])('refuses an unescaped %j', (char) => {
    expect(() => parseDistinguishedName(`CN=a${char}b`)).toThrow(refusal(NOT_ESCAPED, 4))
    expect(() => parseDistinguishedName(`CN=a,OU=b${char}`)).toThrow(refusal(NOT_ESCAPED, 9))
  })

  it.each([
    ['at the end', 'CN=a\\', 5],
    ['before a letter', 'CN=\\z', 4],
    ['before one digit', 'CN=\\4', 4],
    ['before one digit and a separator', 'CN=\\4,OU=b', 4],
    ['before one digit and a letter', 'CN=\\4g', 4],
    ['before a line break', 'CN=\\\n', 4],
    ['before a character beyond ASCII', 'CN=\\ë', 4],
    ['before a hexadecimal escape of C', 'CN=\\x41', 4],
    ['before a sign and a digit', 'CN=\\-1', 4],
    ['before a space and a digit in quotes', 'CN="\\n"', 5],
    ['that is the last of an odd number', 'CN=\\\\\\', 6],
  ])('refuses a backslash %s', (_, text, at) => {
    expect(() => parseDistinguishedName(text)).toThrow(refusal(NO_PAIR, at))
  })

  it.each([
    ['a lone lead byte', '\\C3'],
    ['a lone continuation byte', '\\AB'],
    ['a cut sequence', '\\E2\\82'],
    ['a sequence that a character interrupts', '\\C3x\\AB'],
    ['a sequence that an escaped character interrupts', '\\C3\\,\\AB'],
    ['a sequence that a space interrupts', '\\C3 \\AB'],
    ['a sequence that raw text completes', '\\C3«'],
    ['an overlong slash', '\\C0\\AF'],
    ['an overlong NUL', '\\C0\\80'],
    ['a surrogate', '\\ED\\A0\\80'],
    ['a pair of surrogates', '\\ED\\A0\\BD\\ED\\B4\\91'],
    ['a character beyond Unicode', '\\F4\\90\\80\\80'],
    ['Latin-1', 'Zo\\EB'],
    ['a byte that UTF-8 never has', '\\FF'],
  ])('refuses %s', (_, written) => {
    expect(() => parseDistinguishedName(`CN=${written}`)).toThrow(NOT_UTF8)
    expect(() => parseDistinguishedName(`CN="${written}"`)).toThrow(NOT_UTF8)
    expect(() => parseDistinguishedName(`CN=${written},OU=b`)).toThrow(NOT_UTF8)
    expect(parseDistinguishedName('CN=\\C3\\AB'), 'nothing is left over for the next name').toEqual(cn('ë'))
  })

  it.each([
    ['CN="', 4],
    ['CN="a', 5],
    ['CN="a\\"', 7],
    ['CN="a,OU=b', 10],
  ])('refuses %s, which is not closed', (text, at) => {
    expect(() => parseDistinguishedName(text)).toThrow(refusal(NOT_CLOSED, at))
  })

  it.each([
    ['CN="a"b', 6],
    ['CN="a" b', 7],
    ['CN="a""b"', 6],
    ['CN="a"=', 6],
    ['CN="a"\t', 6],
    ['CN=#0C0161 b', 11],
    ['CN=#0C01 61', 9],
  ])('refuses text after the value in %j', (text, at) => {
    expect(() => parseDistinguishedName(text)).toThrow(refusal(NO_SEPARATOR, at))
  })

  it.each([
    '#0',
    '#0C016',
    '#zz',
    '#0x0C0161',
    '##0C0161',
    '#"0C0161"',
    '#0C0161\\20',
    '#0C:01:61',
    '#0C0161\t',
    '#0C0161\u00a0',
  ])('refuses %j, which is not hexadecimal', (written) => {
    expect(() => parseDistinguishedName(`CN=${written}`)).toThrow(NOT_HEX)
  })

  it.each(['#', '#0C', '#0C02', '#0C0261', '#0C016162', '#0C81', '#0C8200', '#3080'])(
    'refuses %s, which is not one BER value',
    (written) => {
      expect(() => parseDistinguishedName(`CN=${written}`)).toThrow(
        new SyntaxError('a #hex value is not one BER value'),
      )
    },
  )

  it('reads a hexadecimal string of wrong characters as its bytes', () => {
    expect(parseDistinguishedName('CN=#0C01C3')).toEqual([[{ type: 'CN', value: Uint8Array.of(0x0c, 1, 0xc3) }]])
  })

  it('reads a name at the length cap and refuses one beyond it', () => {
    expect(MAX_DISTINGUISHED_NAME_LENGTH).toBe(16_384)
    const longest = `CN=${'a'.repeat(16_381)}`
    expect(parseDistinguishedName(longest)).toEqual(cn('a'.repeat(16_381)))
    const tooLong = new SyntaxError('a distinguished name is longer than 16384 characters')
    expect(() => parseDistinguishedName(`${longest}a`)).toThrow(tooLong)
    expect(() => parseDistinguishedName(' '.repeat(16_385))).toThrow(tooLong)
  })

  it.each(['CN=a\ud83d', 'CN=\udd11a', 'CN="\ud83d"', '\ud83d=a', 'CN=a,\udd11'])(
    'refuses half of a surrogate pair: %j',
    (text) => {
      expect(() => parseDistinguishedName(text)).toThrow(
        new SyntaxError('a distinguished name contains half of a surrogate pair'),
      )
    },
  )

  // A quadratic step would still finish, and only an exponential one would hang. The tests assert that the whole text
  // is read: an error is reported at the end of the text.
  it.each<[string, string, string, number]>([
    ['RDNs', '', 'a=,', 5460],
    ['attributes in an RDN', 'a=', '+a=', 1],
    ['escapes', 'a=', '\\\\', 1],
    ['pairs', 'a=', '\\C3\\AB', 1],
    ['pairs that spaces part', 'a=', '\\41 ', 1],
    ['spaces inside a value', 'a=x', ' ', 1],
    ['spaces before a value', 'a=', ' ', 1],
    ['equals signs', 'a=', '=', 1],
    ['number signs', 'a=x', '#', 1],
    ['arcs in an identifier', '1', '.1', 1],
    ['spaces behind a type', 'a', ' ', 1],
    ['letters in a type', 'a', 'a', 1],
  ])('completes over as many %s as fit', (_, head, unit, count) => {
    const tail = head.includes('=') ? '' : '=x'
    const times = Math.floor((MAX_DISTINGUISHED_NAME_LENGTH - head.length - tail.length - 3) / unit.length)
    const text = `${head}${unit.repeat(times)}${unit.endsWith(',') ? 'a=x' : tail}`
    const name = parseDistinguishedName(text)
    expect(name).toHaveLength(count)
    expect(parseDistinguishedName(formatDistinguishedName(name))).toEqual(name)
  })

  it.each([
    ['backslashes', 'a=\\', '\\\\', NO_PAIR],
    ['open quotes', 'a="', 'x', NOT_CLOSED],
    ['escaped quotes', 'a="', '\\"', NOT_CLOSED],
    ['spaces without an attribute behind them', 'a=,', ' ', NO_ATTRIBUTE],
    ['letters without an equals sign', '', 'a', NO_ATTRIBUTE],
    ['RDNs before a trailing comma', '', 'a=,', NO_ATTRIBUTE],
  ])('completes over as many %s as fit', (_, head, unit, what) => {
    const times = Math.floor((MAX_DISTINGUISHED_NAME_LENGTH - head.length) / unit.length)
    const text = `${head}${unit.repeat(times)}`
    expect(() => parseDistinguishedName(text)).toThrow(refusal(what, text.length))
  })

  it('completes over the longest hexadecimal value', () => {
    const contents = Buffer.alloc(8180, 'x')
    const ber = Buffer.concat([Buffer.from([0x0c, 0x82, contents.length >> 8, contents.length & 0xff]), contents])
    expect(parseDistinguishedName(`CN=#${ber.toString('hex')}`)).toEqual(cn('x'.repeat(8180)))
    expect(() => parseDistinguishedName(`CN=#${'0'.repeat(16_379)}`)).toThrow(NOT_HEX)
  })
})

describe('formatDistinguishedName', () => {
  it('writes the shortest form of RFC 4514', () => {
    const name = [
      [
        { type: 'commonName', value: 'Zoë' },
        { type: 'userid', value: '7' },
      ],
      [{ type: 'OID.2.5.4.10', value: 'Acme, Inc.' }],
      [{ type: 'c', value: 'US' }],
    ]
    expect(formatDistinguishedName(name)).toBe('CN=Zoë+UID=7,O=Acme\\, Inc.,C=US')
    expect(formatDistinguishedName([])).toBe('')
  })

  it.each([
    ['', ''],
    [' ', '\\ '],
    ['  ', '\\ \\ '],
    ['   ', '\\  \\ '],
    [' a ', '\\ a\\ '],
    ['a b', 'a b'],
    ['#', '\\#'],
    ['#a#', '\\#a#'],
    ['a,b+c"d\\e<f>g;h=i', 'a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h=i'],
    ['__proto__', '__proto__'],
    ['ë日🔑', 'ë日🔑'],
    ['\\20', '\\\\20'],
  ])('escapes %j as in RFC 4514', (value, written) => {
    expect(formatDistinguishedName(cn(value))).toBe(`CN=${written}`)
    expect(parseDistinguishedName(`CN=${written}`)).toEqual(cn(value))
  })

  it.each([
    ['NUL', '\0', '\\00'],
    ['a tab', '\t', '\\09'],
    ['a line feed', '\n', '\\0A'],
    ['a carriage return', '\r', '\\0D'],
    ['the escape of terminals', '\x1b', '\\1B'],
    ['DEL', '\x7f', '\\7F'],
    ['a C1 control', '\x9b', '\\C2\\9B'],
    ['a no-break space', '\u00a0', '\\C2\\A0'],
    ['a soft hyphen', '\u00ad', '\\C2\\AD'],
    ['a combining grapheme joiner', '\u034f', '\\CD\\8F'],
    ['an Arabic letter mark', '\u061c', '\\D8\\9C'],
    ['an em space', '\u2003', '\\E2\\80\\83'],
    ['a zero-width space', '\u200b', '\\E2\\80\\8B'],
    ['a zero-width joiner', '\u200d', '\\E2\\80\\8D'],
    ['a right-to-left mark', '\u200f', '\\E2\\80\\8F'],
    ['a line separator', '\u2028', '\\E2\\80\\A8'],
    ['a paragraph separator', '\u2029', '\\E2\\80\\A9'],
    ['a right-to-left override', '\u202e', '\\E2\\80\\AE'],
    ['a right-to-left isolate', '\u2067', '\\E2\\81\\A7'],
    ['a Hangul filler', '\u3164', '\\E3\\85\\A4'],
    ['a variation selector', '\ufe0f', '\\EF\\B8\\8F'],
    ['a byte order mark', '\ufeff', '\\EF\\BB\\BF'],
    ['a private character', '\ue000', '\\EE\\80\\80'],
    ['a noncharacter', '\uffff', '\\EF\\BF\\BF'],
    ['a tag character', '\u{e0041}', '\\F3\\A0\\81\\81'],
  ])('writes %s in pairs, so that nothing is hidden in a name', (_, char, pairs) => {
    expect(formatDistinguishedName(cn(`a${char}b`))).toBe(`CN=a${pairs}b`)
    expect(formatDistinguishedName(cn(`${char}${char}`))).toBe(`CN=${pairs}${pairs}`)
    expect(parseDistinguishedName(`CN=a${pairs}b`)).toEqual(cn(`a${char}b`))
  })

  it('writes half of a surrogate pair as the replacement character', () => {
    expect(formatDistinguishedName(cn('a\ud83d'))).toBe('CN=a\\EF\\BF\\BD')
    expect(formatDistinguishedName(cn('\udd11a'))).toBe('CN=\\EF\\BF\\BDa')
  })

  it('writes bytes in hexadecimal', () => {
    expect(formatDistinguishedName(cn(Uint8Array.of(0x04, 0x02, 0x0a, 0xff)))).toBe('CN=#04020AFF')
  })

  it('refuses a type that no parser would read', () => {
    expect(() => formatDistinguishedName([[{ type: 'CN=x,O', value: 'a' }]])).toThrow(NO_TYPE)
  })

  it('is read back, for random names', () => {
    const below = random(2253)
    const types = ['CN', 'OU', 'O', 'C', 'emailAddress', 'X-Badge', '1.2.3.4', 'constructor']
    const alphabet = [
      ...' ,+"\\<>;#=aZ09.',
      '\n',
      '\0',
      '\x7f',
      'ë',
      '日',
      '🔑',
      '\u00a0',
      '\u202e',
      '\ufeff',
      '\u2028',
      '__proto__',
    ]
    for (let round = 0; round < 5000; round += 1) {
      const name = Array.from({ length: below(5) }, () =>
        Array.from({ length: 1 + below(3) }, () => ({
          type: types[below(types.length)] as string,
          value: below(8)
            ? Array.from({ length: below(9) }, () => alphabet[below(alphabet.length)]).join('')
            : Uint8Array.of(4, 2, below(256), below(256)),
        })),
      )
      const text = formatDistinguishedName(name)
      expect(parseDistinguishedName(text)).toEqual(name)
      expect(formatDistinguishedName(parseDistinguishedName(text))).toBe(text)
    }
  })
})

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
