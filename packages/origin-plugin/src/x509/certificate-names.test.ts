import { X509Certificate } from 'node:crypto'
import { createCa, type IssueOverrides, type TestCa, x509 } from '@countersign/test-support/certificates'
import { opensslSubject } from '@countersign/test-support/openssl'
import { der, derName, type RawAttribute } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it } from 'vitest'
import { readCertificateNames, readName } from './certificate-names.ts'
import { readDerValue } from './der.ts'
import { DistinguishedName } from './distinguished-name.ts'

let ca: TestCa
beforeAll(async () => {
  ca = await createCa()
})

const namesOf = async (template: IssueOverrides) => readCertificateNames((await ca.issue(template)).cert.raw)

/** Attribute types, as the contents of their object identifiers. */
const TYPE = {
  CN: '550403',
  serialNumber: '550405',
  C: '550406',
  O: '55040a',
  x500UniqueIdentifier: '55042d',
  emailAddress: '2a864886f70d010901',
  DC: '0992268993f22c640119',
  private: '2b06010401868d1f01',
} as const

const attribute = (type: keyof typeof TYPE, tag: number, text: string | Uint8Array): RawAttribute => [
  TYPE[type],
  der(tag, text),
]
const cn = (tag: number, text: string | Uint8Array) => [attribute('CN', tag, text)]
const utf16 = (text: string) => Buffer.from(text, 'utf16le').swap16()
const utf32 = (text: string) =>
  Buffer.concat(
    Array.from(text, (char) => Buffer.from((char.codePointAt(0) ?? 0).toString(16).padStart(8, '0'), 'hex')),
  )

const UTF8 = 0x0c
const PRINTABLE = 0x13
const IA5 = 0x16

/** Subjects in the certificate's order, with the expected common name. */
const SUBJECTS: [what: string, rdns: RawAttribute[][], cn: string | undefined][] = [
  ['a plain name', [[attribute('C', PRINTABLE, 'US')], [attribute('O', UTF8, 'Acme')], cn(UTF8, 'pay-1')], 'pay-1'],
  ['a comma, a plus, quotes and a backslash', [cn(UTF8, 'a,b+c"d\\e;f<g>h=i')], 'a,b+c"d\\e;f<g>h=i'],
  ['a leading hash', [cn(UTF8, '#1')], '#1'],
  ['spaces around', [cn(UTF8, '  a  ')], '  a  '],
  ['one space', [cn(UTF8, ' ')], ' '],
  ['an emoji', [cn(UTF8, Buffer.from('🔑 Zoë'))], '🔑 Zoë'],
  ['a NUL', [cn(UTF8, 'good.example\0.evil.example')], 'good.example\0.evil.example'],
  ['line breaks and other controls', [cn(UTF8, 'a\r\nb\tc\x7f')], 'a\r\nb\tc\x7f'],
  ['a slash, as OpenSSL’s one line separates', [cn(UTF8, 'x/O=Evil')], 'x/O=Evil'],
  ['a text that looks like another name', [cn(UTF8, 'a,CN=admin')], 'a,CN=admin'],
  ['PrintableString', [cn(PRINTABLE, 'printable')], 'printable'],
  ['IA5String', [cn(IA5, 'a@b')], 'a@b'],
  ['NumericString', [cn(0x12, '123')], '123'],
  ['BMPString', [cn(0x1e, utf16('Zoë €'))], 'Zoë €'],
  ['T61String, which everybody fills with Latin-1', [cn(0x14, Buffer.from('Zoë T61', 'latin1'))], 'Zoë T61'],
  ['UniversalString', [cn(0x1c, utf32('Zoë 🔑 32'))], 'Zoë 🔑 32'],
  ['two common names', [cn(UTF8, 'a'), cn(UTF8, 'b')], undefined],
  ['an RDN with two attributes', [[...cn(UTF8, 'a'), attribute('serialNumber', PRINTABLE, '7')]], 'a'],
  ['an RDN with two common names', [[...cn(UTF8, 'a'), ...cn(UTF8, 'b')]], undefined],
  ['an attribute without a name', [[attribute('private', UTF8, 'x')], cn(UTF8, 'a')], 'a'],
  [
    'domain components and a mail address',
    [
      [attribute('DC', IA5, 'example')],
      [attribute('DC', IA5, 'acme')],
      [attribute('emailAddress', IA5, 'a@b')],
      cn(UTF8, 'a'),
    ],
    'a',
  ],
  ['an attribute that is no text', [[attribute('x500UniqueIdentifier', 0x03, '\x01\x02')], cn(UTF8, 'a')], 'a'],
]

describe('readCertificateNames: the subject', () => {
  it.each(SUBJECTS)('of %s equals the text of Cloudflare', async (_, rdns, commonName) => {
    const { cert, pem } = await ca.issue({ subject: derName(...rdns) })
    const names = readCertificateNames(cert.raw)
    expect(names.subject.CN).toBe(commonName)
    expect(names.subject.equals(DistinguishedName.parse(opensslSubject(pem)))).toBe(true)
  })

  it('tells every two of them apart', async () => {
    const keys = await Promise.all(
      SUBJECTS.map(async ([, rdns]) => (await namesOf({ subject: derName(...rdns) })).subject.key),
    )
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('may be empty', async () => {
    const { subject } = await namesOf({ subject: derName() })
    expect(subject.rdns).toEqual([])
    expect(String(subject)).toBe('')
  })

  it('throws SyntaxError for an RDN of 33 attributes, because each is compared with every other one', async () => {
    const rdn = (length: number) => Array.from({ length }, (_, at): RawAttribute => ['550403', der(0x0c, String(at))])
    const { subject } = await namesOf({ subject: derName(rdn(32), rdn(1)) })
    expect(subject.rdns.map(({ length }) => length)).toEqual([1, 32])
    await expect(namesOf({ subject: derName(rdn(33)) })).rejects.toThrow(
      new SyntaxError('an RDN has more than 32 attributes'),
    )
  })

  it('agrees with node:crypto on plain names', async () => {
    const { cert } = await ca.issue({ subject: 'CN=pay-1,OU=Ops,O=Acme,C=US' })
    const { subject, issuer } = readCertificateNames(cert.raw)
    const lines = (name: DistinguishedName) => String(name).split(',').reverse().join('\n')
    expect(lines(subject)).toBe(cert.subject)
    expect(lines(issuer)).toBe(cert.issuer)
  })

  it('reads a value that does not match its string type as its bytes', async () => {
    for (const [tag, bytes] of [
      [UTF8, [0xc3, 0x28]],
      [PRINTABLE, [0x61, 0xff]],
      [IA5, [0x61, 0xe9]],
      [0x1e, [0xd8, 0x00]],
    ] as const) {
      const { cert } = await ca.issue({ subject: derName(cn(tag, 'ZQ')) })
      // Changed afterwards: OpenSSL does not even read some of them.
      const changed = Buffer.from(cert.raw)
      Buffer.from(bytes).copy(changed, changed.indexOf('ZQ'))
      const { subject } = readCertificateNames(changed)
      expect(subject.getAll('CN'), String(tag)).toEqual([Uint8Array.of(tag, bytes.length, ...bytes)])
      expect(subject.CN).toBeUndefined()
    }
  })
})

describe('readCertificateNames: extensions', () => {
  it('reads alternative names of every kind, and agrees with node:crypto', async () => {
    const san: x509.JsonGeneralNames = [
      { type: 'dns', value: 'Pay.Acme.Example' },
      { type: 'dns', value: '*.acme.example' },
      { type: 'email', value: 'Jane@acme.example' },
      { type: 'url', value: 'spiffe://acme.example/pay' },
      { type: 'ip', value: '192.0.2.1' },
      { type: 'ip', value: '2001:db8::1' },
      { type: 'upn', value: 'Jane@acme.example' },
      { type: 'guid', value: '8ee13e53-2c1c-42bb-8df7-39927c0bdbb6' },
      { type: 'dn', value: 'CN=other' },
      { type: 'id', value: '1.2.3.4' },
    ]
    const { cert } = await ca.issue({ san })
    expect(readCertificateNames(cert.raw).subjectAltNames).toEqual({
      dns: ['pay.acme.example', '*.acme.example'],
      email: ['Jane@acme.example'],
      uri: ['spiffe://acme.example/pay'],
      ip: ['192.0.2.1', '2001:db8::1'],
      upn: ['Jane@acme.example'],
      unread: [],
    })
    expect(cert.subjectAltName).toContain('DNS:Pay.Acme.Example')
    expect(cert.subjectAltName).toContain('IP Address:192.0.2.1')
  })

  it('has no alternative names if the certificate has none', async () => {
    expect((await namesOf({})).subjectAltNames).toEqual({ dns: [], email: [], uri: [], ip: [], upn: [], unread: [] })
  })

  const UPN = der(0x06, Buffer.from('2b060104018237140203', 'hex'))
  const upn = (value: Buffer) => der(0xa0, UPN, der(0xa0, value))
  const sanOf = (...names: Buffer[]) => new x509.Extension('2.5.29.17', false, der(0x30, ...names))

  it('keeps a NUL in a host name, which would otherwise read as another host name', async () => {
    const { subjectAltNames } = await namesOf({ extensions: [sanOf(der(0x82, 'good.example\0.evil.example'))] })
    expect(subjectAltNames.dns).toEqual(['good.example\0.evil.example'])
  })

  it.each<[string, string[], ...Buffer[]]>([
    ['a host name that is not ASCII', ['dns'], der(0x82, Buffer.from('zoë.example'))],
    ['an e-mail address that is not ASCII', ['email'], der(0x81, Buffer.from('zoë@a.example'))],
    ['a URI in Latin-1', ['uri'], der(0x86, 'zo\xeb://a')],
    ['an address of five bytes', ['ip'], der(0x87, Buffer.alloc(5))],
    ['an address with a mask', ['ip'], der(0x87, Buffer.alloc(8))],
    ['a user principal name that is not a UTF8String', ['upn'], upn(der(0x16, 'a@b'))],
    ['a user principal name that is not UTF-8', ['upn'], upn(der(0x0c, '\xff'))],
    ['a user principal name without its tag', ['upn'], der(0xa0, UPN, der(0x0c, 'a@b'))],
    ['another name without a type', ['upn'], der(0xa0)],
    ['another name of another type, which is of no kind', [], der(0xa0, der(0x06, '\x2a\x03'), der(0xa0, '\xff'))],
    ['names of two kinds, one of them twice', ['ip', 'dns'], der(0x87), der(0x82, '\x80'), der(0x87, '1')],
  ])('marks the kind of %s, and reads the other names', async (_, unread, ...names) => {
    const others = [
      der(0x82, 'a.example'),
      der(0x81, 'a@b'),
      der(0x86, 'a:b'),
      der(0x87, Buffer.from([192, 0, 2, 1])),
      upn(der(0x0c, 'c@d')),
    ]
    expect((await namesOf({ extensions: [sanOf(...names, ...others)] })).subjectAltNames).toEqual({
      dns: ['a.example'],
      email: ['a@b'],
      uri: ['a:b'],
      ip: ['192.0.2.1'],
      upn: ['c@d'],
      unread,
    })
  })

  it.each([
    ['no list', der(0x82, 'a.example')],
    ['cut off', Buffer.from('3005820161', 'hex')],
    ['nothing', Buffer.alloc(0)],
  ])('marks every kind if the names are %s', async (_, value) => {
    const extensions = [new x509.Extension('2.5.29.17', false, value)]
    expect((await namesOf({ extensions })).subjectAltNames).toEqual({
      dns: [],
      email: [],
      uri: [],
      ip: [],
      upn: [],
      unread: ['email', 'dns', 'uri', 'ip', 'upn'],
    })
  })

  it.each([
    ['of another type', der(0x02, '\x05')],
    ['cut off', Buffer.from('0405', 'hex')],
  ])('has no key identifier if it is %s', async (_, value) => {
    const extensions = [new x509.Extension('2.5.29.14', false, value)]
    expect((await namesOf({ bare: true, extensions })).subjectKeyId).toBeUndefined()
  })

  it('throws SyntaxError for two lists of alternative names, of which each reader would believe another', async () => {
    const extensions = [sanOf(der(0x82, 'good.example')), sanOf(der(0x82, 'evil.example'))]
    await expect(namesOf({ extensions })).rejects.toThrow(
      new SyntaxError('the certificate has the extension 2.5.29.17 twice'),
    )
  })

  it('reads the key identifier if there is one', async () => {
    const { cert } = await ca.issue()
    const { subjectKeyId } = readCertificateNames(cert.raw)
    expect(subjectKeyId).toMatch(/^[0-9A-F]{40}$/)
    expect((await namesOf({ bare: true })).subjectKeyId).toBeUndefined()
  })
})

describe('readCertificateNames: hostile bytes', () => {
  it('throws SyntaxError for every truncation', async () => {
    const { cert } = await ca.issue()
    for (let length = 0; length < cert.raw.length; length += 1) {
      expect(() => readCertificateNames(cert.raw.subarray(0, length)), `${length} bytes`).toThrow(SyntaxError)
    }
  })

  it('returns names or throws SyntaxError for every changed byte, and nothing else', async () => {
    const { cert } = await ca.issue({ san: [{ type: 'dns', value: 'a.example' }] })
    for (let at = 0; at < cert.raw.length; at += 1) {
      for (const value of [0x00, 0x80, 0xff]) {
        const changed = Buffer.from(cert.raw)
        changed[at] = value
        try {
          readCertificateNames(changed)
        } catch (error) {
          expect(error, `byte ${at} = ${value}`).toBeInstanceOf(SyntaxError)
        }
      }
    }
  })

  it.each([
    ['nothing', ''],
    ['an indefinite length', '3080'],
    ['a length beyond the bytes', '3084ffffffff'],
    ['deep nesting', '3030'.repeat(2000)],
  ])('throws SyntaxError for %s', (_, hex) => {
    expect(() => readCertificateNames(Buffer.from(hex, 'hex'))).toThrow(SyntaxError)
  })

  it('reads a certificate of version 1, which has neither version nor extensions', async () => {
    const { cert } = await ca.issue()
    const name = (text: string) =>
      der(0x30, der(0x31, der(0x30, der(0x06, Buffer.from('550403', 'hex')), der(0x0c, text))))
    const spki = cert.publicKey.export({ format: 'der', type: 'spki' })
    const algorithm = der(0x30, der(0x06, Buffer.from('2a8648ce3d040302', 'hex')))
    const validity = der(0x30, der(0x17, '250101000000Z'), der(0x17, '350101000000Z'))
    const tbs = der(0x30, der(0x02, '\x05'), algorithm, name('issuer'), validity, name('subject'), spki)
    const v1 = der(0x30, tbs, algorithm, der(0x03, Buffer.alloc(65)))
    expect(new X509Certificate(v1).subject).toBe('CN=subject')
    const names = readCertificateNames(v1)
    expect([names.subject.CN, names.issuer.CN, names.subjectKeyId]).toEqual(['subject', 'issuer', undefined])
  })
})

describe('readName', () => {
  const read = (hex: string) => readName(readDerValue(Buffer.from(hex, 'hex'), 0))

  it.each([
    ['of the name', '30810c310a300806035504030c0161'],
    ['of an RDN', '300d31810a300806035504030c0161'],
    ['of an attribute', '300d310b30810806035504030c0161'],
    ['of a type', '300d310b30090681035504030c0161'],
    ['of a value', '300d310b300906035504030c810161'],
    ['of no part', '300c310a300806035504030c0161'],
  ])('accepts a length %s that is not in its shortest form, as OpenSSL does', (_, hex) => {
    expect(String(read(hex))).toBe('CN=a')
  })

  it.each([
    ['310c310a300806035504030c0161', 'a name is not a sequence'],
    ['300c300a300806035504030c0161', 'an RDN is not a set'],
    ['300c310a310806035504030c0161', 'an attribute is not a sequence'],
    ['300c310a300804035504030c0161', 'expected an object identifier'],
    ['3009310730050603550403', 'an attribute has no value'],
    ['300d310b300906035504030c016105', 'not a DER value'],
  ])('refuses %s', (hex, message) => {
    expect(() => read(hex)).toThrow(new SyntaxError(message))
  })

  it('ignores a value behind that of an attribute', () => {
    expect(String(read('300e310c300a06035504030c01610500'))).toBe('CN=a')
  })
})
