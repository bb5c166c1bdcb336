import { describe, expect, it } from 'vitest'
import { DistinguishedName } from './distinguished-name.ts'

const parse = DistinguishedName.parse

describe('DistinguishedName', () => {
  it('has a shortcut for each common attribute', () => {
    const name = parse('CN=a,OU=b,O=c,L=d,ST=e,C=US,UID=f,DC=g,emailAddress=h@example.net')
    const { CN, OU, O, L, ST, C, UID, DC, emailAddress } = name
    expect([CN, OU, O, L, ST, C, UID, DC, emailAddress]).toEqual([
      'a',
      'b',
      'c',
      'd',
      'e',
      'US',
      'f',
      'g',
      'h@example.net',
    ])
  })

  it.each(['CN', 'cn', 'commonName', 'COMMONNAME', '2.5.4.3', 'OID.2.5.4.3', 'oid.2.5.4.3'])(
    'finds the common name as %s, however it was written',
    (type) => {
      for (const text of ['CN=a,O=x', 'cn=a', 'commonName=a', '2.5.4.3=a', '2.5.4.3=#0C0161']) {
        expect(parse(text).get(type), text).toBe('a')
        expect(parse(text).getAll(type), text).toEqual(['a'])
      }
    },
  )

  it('has no value for an absent attribute', () => {
    const name = parse('O=Acme')
    expect(name.CN).toBeUndefined()
    expect(name.get('CN')).toBeUndefined()
    expect(name.getAll('CN')).toEqual([])
  })

  it.each(['CN=a,CN=b', 'CN=a,CN=a', 'CN=a,O=x,cn=b', 'CN=a+CN=b', 'CN=a,2.5.4.3=b', 'CN=a,commonName=#0C0162'])(
    'returns none of the repeated values of %s',
    (text) => {
      const name = parse(text)
      expect(name.CN).toBeUndefined()
      expect(name.get('2.5.4.3')).toBeUndefined()
      expect(name.getAll('CN')).toHaveLength(2)
    },
  )

  it('gives repeated values in order', () => {
    expect(parse('OU=a,OU=b,O=x,OU=a').getAll('ou')).toEqual(['a', 'b', 'a'])
  })

  it('gives bytes, and no text, for a value that is not text', () => {
    const name = parse('CN=#04024869')
    expect(name.CN).toBeUndefined()
    expect(name.getAll('CN')).toEqual([Uint8Array.of(4, 2, 0x48, 0x69)])
  })

  it('cannot be changed, because requests share it', () => {
    const name = parse('OU=a,OU=b')
    expect(Object.isFrozen(name)).toBe(true)
    expect(Object.isFrozen(name.rdns)).toBe(true)
    expect(() => Object.assign(name, { CN: 'mallory' })).toThrow(TypeError)
    expect(Object.isFrozen(name.rdns[0])).toBe(true)
    expect(Object.isFrozen(name.rdns[0]?.[0])).toBe(true)
    expect(Object.isFrozen(parse('1.2.3=#040141').rdns[0]?.[0])).toBe(true)
  })

  it('hands out copies of bytes, which cannot be frozen', () => {
    const own = Uint8Array.of(4, 1, 0x41)
    const name = new DistinguishedName([[{ type: '1.2.3', value: own }]])
    const bytesOf = () => [name.rdns[0]?.[0]?.value, name.getAll('1.2.3')[0]] as Uint8Array[]
    own[2] = 0x42
    for (const bytes of bytesOf()) bytes[2] = 0x42
    expect(bytesOf()).toEqual([Uint8Array.of(4, 1, 0x41), Uint8Array.of(4, 1, 0x41)])
    // The key is computed at its first use, after these changes.
    expect(name.equals(parse('1.2.3=#040141'))).toBe(true)
    expect(name.equals(parse('1.2.3=#040142'))).toBe(false)
    expect(String(name)).toBe('1.2.3=#040141')
  })

  it('hands out a list of its own for each call', () => {
    const name = parse('OU=a,OU=b')
    const values = name.getAll('OU') as unknown[]
    values[0] = 'mallory'
    values.push('c')
    expect(name.getAll('OU')).toEqual(['a', 'b'])
  })

  it('tells an empty value from an absent one', () => {
    expect(parse('CN=').CN).toBe('')
  })

  it.each(['constructor', 'toString', 'hasOwnProperty'])('has no attribute %s of its own accord', (type) => {
    expect(parse('CN=a').get(type)).toBeUndefined()
    expect(parse('CN=a').getAll(type)).toEqual([])
  })

  it.each(['', '__proto__', 'C N', '2', '2.', 'CN=a', 'a.b'])('refuses %j, which is not an attribute type', (type) => {
    expect(() => parse('CN=a').get(type)).toThrow(SyntaxError)
    expect(() => parse('CN=a').getAll(type)).toThrow(SyntaxError)
  })

  it('refuses text that is not a name', () => {
    expect(() => parse('pay-1')).toThrow(SyntaxError)
    expect(() => parse('/C=US/CN=a')).toThrow(SyntaxError)
  })

  it('can be empty', () => {
    expect(parse('').rdns).toEqual([])
    expect(String(parse(''))).toBe('')
    expect(parse('').equals(parse('CN='))).toBe(false)
  })

  it('keeps the RDNs in order', () => {
    expect(parse('OU=b+CN=a,O=x').rdns).toEqual([
      [
        { type: 'OU', value: 'b' },
        { type: 'CN', value: 'a' },
      ],
      [{ type: 'O', value: 'x' }],
    ])
  })
})

describe('DistinguishedName#equals', () => {
  it.each([
    ['CN=a,O=x', 'cn=a, 2.5.4.10=x'],
    ['CN=a,O=x', 'CN=a;O=x'],
    ['CN=a+OU=b,O=x', 'OU=b+CN=a,O=x'],
    ['CN=a+CN=b', 'CN=b+CN=a'],
    ['O=Acme\\, Inc.', 'O="Acme, Inc."'],
    ['O=Acme\\, Inc.', 'O=Acme\\2C Inc.'],
    ['CN=Zo\\C3\\AB', 'CN=Zoë'],
    ['CN=#0C0161', 'CN=a'],
    ['1.2.3=#0401ff', '1.2.3=#0401FF'],
    ['', ''],
  ])('finds %s and %s the same', (a, b) => {
    expect(parse(a).equals(parse(b))).toBe(true)
    expect(parse(a).key).toBe(parse(b).key)
  })

  it.each([
    ['CN=a,O=x', 'O=x,CN=a'],
    ['CN=a,O=x', 'CN=a+O=x'],
    ['O=x,CN=a', 'CN=a+O=x'],
    ['CN=a,O=x', 'CN=a'],
    ['CN=a,O=x', 'CN=a,O=x,C=US'],
    ['CN=a', 'CN=A'],
    ['CN=a', 'CN=a\\ '],
    ['CN=a', 'OU=a'],
    ['CN=a', 'CN=a+CN=a'],
    ['OU=a,OU=b', 'OU=b,OU=a'],
    ['CN=Zoë', 'CN=Zoe\u0308'],
    ['CN=', ''],
    ['1.2.3=#0401FF', '1.2.3=#0401FE'],
  ])('finds %s and %s different', (a, b) => {
    expect(parse(a).equals(parse(b))).toBe(false)
  })

  it('knows a type by all its spellings in a name that was not read from text', () => {
    const [one, other] = ['commonName', '2.5.4.3'].map((type) => new DistinguishedName([[{ type, value: 'a' }]]))
    expect(one?.equals(other as DistinguishedName)).toBe(true)
  })

  it.each([
    ['a separator in a value', 'CN=a\\,O\\=x', 'CN=a,O=x'],
    ['a plus in a value', 'CN=a\\+O\\=x', 'CN=a+O=x'],
    ['the key’s own quotes', 'CN=a\\"]\\"\\,\\"[\\"2.5.4.10\\"\\,\\"x\\"', 'CN=a,O=x'],
    ['the key’s own escapes', 'CN=a\\\\\\"', 'CN=a\\"'],
    ['the numbers of bytes as text', 'CN=4\\,1\\,255', 'CN=#0401FF'],
    ['the key’s list of numbers as text', 'CN=[4\\,1\\,255]', 'CN=#0401FF'],
  ])('is not confused by %s', (_what, crafted, real) => {
    expect(parse(crafted).key).not.toBe(parse(real).key)
  })

  it('keeps two attributes apart with any characters in them', () => {
    const odd = ['', '"', '\\', '[', ']', ',', '","', '"],["', '\\"', '\u2028', '\0', '2.5.4.3']
    const keys = new Set<string>()
    for (const a of odd) {
      for (const b of odd) {
        keys.add(new DistinguishedName([[{ type: 'CN', value: a }], [{ type: 'O', value: b }]]).key)
        keys.add(
          new DistinguishedName([
            [
              { type: 'CN', value: a },
              { type: 'O', value: b },
            ],
          ]).key,
        )
      }
    }
    expect(keys.size).toBe(2 * odd.length ** 2)
  })
})

describe('DistinguishedName as text', () => {
  it.each([
    ['cn=a, 2.5.4.10=Acme\\, Inc.', 'CN=a,O=Acme\\, Inc.'],
    ['CN=\\ a\\ ', 'CN=\\ a\\ '],
    ['OU=b+CN=a', 'OU=b+CN=a'],
    ['1.2.3.4=#0401ff', '1.2.3.4=#0401FF'],
  ])('writes %s as %s', (text, written) => {
    expect(String(parse(text))).toBe(written)
    expect(parse(written).equals(parse(text))).toBe(true)
  })

  it('shows itself in JSON', () => {
    expect(JSON.stringify({ subject: parse('CN=a, O=x') })).toBe('{"subject":"CN=a,O=x"}')
  })
})

describe('a name that repeats one attribute', () => {
  /** Counts the steps of all iterators of lists, also those of copies with `...`. */
  function countSteps(run: () => unknown): number {
    const iterators = Object.getPrototypeOf([].values()) as { next: () => unknown }
    const { next } = iterators
    let steps = 0
    iterators.next = function (this: unknown) {
      steps += 1
      return next.call(this)
    }
    try {
      run()
    } finally {
      iterators.next = next
    }
    return steps
  }

  it('is read in steps that grow with its length, and not with its square', () => {
    const rdns = Array.from({ length: 3000 }, () => [{ type: 'CN', value: 'a' }])
    expect(countSteps(() => new DistinguishedName(rdns))).toBeLessThan(10 * rdns.length)
  })
})
