import { adding, input, refuse, removing, rewriting, setting } from './changes.ts'
import { requestOf } from './parts.ts'
import type { RefusedVector, VectorChanges } from './vector.ts'

const INPUT = 'Signature-Input'
const SIGNATURE = 'Signature'

const NO_DICTIONARY = rewriting(INPUT, () => 'A=1')
const REPEATED = rewriting(INPUT, (all) => `${all}, ${all}`)

/** Two changes of a signed request, one after the other. */
function both({ after: first }: VectorChanges, { after: second }: VectorChanges): VectorChanges {
  return { after: (request) => second?.(first?.(request) ?? request) ?? request }
}

/** Texts before and behind a member, with which a header is not a dictionary. */
const DICTIONARIES: readonly (readonly [name: string, before: string, after: string])[] = [
  ['a tab after an equals sign', 'a=\t1, ', ''],
  ['a space before an equals sign', 'a =1, ', ''],
  ['a list in a list', 'a=(()), ', ''],
  ['a list in a list without a second end', 'a=((), ', ''],
  ['the end of a list without a beginning', 'a=), ', ''],
  ['the end of a list before its beginning', 'a=)(, ', ''],
  ['nothing before a comma', ', ', ''],
  ['an equals sign without a value', 'a=, ', ''],
  ['a key that begins with a digit', '1a=1, ', ''],
  ['a parameter without a value', 'a;b, ', ''],
  ['a string that ends in a backslash', '', ', a="\\'],
  ['a control character', 'a="\x7f", ', ''],
]

/** Lists of components that are not of the profile, and still end in the derived components. */
const LISTS: readonly (readonly [name: string, from: string | RegExp, to: string])[] = [
  ['a space in front', '("cf', '( "cf'],
  ['a tab', '" "x-cert-verify"', '"\t"x-cert-verify"'],
  ['no space', '" "x-cert-verify"', '""x-cert-verify"'],
  ['a comma', '" "x-cert-verify"', '", "x-cert-verify"'],
  ['no quotes', '"x-cert-verify"', 'x-cert-verify'],
  ['upper case', '"x-cert-verify"', '"X-Cert-Verify"'],
  ['an escape', '"x-cert-verify"', '"x-cert\\-verify"'],
  ['an empty name', '"x-cert-verify"', '"" "x-cert-verify"'],
  ['a header that is not a certificate header', '"x-cert-verify"', '"x-cert-verify" "host"'],
  ['a derived component twice', '"@authority"', '"@authority" "@authority"'],
  ['a derived component in front', '("cf', '("@method" "cf'],
  ['a later header twice', '"@authority"', '"x-cert-later" "x-cert-later" "@authority"'],
  [
    '17 later headers',
    '"@authority"',
    `${Array.from({ length: 17 }, (_, at) => `"x-cert-later-${at}"`).join(' ')} "@authority"`,
  ],
]

/** Requests without one signature of the profile. */
const PROFILE: readonly RefusedVector[] = [
  refuse('signature-missing', 'neither header', requestOf(), {
    ...removing(INPUT, SIGNATURE),
    signature: () => Buffer.alloc(0),
  }),
  refuse('signature-missing', 'no Signature-Input', requestOf(), removing(INPUT)),
  refuse('signature-missing', 'no Signature', requestOf(), removing(SIGNATURE)),
  refuse(
    'signature-missing',
    'Signature-Input has another label',
    requestOf(),
    rewriting(INPUT, (all) => all.replace('countersign=', 'sig1=')),
  ),
  refuse(
    'signature-missing',
    'Signature has another label',
    requestOf(),
    rewriting(SIGNATURE, (all) => all.replace('countersign=', 'sig1=')),
  ),
  refuse(
    'dictionary',
    'a label in upper case',
    requestOf(),
    rewriting(INPUT, (all) => all.replace('countersign=', 'Countersign=')),
  ),
  refuse(
    'dictionary',
    'a member without a value',
    requestOf(),
    rewriting(INPUT, (all) => `${all}, a`),
  ),
  refuse(
    'dictionary',
    'nothing after a comma',
    requestOf(),
    rewriting(SIGNATURE, (all) => `${all},`),
  ),
  refuse(
    'dictionary',
    'a string without an end',
    requestOf(),
    rewriting(INPUT, (all) => `${all}, a="`),
  ),
  refuse(
    'dictionary',
    'a list without an end',
    requestOf(),
    rewriting(INPUT, (all) => `${all}, a=(`),
  ),
  refuse(
    'dictionary',
    'a character that is not ASCII',
    requestOf(),
    rewriting(INPUT, (all) => `${all}, a="\xe9"`),
  ),
  ...DICTIONARIES.flatMap(([name, before, after]) =>
    [INPUT, SIGNATURE].map((header) =>
      refuse(
        'dictionary',
        `${name}, in ${header}`,
        requestOf(),
        rewriting(header, (all) => `${before}${all}${after}`),
      ),
    ),
  ),
  ...[INPUT, SIGNATURE].map((header) =>
    refuse(
      'dictionary',
      `an empty ${header}`,
      requestOf(),
      rewriting(header, () => ''),
    ),
  ),
  refuse('dictionary', 'an empty line of Signature-Input', requestOf(), adding(INPUT, '')),
  refuse(
    'dictionary',
    'a folded line of Signature-Input',
    requestOf(),
    rewriting(INPUT, (all) => all.replace('" "@method"', '"\r\n "@method"')),
  ),
  refuse('dictionary', 'no dictionary, and no member countersign', requestOf(), NO_DICTIONARY),
  refuse('dictionary', 'no dictionary, and no Signature', requestOf(), both(NO_DICTIONARY, removing(SIGNATURE))),
  refuse('member-repeated', 'two members, and no Signature', requestOf(), both(REPEATED, removing(SIGNATURE))),
  refuse(
    'signature-missing',
    'no Signature, and a member that is not of the profile',
    requestOf(),
    both(
      rewriting(INPUT, () => 'countersign=1'),
      removing(SIGNATURE),
    ),
  ),
  refuse(
    'signature-missing',
    'no Signature-Input, and Signature is no dictionary',
    requestOf(),
    both(
      rewriting(SIGNATURE, () => 'A=1'),
      removing(INPUT),
    ),
  ),
  refuse('member-repeated', 'two members in Signature-Input', requestOf(), REPEATED),
  refuse('member-repeated', 'two lines of Signature', requestOf(), adding(SIGNATURE, 'countersign=:YQ==:')),
  refuse('components', 'another order', requestOf(), {
    fields: ([token = '', first = '', second = '', ...rest]) => [token, second, first, ...rest],
  }),
  refuse('components', 'the Access token at the end', requestOf(), {
    fields: ([token = '', ...rest]) => [...rest, token],
  }),
  refuse('components', 'a component twice', requestOf(), {
    fields: (all) => all.flatMap((name) => (name === 'x-cert-serial' ? [name, name] : [name])),
  }),
  refuse('components', 'a parameter of a component', requestOf(), input('"x-cert-serial"', '"x-cert-serial";bs')),
  refuse('components', 'a header that is not of the table', requestOf(), { fields: (all) => ['host', ...all] }),
  refuse(
    'header-unknown',
    'a later header that the signature covers before those of the table',
    setting('x-cert-later', '1'),
    {
      fields: (all) => ['x-cert-later', ...all],
    },
  ),
  refuse('derived-components', 'no list', requestOf(), input(/^\([^)]*\)/, '"x-cert-presented"')),
  refuse('components', 'two spaces', requestOf(), input(' ', '  ')),
  refuse('derived-components', 'no @query', requestOf(), without('@query')),
  refuse('derived-components', 'no @authority', requestOf(), without('@authority')),
  refuse('derived-components', 'another order', requestOf(), input('"@authority" "@method"', '"@method" "@authority"')),
  refuse('derived-components', 'one more', requestOf(), input('"@query"', '"@query" "@scheme"')),
  refuse('derived-components', 'no component', requestOf(), input(/\([^)]*\)/, '()')),
  refuse('derived-components', 'a space at the end', requestOf(), input('"@query")', '"@query" )')),
  refuse('derived-components', 'a parameter', requestOf(), input('"@query"', '"@query";req')),
  refuse(
    'derived-components',
    'a parenthesis in a name',
    requestOf(),
    input('"x-cert-verify"', '"x)" "x-cert-verify"'),
  ),
  ...LISTS.map(([name, from, to]) => refuse('components', name, requestOf(), input(from, to))),
  ...['X-CERT-PRESENTED', 'X-CERT-VERIFY', 'X-CERT-REVOKED'].map((name) =>
    refuse('always-covered', `no ${name}`, setting(name, undefined)),
  ),
  refuse('coverage', 'a header of the request is not covered', requestOf(), {
    fields: (all) => all.filter((name) => name !== 'x-cert-finger-256'),
  }),
  refuse('coverage', 'the Access token is not covered', requestOf(), { fields: ([_token, ...all]) => all }),
]

function without(name: string): VectorChanges {
  return input(` "${name}"`, '')
}

const PARAMETERS: readonly (readonly [string, string | RegExp, string])[] = [
  ['another tag', 'tag="countersign"', 'tag="other"'],
  ['no tag', ';tag="countersign"', ''],
  ['no created', /;created=\d+/, ''],
  ['no expires', /;expires=\d+/, ''],
  ['no nonce', /;nonce="[^"]*"/, ''],
  ['no keyid', /;keyid="[^"]*"/, ''],
  ['no alg', /;alg="[^"]*"/, ''],
  ['another order', /(;created=\d+)(;expires=\d+)/, '$2$1'],
  ['one more', /$/, ';v=1'],
  ['a parameter twice', /(;created=\d+)/, '$1$1'],
  ['a space', ';expires', '; expires'],
  ['created as a decimal number', /created=(\d+)/, 'created=$1.0'],
  ['created below zero', 'created=', 'created=-'],
  ['created with a leading zero', 'created=', 'created=0'],
  ['a nonce of 21 characters', /nonce="./, 'nonce="'],
  ['a nonce in base64', /nonce="../, 'nonce="+/'],
  ['a keyid with a slash', /keyid="[^"]*"/, 'keyid="a/b"'],
  ['an algorithm that is not of the profile', /alg="[^"]*"/, 'alg="rsa-pss-sha512"'],
  ['created with a plus', 'created=', 'created=+'],
  ['created as a string', /created=(\d+)/, 'created="$1"'],
  ['created of 12 digits', /created=\d+/, `created=${'9'.repeat(12)}`],
  ['created of zero', /created=\d+/, 'created=0'],
  ['expires with a leading zero', 'expires=', 'expires=0'],
  ['expires of 12 digits', /expires=\d+/, `expires=${'9'.repeat(12)}`],
  ['a nonce of 23 characters', 'nonce="', 'nonce="A'],
  ['a nonce with padding', /nonce="([^"]*)"/, 'nonce="$1=="'],
  ['a nonce as bytes', /nonce="[^"]*"/, 'nonce=:AAAAAAAAAAAAAAAAAAAAAA==:'],
  ['an empty keyid', /keyid="[^"]*"/, 'keyid=""'],
  ['a keyid of 65 characters', /keyid="[^"]*"/, `keyid="${'a'.repeat(65)}"`],
  ['a keyid with an escape', 'keyid="dev', 'keyid="\\dev'],
  ['an algorithm in upper case', 'hmac-sha256', 'HMAC-SHA256'],
  ['a tag in upper case', 'tag="countersign"', 'tag="Countersign"'],
  ['a tag that is not a string', 'tag="countersign"', 'tag=countersign'],
  ['a name in upper case', ';created', ';Created'],
  ['a tab', ';expires', ';\texpires'],
  ['a space before a semicolon', ';expires', ' ;expires'],
  ['a semicolon at the end', /$/, ';'],
  ['a letter at the end', /$/, 'a'],
]

/** Requests whose `Signature-Input` or `Signature` is not of the profile. */
export const REFUSED_INPUTS: readonly RefusedVector[] = [
  ...PROFILE,
  ...PARAMETERS.map(([name, from, to]) => refuse('parameters', name, requestOf(), input(from, to))),
]
