import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attributeTypeId } from './attribute-types.ts'
import {
  type AttributeTypeAndValue,
  formatDistinguishedName,
  parseDistinguishedName,
  type RelativeDistinguishedName,
} from './distinguished-name.ts'
import { encodeHeaderValue } from './header-value.ts'

// Cloudflare prints a certificate's names with OpenSSL's flags, so the parser has to agree with OpenSSL.
// A machine without the `openssl` command fails here on purpose: a skipped check would look like a passed one.
const run = promisify(execFile)

type Subject = readonly (readonly (readonly [type: string, value: string])[])[]

/** Values in the order of the certificate, most general RDN first, as `-subj` expects them. */
const SUBJECTS: [what: string, subject: Subject, strings?: { mask: string; tag: string }][] = [
  ['a plain name', [[['C', 'US']], [['O', 'Acme']], [['CN', 'web-1']]]],
  ['commas', [[['O', 'Acme, Inc.']], [['CN', ',a,,b,']]]],
  ['pluses', [[['CN', '+a+b+']]]],
  ['quotes', [[['CN', '"a" "b"']]]],
  ['backslashes', [[['CN', '\\a\\\\b\\']]]],
  ['a backslash before a digit pair', [[['CN', 'a\\2Cb']]]],
  ['angle brackets and semicolons', [[['CN', '<a>;<b>']]]],
  ['equals signs', [[['CN', '=a=b=']]]],
  ['a number sign in front', [[['CN', '#0C0161']]]],
  ['number signs inside', [[['CN', 'a#b#']]]],
  ['slashes', [[['CN', '/CN=admin/O=x']]]],
  ['another RDN in a value', [[['O', 'x,CN=admin']], [['CN', 'mallory,O=Acme']]]],
  ['another attribute in a value', [[['CN', 'mallory+UID=0']]]],
  ['a space in front', [[['CN', ' a']]]],
  ['a space behind', [[['CN', 'a ']]]],
  ['spaces all over', [[['O', '  a  b  ']], [['CN', '   ']]]],
  ['one space', [[['CN', ' ']]]],
  ['Latin letters with marks', [[['O', 'Société Générale']], [['CN', 'Zoë Lučić']]]],
  ['three bytes in UTF-8', [[['CN', '日本株式会社 €']]]],
  ['four bytes in UTF-8', [[['CN', 'a🔑b𝒜']]]],
  ['control characters', [[['CN', 'a\x01b\tc\nd\re\x1bf\x7fg']]]],
  ['C1 controls, direction marks, a no-break space', [[['CN', 'a\u0085b\u202ec\u200bd\u00a0']]]],
  ['a byte order mark', [[['CN', '\ufeffa']]]],
  ['__proto__', [[['O', 'constructor']], [['CN', '__proto__']]]],
  ['repeated types', [[['OU', 'a']], [['OU', 'b']], [['OU', 'a']], [['CN', 'x']], [['CN', 'y']]]],
  [
    'several attributes in an RDN',
    [
      [['O', 'Acme']],
      [
        ['CN', 'a'],
        ['UID', '7'],
        ['serialNumber', '42'],
      ],
    ],
  ],
  [
    'several attributes with specials',
    [
      [
        ['O', 'a+b'],
        ['OU', 'c,d'],
        ['CN', ' "e"+ '],
      ],
    ],
  ],
  [
    'domain components and an email address',
    [[['DC', 'net']], [['DC', 'example']], [['emailAddress', 'a+b@example.net']]],
  ],
  [
    'types without a name of their own',
    [
      [['oddity', 'x, "y"']],
      [
        ['CN', 'z'],
        ['oddity', 'Zoë '],
      ],
    ],
  ],
  [
    'the types of EV certificates',
    [
      [['businessCategory', 'Private Organization']],
      [['jurisdictionC', 'US']],
      [['jurisdictionST', 'Delaware']],
      [['postalCode', '1']],
      [['street', 'Main St. 1']],
    ],
  ],
  [
    'personal types',
    [
      [['SN', 'Smith']],
      [['GN', 'Jim']],
      [['title', 'Dr.']],
      [['initials', 'J.']],
      [['pseudonym', 'p']],
      [['dnQualifier', 'q']],
      [['generationQualifier', 'III']],
    ],
  ],
  ['BMPString', [[['O', 'Lučić']], [['CN', '日本 ë']]], { mask: 'MASK:0x800', tag: '=#1E' }],
  ['TeletexString', [[['O', 'Société']], [['CN', 'Zoë ÿ']]], { mask: 'MASK:0x4', tag: '=#14' }],
  ['PrintableString', [[['O', "A 'b' (c)+,-./:=?"]]], { mask: 'MASK:0x2', tag: '=#13' }],
]

/** Cloudflare's flags, the same with raw UTF-8, and every value as the DER of its string. */
const PRINTED_AS = {
  RFC2253: 'RFC2253',
  'RFC2253 with raw UTF-8': 'RFC2253,-esc_msb,-esc_ctrl,utf8',
  'RFC2253 with every value in DER': 'RFC2253,dump_all',
  'RFC2253 with spaces behind the separators': 'RFC2253,-sep_comma_plus,sep_comma_plus_space',
} as const

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'names-'))
  await run('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', join(folder, 'key.pem')])
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Makes a certificate with the subject and prints it with each set of flags. */
async function printSubject(id: number, subject: Subject, mask: string): Promise<Record<string, string>> {
  const config = join(folder, `${id}.cnf`)
  const certificate = join(folder, `${id}.pem`)
  await writeFile(
    config,
    `oid_section = oids\n[oids]\noddity = 1.2.3.4.5\n[req]\ndistinguished_name = dn\nstring_mask = ${mask}\n[dn]\n`,
  )
  const escaped = (text: string) => text.replace(/[\\/+]/g, '\\$&')
  const subj = subject.map((rdn) => `/${rdn.map(([type, value]) => `${type}=${escaped(value)}`).join('+')}`).join('')
  await run('openssl', [
    ...['req', '-x509', '-config', config, '-key', join(folder, 'key.pem'), '-out', certificate],
    ...['-utf8', '-multivalue-rdn', '-subj', subj],
  ])
  const printed = Object.entries(PRINTED_AS).map(async ([how, nameopt]) => {
    const { stdout } = await run('openssl', ['x509', '-in', certificate, '-noout', '-subject', '-nameopt', nameopt])
    return [how, stdout.slice('subject='.length, -1)] as const
  })
  return Object.fromEntries(await Promise.all(printed))
}

/** DER sorts a SET, so the attributes of an RDN are compared in any order. */
function sorted(name: readonly RelativeDistinguishedName[]): AttributeTypeAndValue[][] {
  const key = ({ type, value }: AttributeTypeAndValue) => `${type}=${value}`
  return name.map((rdn) => [...rdn].sort((a, b) => (key(a) < key(b) ? -1 : 1)))
}

function expectedName(subject: Subject): AttributeTypeAndValue[][] {
  const own: Record<string, string> = { oddity: '1.2.3.4.5', street: 'STREET' }
  return sorted(subject.map((rdn) => rdn.map(([type, value]) => ({ type: own[type] ?? type, value }))).reverse())
}

describe('parseDistinguishedName, of the text of OpenSSL', () => {
  const cases = SUBJECTS.map(([what, subject, strings], id) => ({ what, subject, id, ...strings }))

  it.concurrent.each(cases)(
    'reads $what',
    async ({ id, subject, mask = 'utf8only', tag = '=#' }) => {
      const printed = await printSubject(id, subject, mask)
      const expected = expectedName(subject)
      expect(printed['RFC2253 with every value in DER'], 'the certificate has strings of this type').toContain(tag)
      for (const [how, text] of Object.entries(printed)) {
        const name = parseDistinguishedName(text)
        expect(sorted(name), how).toEqual(expected)
        expect(parseDistinguishedName(encodeHeaderValue(text, 'dn')), `${how}, through a header`).toEqual(name)
        expect(parseDistinguishedName(formatDistinguishedName(name)), `${how}, written again`).toEqual(name)
      }
    },
    20_000,
  )

  it('reads no type of OpenSSL as another one', async () => {
    const { stdout } = await run('openssl', ['list', '-objects'])
    const types = [...stdout.matchAll(/^(\S+) = (?:.*, )?([\d.]+)$/gm)].map(([, name = '', oid = '']) => ({
      name,
      oid,
    }))
    expect(types.length).toBeGreaterThan(1_000)
    const taken = types.filter(({ name, oid }) => {
      try {
        const [[attribute] = []] = parseDistinguishedName(`${name}=a`)
        const id = attributeTypeId(attribute?.type ?? '')
        return /^\d/.test(id) && id !== oid
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError)
        return false
      }
    })
    expect(taken).toEqual([])
  })
})
