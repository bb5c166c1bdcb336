import { splitDictionary } from '@countersign/wire'
import { describe, it } from 'vitest'
import { expectAgreement } from './agreement.ts'

/** The keys of a dictionary in order, or `null` if it is not one. RFC 8941, section 3.2, or 4.2.2 for the errors. */
interface DictionaryCase {
  readonly id: string
  readonly text: string
  readonly keys: readonly string[] | null
}

const dictionary = (text: string, keys: readonly string[] | null, id = text): DictionaryCase => ({ id, text, keys })

const CASES: readonly DictionaryCase[] = [
  // The examples of RFC 8941, sections 3.2 and 3.3.
  dictionary('en="Applepie", da=:w4ZibGV0w6ZydGU=:', ['en', 'da']),
  dictionary('a=?0, b, c; foo=bar', ['a', 'b', 'c']),
  dictionary('rating=1.5, feelings=(joy sadness)', ['rating', 'feelings']),
  dictionary('a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid', ['a', 'b', 'c', 'd']),
  dictionary('foo=1, bar=2', ['foo', 'bar']),
  dictionary('cat=:cHJldGVuZCB0aGlzIGlzIGJpbmFyeSBjb250ZW50Lg==:', ['cat']),
  // The examples of RFC 9421, sections 4.1, 4.2 and 4.3.
  dictionary(
    'sig1=("@method" "@target-uri" "@authority" "content-digest" "cache-control");created=1618884475;keyid="test-key-rsa-pss"',
    ['sig1'],
    'RFC 9421, 4.1',
  ),
  dictionary(
    'sig1=:P0wLUszWQjoi54udOtydf9IWTfNhy+r53jGFj9XZuP4uKwxyJo1RSHi+oEF1FuX6O29d+lbxwwBao1BAgadijw==:',
    ['sig1'],
    'RFC 9421, 4.2',
  ),
  dictionary(
    'sig1=("@method" "@authority" "@path" "content-digest" "content-type" "content-length");created=1618884475;keyid="test-key-ecc-p256", proxy_sig=("@method" "@authority" "@path" "content-digest" "content-type" "content-length" "forwarded");created=1618884480;keyid="test-key-rsa";alg="rsa-v1_5-sha256";expires=1618884540',
    ['sig1', 'proxy_sig'],
    'RFC 9421, 4.3',
  ),
  // Keys.
  ...['a', '*', 'a1', 'a-b', 'a_b', 'a.b', 'a*b', '*-', 'z9_-.*'].map((key) => dictionary(`${key}=1`, [key])),
  ...['A', '1', '-', '_', '.', 'aB', 'a b', 'a/b', 'a"', 'é', 'a\\', 'a@', ''].map((key) =>
    dictionary(`${key}=1`, null),
  ),
  dictionary('a="1", A="2"', null),
  // Separators and spaces.
  dictionary('a=1,b=2', ['a', 'b']),
  dictionary('a=1 ,  b=2', ['a', 'b']),
  dictionary('a=1\t,\tb=2', ['a', 'b'], 'tabs around a comma'),
  dictionary('  a=1  ', ['a'], 'spaces around everything'),
  dictionary('\ta=1', null, 'a tab before the first member'),
  dictionary('a=1\t', null, 'a tab after the last member'),
  dictionary('', [], 'an empty dictionary'),
  ...['a=1,', ',a=1', 'a=1,,b=2', ',', 'a=1, ,b=2'].map((text) => dictionary(text, null)),
  ...['a =1', 'a= 1', 'a=\t1', '=1', '=', 'a='].map((text) => dictionary(text, null, JSON.stringify(text))),
  // Members that are true without a value.
  dictionary('a', ['a']),
  dictionary('a, b=2', ['a', 'b']),
  dictionary('a;x=1', ['a']),
  // A key that is repeated: the last one wins.
  dictionary('a=1, b=2, a=3', ['a', 'b']),
  // Strings.
  dictionary('a="b,c", d=1', ['a', 'd']),
  dictionary('a="b\\",c=", d=1', ['a', 'd']),
  dictionary('a="b\\\\", d=1', ['a', 'd']),
  dictionary('a="(", b=")"', ['a', 'b']),
  ...['a="', 'a="b', 'a="b\\"', 'a="\\'].map((text) => dictionary(text, null)),
  dictionary('a="b\\c"', null),
  dictionary('a="\x7f"', null, 'a delete character'),
  dictionary('a="\x00"', null, 'a zero character'),
  dictionary('a="\xe9"', null, 'a character of Latin-1'),
  dictionary('a="\u2028"', null, 'a line separator'),
  // Inner lists.
  dictionary('a=()', ['a']),
  dictionary('a=("x, y" z), b=(1)', ['a', 'b']),
  dictionary('a=("x";k="v,w");l="m"', ['a']),
  dictionary('a=("(")', ['a']),
  ...['a=(', 'a=)', 'a=(1', 'a=1)', 'a=((1))', 'a=(1))', 'a=("1)'].map((text) => dictionary(text, null)),
  dictionary('a=(1,2)', null),
  dictionary('a=("x""y")', null),
  // Byte sequences.
  dictionary('a=:aGVsbG8=:, b=::', ['a', 'b']),
  dictionary('a=:aGVsbG8', null),
  dictionary('a=:_-Ah:', null),
  // Parameters.
  dictionary('a=1;b;c="x"; d=2', ['a']),
  dictionary('a=1;B', null),
  dictionary('a=1; b =2', null),
  dictionary('a=1;', null),
]

/** The origin compares the value of its own member with one form, and refuses any other (`verifyEdgeSignature`). */
const VALUE = 'the value is not parsed here; that of our member is compared with one form, and others are never read'
/** The edge removes the members that it does not own, so both ends must see the same ones. */
const TRUE =
  'Signature and Signature-Input have no member without a value (RFC 9421, sections 4.1 and 4.2), so it is refused'
const TABS = "Node's parser removes tabs around a header's value before any code can see them"

describe('splitDictionary, in cases of RFC 8941 and RFC 9421', () => {
  it('finds the members that a parser finds', async () => {
    await expectAgreement(
      CASES,
      ({ text }) => {
        try {
          return [...new Set(splitDictionary(text).map(({ key }) => key))].join()
        } catch {
          return null
        }
      },
      ({ keys }) => (keys === null ? null : keys.join()),
      {
        'a=?0, b, c; foo=bar': TRUE,
        'an empty dictionary': 'a request without the header has no dictionary; an empty one is refused',
        a: TRUE,
        'a, b=2': TRUE,
        'a;x=1': TRUE,
        'a tab before the first member': TABS,
        'a tab after the last member': TABS,
        'a="b\\c"': VALUE,
        'a=(1,2)': VALUE,
        'a=("x""y")': VALUE,
        'a=:aGVsbG8': VALUE,
        'a=:_-Ah:': VALUE,
        'a=1;B': VALUE,
        'a=1; b =2': VALUE,
        'a=1;': VALUE,
      },
    )
  })
})
