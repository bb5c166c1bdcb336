import { describe, expect, it } from 'vitest'
import { attributeTypeId, attributeTypeName } from './attribute-types.ts'

const NO_TYPE = new SyntaxError('an attribute type is not a name such as CN or a dotted OID')

/** Printed name, identifier and other names, copied by hand from RFC 4519, RFC 2985 and the EV guidelines. */
const KNOWN: [name: string, oid: string, ...others: string[]][] = [
  ['CN', '2.5.4.3', 'commonName'],
  ['SN', '2.5.4.4', 'surname'],
  ['serialNumber', '2.5.4.5'],
  ['C', '2.5.4.6', 'countryName'],
  ['L', '2.5.4.7', 'localityName'],
  ['ST', '2.5.4.8', 'stateOrProvinceName'],
  ['STREET', '2.5.4.9', 'streetAddress'],
  ['O', '2.5.4.10', 'organizationName'],
  ['OU', '2.5.4.11', 'organizationalUnitName'],
  ['title', '2.5.4.12'],
  ['description', '2.5.4.13'],
  ['businessCategory', '2.5.4.15'],
  ['postalCode', '2.5.4.17'],
  ['name', '2.5.4.41'],
  ['GN', '2.5.4.42', 'givenName'],
  ['initials', '2.5.4.43'],
  ['generationQualifier', '2.5.4.44'],
  ['x500UniqueIdentifier', '2.5.4.45'],
  ['dnQualifier', '2.5.4.46'],
  ['pseudonym', '2.5.4.65'],
  ['organizationIdentifier', '2.5.4.97'],
  ['member', '2.5.4.31'],
  ['owner', '2.5.4.32'],
  ['uniqueMember', '2.5.4.50'],
  ['UID', '0.9.2342.19200300.100.1.1', 'userId'],
  ['mail', '0.9.2342.19200300.100.1.3', 'rfc822Mailbox'],
  ['roomNumber', '0.9.2342.19200300.100.1.6'],
  ['host', '0.9.2342.19200300.100.1.9'],
  ['uniqueIdentifier', '0.9.2342.19200300.100.1.44'],
  ['DC', '0.9.2342.19200300.100.1.25', 'domainComponent'],
  ['emailAddress', '1.2.840.113549.1.9.1', 'E', 'email'],
  ['unstructuredName', '1.2.840.113549.1.9.2'],
  ['challengePassword', '1.2.840.113549.1.9.7'],
  ['INN', '1.2.643.3.131.1.1'],
  ['OGRN', '1.2.643.100.1'],
  ['SNILS', '1.2.643.100.3'],
  ['OGRNIP', '1.2.643.100.5'],
  ['jurisdictionL', '1.3.6.1.4.1.311.60.2.1.1', 'jurisdictionLocalityName'],
  ['jurisdictionST', '1.3.6.1.4.1.311.60.2.1.2', 'jurisdictionStateOrProvinceName'],
  ['jurisdictionC', '1.3.6.1.4.1.311.60.2.1.3', 'jurisdictionCountryName'],
]

describe.each(KNOWN)('the attribute type %s', (name, oid, ...others) => {
  const spellings = [name, oid, `OID.${oid}`, `oid.${oid}`, ...others]
  const all = spellings.flatMap((spelling) => [spelling, spelling.toLowerCase(), spelling.toUpperCase()])

  it('has one identity in every spelling', () => {
    expect(new Set(all.map(attributeTypeId))).toEqual(new Set([oid]))
  })

  it('is printed in one way', () => {
    expect(new Set(all.map(attributeTypeName))).toEqual(new Set([name]))
  })
})

describe('attributeTypeId', () => {
  it('tells apart every type that it knows', () => {
    expect(new Set(KNOWN.map(([name]) => attributeTypeId(name))).size).toBe(KNOWN.length)
  })

  it('folds the case of a name that it does not know', () => {
    expect(attributeTypeId('X-Badge')).toBe('x-badge')
    expect(attributeTypeId('x-badge')).toBe('x-badge')
  })

  it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf'])('treats %s as a name like all others', (type) => {
    expect(attributeTypeId(type)).toBe(type.toLowerCase())
  })

  it('keeps an identifier that it does not know', () => {
    expect(attributeTypeId('1.2.3.4')).toBe('1.2.3.4')
    expect(attributeTypeId('OID.0.0')).toBe('0.0')
    expect(attributeTypeId('2.5.4.96')).toBe('2.5.4.96')
  })

  it.each([
    '',
    ' ',
    ' CN',
    'CN ',
    'CN\n',
    'C N',
    '1',
    '1.',
    '.1',
    '1..2',
    '01.2',
    '2.05.4.3',
    '2.5.4.03',
    '2.5.4.3.',
    'OID.',
    'OID.CN',
    'OID.OID.2.5.4.3',
    '2.5.4.x',
    '-CN',
    '9CN',
    '__proto__',
    'C_N',
    'CN;binary',
    'CN+OU',
    'ＣＮ',
    'Ⅽ',
    '2.5.4.３',
  ])('refuses %j', (type) => {
    expect(() => attributeTypeId(type)).toThrow(NO_TYPE)
    expect(() => attributeTypeName(type)).toThrow(NO_TYPE)
  })
})

describe('attributeTypeName', () => {
  it('keeps the spelling of a name that it does not know', () => {
    expect(attributeTypeName('X-Badge')).toBe('X-Badge')
    expect(attributeTypeName('constructor')).toBe('constructor')
  })

  it('drops the prefix of an identifier that it does not know', () => {
    expect(attributeTypeName('OID.1.2.3.4')).toBe('1.2.3.4')
    expect(attributeTypeName('1.2.3.4')).toBe('1.2.3.4')
  })
})
