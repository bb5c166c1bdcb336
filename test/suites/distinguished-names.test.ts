import { formatDistinguishedName, parseDistinguishedName } from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import { expectAgreement } from './agreement.ts'

type Attribute = readonly [type: string, value: string]

/** The RDNs of a name, or `null` if the text is not a name. */
interface NameCase {
  readonly id: string
  readonly text: string
  readonly rdns: readonly (readonly Attribute[])[] | null
}

const name = (text: string, rdns: NameCase['rdns'], id = text): NameCase => ({ id, text, rdns })
const STEVE: NameCase['rdns'] = [[['CN', 'Steve Kille']], [['O', 'Isode Limited']], [['C', 'GB']]]

const CASES: readonly NameCase[] = [
  // RFC 4514, section 4.
  name('UID=jsmith,DC=example,DC=net', [[['UID', 'jsmith']], [['DC', 'example']], [['DC', 'net']]]),
  name('OU=Sales+CN=J.  Smith,DC=example,DC=net', [
    [
      ['OU', 'Sales'],
      ['CN', 'J.  Smith'],
    ],
    [['DC', 'example']],
    [['DC', 'net']],
  ]),
  name('CN=James \\"Jim\\" Smith\\, III,DC=example,DC=net', [
    [['CN', 'James "Jim" Smith, III']],
    [['DC', 'example']],
    [['DC', 'net']],
  ]),
  name('CN=Before\\0dAfter,DC=example,DC=net', [[['CN', 'Before\rAfter']], [['DC', 'example']], [['DC', 'net']]]),
  name('1.3.6.1.4.1.1466.0=#04024869', [[['1.3.6.1.4.1.1466.0', '#04024869']]]),
  name('CN=Lu\\C4\\8Di\\C4\\87', [[['CN', 'Lučić']]]),
  // RFC 2253, section 5.
  name('CN=Steve Kille,O=Isode Limited,C=GB', STEVE),
  name('OU=Sales+CN=J. Smith,O=Widget Inc.,C=US', [
    [
      ['OU', 'Sales'],
      ['CN', 'J. Smith'],
    ],
    [['O', 'Widget Inc.']],
    [['C', 'US']],
  ]),
  name('CN=L. Eagle,O=Sue\\, Grabbit and Runn,C=GB', [
    [['CN', 'L. Eagle']],
    [['O', 'Sue, Grabbit and Runn']],
    [['C', 'GB']],
  ]),
  name('CN=Before\\0DAfter,O=Test,C=GB', [[['CN', 'Before\rAfter']], [['O', 'Test']], [['C', 'GB']]]),
  name('1.3.6.1.4.1.1466.0=#04024869,O=Test,C=GB', [
    [['1.3.6.1.4.1.1466.0', '#04024869']],
    [['O', 'Test']],
    [['C', 'GB']],
  ]),
  name('SN=Lu\\C4\\8Di\\C4\\87', [[['SN', 'Lučić']]]),
  // RFC 2253, section 4, and RFC 1779, section 3: forms that a reader accepts.
  name('CN = Steve Kille , O = Isode Limited , C = GB', STEVE),
  name('CN=Steve Kille;O=Isode Limited;C=GB', STEVE),
  name('CN="Steve Kille",O="Isode Limited",C=GB', STEVE),
  name('OID.2.5.4.3=Steve Kille,OID.2.5.4.10=Isode Limited,OID.2.5.4.6=GB', STEVE),
  name('2.5.4.3=Steve Kille,2.5.4.10=Isode Limited,2.5.4.6=GB', STEVE),
  name('O="Sue, Grabbit and Runn"', [[['O', 'Sue, Grabbit and Runn']]]),
  name('', []),
  // Escapes of RFC 4514, section 2.4.
  name('CN=\\ a\\ ', [[['CN', ' a ']]]),
  name('CN=\\#a', [[['CN', '#a']]]),
  name('CN=a#b', [[['CN', 'a#b']]]),
  name('CN=\\,\\+\\"\\\\\\<\\>\\;\\=', [[['CN', ',+"\\<>;=']]]),
  name('CN=a=b', [[['CN', 'a=b']]]),
  name('CN=', [[['CN', '']]]),
  // Not names.
  ...[
    'CN',
    '=a',
    'CN=a,',
    ',CN=a',
    'CN=a,,O=b',
    'CN=a+',
    'CN=a+,O=b',
    'CN=a\\',
    'CN=a\\0',
    'CN=a\\zz',
    'CN="a',
    'CN="a"b',
  ].map((text) => name(text, null)),
  ...['CN=#0', 'CN=#xy', 'CN=#', '1..2=a', '1.2.=a', 'C N=a', 'CN=a\\FF', 'CN=a\\C3', 'CN=a"b', 'CN=<', 'CN=>'].map(
    (text) => name(text, null),
  ),
]

const shown = (rdns: NameCase['rdns']) => JSON.stringify(rdns)
const read = (text: string): NameCase['rdns'] =>
  parseDistinguishedName(text).map((rdn) =>
    rdn.map(
      ({ type, value }) =>
        [type, typeof value === 'string' ? value : `#${Buffer.from(value).toString('hex')}`] as const,
    ),
  )

describe('parseDistinguishedName, in the examples of RFC 4514, RFC 2253 and RFC 1779', () => {
  it('reads what they define', async () => {
    await expectAgreement(
      CASES,
      ({ text }) => {
        try {
          return shown(read(text))
        } catch {
          return shown(null)
        }
      },
      ({ rdns }) => shown(rdns),
      {},
    )
  })

  it('reads its own text of each as the same name', () => {
    for (const { text, rdns } of CASES) {
      if (rdns) expect(shown(read(formatDistinguishedName(parseDistinguishedName(text)))), text).toBe(shown(rdns))
    }
  })
})
