import { describe, expect, it } from 'vitest'
import { COVERED_FIELDS } from './covered-components.ts'
import {
  formatSignatureInput,
  listLaterHeaders,
  parseSignatureInput,
  SIGNATURE_LABEL,
  SIGNATURE_TAG,
} from './signature-input.ts'

const PARAMETERS = {
  created: 1_782_000_000,
  expires: 1_782_000_060,
  nonce: 'AZaz09-_AZaz09-_AZaz0A',
  keyid: '2026-11.edge_~A',
  alg: 'hmac-sha256',
} as const

const DERIVED = '"@authority" "@method" "@path" "@query"'
const TAIL =
  ';created=1782000000;expires=1782000060;nonce="AZaz09-_AZaz09-_AZaz0A";keyid="2026-11.edge_~A";alg="hmac-sha256";tag="countersign"'
const PLAIN = `("x-cert-presented" "x-cert-verify" ${DERIVED})${TAIL}`

const NO_LIST = new SyntaxError('the signature does not cover a list of components')
const NO_DERIVED = new SyntaxError('the signature does not cover @authority, @method, @path, @query at its end')
const BAD_FIELD = new SyntaxError(
  'the signature covers a field that is unknown, repeated, parameterised or out of order',
)
const BAD_PARAMETERS = new SyntaxError('the signature parameters do not match the profile')

/** The plain value with one change. It throws for a change without effect, which would test nothing. */
function changed(from: string, to: string): string {
  const value = PLAIN.replace(from, to)
  if (value === PLAIN) throw new Error(`${from} does not occur`)
  return value
}

describe('formatSignatureInput', () => {
  it('writes the profile of the wire', () => {
    expect(SIGNATURE_LABEL).toBe('countersign')
    expect(SIGNATURE_TAG).toBe('countersign')
    expect(formatSignatureInput(['x-cert-presented', 'x-cert-verify'], PARAMETERS)).toBe(PLAIN)
  })

  it('writes the derived components even without a field', () => {
    expect(formatSignatureInput([], PARAMETERS)).toBe(`(${DERIVED})${TAIL}`)
  })
})

describe('parseSignatureInput', () => {
  it('reads the output of formatSignatureInput', () => {
    expect(parseSignatureInput(PLAIN)).toEqual({
      fields: ['x-cert-presented', 'x-cert-verify'],
      later: [],
      ...PARAMETERS,
    })
  })

  it('reads a signature that covers no field', () => {
    expect(parseSignatureInput(`(${DERIVED})${TAIL}`)).toEqual({ fields: [], later: [], ...PARAMETERS })
  })

  it('reads every small and every nearly full set of fields in the order of the table', () => {
    // Twenty fields have a million subsets. These are all with up to three fields, and all that lack up to three.
    const count = COVERED_FIELDS.length
    const picks: number[][] = [[]]
    for (let a = 0; a < count; a += 1) {
      picks.push([a])
      for (let b = a + 1; b < count; b += 1) {
        picks.push([a, b])
        for (let c = b + 1; c < count; c += 1) picks.push([a, b, c])
      }
    }
    for (const pick of picks) {
      const some = COVERED_FIELDS.filter((_, index) => pick.includes(index))
      const rest = COVERED_FIELDS.filter((_, index) => !pick.includes(index))
      expect(parseSignatureInput(formatSignatureInput(some, PARAMETERS)).fields).toEqual(some)
      expect(parseSignatureInput(formatSignatureInput(rest, PARAMETERS)).fields).toEqual(rest)
    }
  })

  it('reads headers of a later release behind those of the table, in the order of the signature', () => {
    const later = ['x-cert-zone', 'x-cert-account']
    const read = parseSignatureInput(formatSignatureInput([...COVERED_FIELDS, ...later], PARAMETERS))
    expect(read).toEqual({ fields: COVERED_FIELDS, later, ...PARAMETERS })
    expect(parseSignatureInput(formatSignatureInput(later, PARAMETERS))).toEqual({ fields: [], later, ...PARAMETERS })
  })

  it('reads 16 headers of a later release, and refuses more', () => {
    const names = Array.from({ length: 17 }, (_, at) => `x-cert-later-${at}`)
    expect(parseSignatureInput(formatSignatureInput(names.slice(1), PARAMETERS)).later).toEqual(names.slice(1))
    expect(() => parseSignatureInput(formatSignatureInput(names, PARAMETERS))).toThrow(BAD_FIELD)
  })

  it('refuses every pair of fields that is not in the order of the table', () => {
    for (const [index, later] of COVERED_FIELDS.entries()) {
      for (const earlier of COVERED_FIELDS.slice(0, index + 1)) {
        expect(() => parseSignatureInput(formatSignatureInput([later, earlier], PARAMETERS))).toThrow(BAD_FIELD)
      }
    }
  })

  it.each([
    ['created', { created: 1 }],
    ['created', { created: 99_999_999_999 }],
    ['expires', { expires: 1 }],
    ['nonce', { nonce: '----------------------' }],
    ['keyid', { keyid: 'k' }],
    ['keyid', { keyid: '~'.repeat(64) }],
    ['alg', { alg: 'ed25519' as const }],
  ])('reads another %s', (_, parameters) => {
    const all = { ...PARAMETERS, ...parameters }
    expect(parseSignatureInput(formatSignatureInput([], all))).toEqual({ fields: [], later: [], ...all })
  })

  it.each([
    ['nothing', ''],
    ['no list', TAIL],
    ['a token', 'x'],
    ['a string in place of a list', `"x"${TAIL}`],
    ['a list that is not closed', `(${DERIVED}`],
    ['something before the list', ` ${PLAIN}`],
    ['a label that is still there', `countersign=${PLAIN}`],
    ['no space between the last field and the derived components', changed('"x-cert-verify" ', '"x-cert-verify"')],
  ])('refuses %s', (_, value) => {
    expect(() => parseSignatureInput(value)).toThrow(NO_LIST)
  })

  it.each([
    ['an empty list', changed(`"x-cert-presented" "x-cert-verify" ${DERIVED}`, '')],
    ['no @authority', changed('"@authority" ', '')],
    ['no @method', changed('"@method" ', '')],
    ['no @path', changed('"@path" ', '')],
    ['no @query', changed(' "@query"', '')],
    ['no derived component at all', changed(` ${DERIVED}`, '')],
    ['derived components in another order', changed('"@method" "@path"', '"@path" "@method"')],
    ['a field behind the derived components', changed('"@query"', '"@query" "x-cert-revoked"')],
    ['a derived component behind the others', changed('"@query"', '"@query" "@scheme"')],
    ['a parameterised derived component', changed('"@path"', '"@path";req')],
    ['a parameterised last component', changed('"@query"', '"@query";req')],
    ['@request-target in place of path and query', changed('"@path" "@query"', '"@request-target"')],
    ['two spaces between derived components', changed('"@method" "@path"', '"@method"  "@path"')],
    ['a space behind the last component', changed('"@query"', '"@query" ')],
    ['a derived component in upper case', changed('"@method"', '"@METHOD"')],
    ['a derived component without quotes', changed('"@path"', '@path')],
    ['a closing parenthesis inside a name', changed('"x-cert-verify"', '"x-cert-verify)"')],
  ])('refuses %s', (_, value) => {
    expect(() => parseSignatureInput(value)).toThrow(NO_DERIVED)
  })

  it.each([
    ['a repeated field', changed('"x-cert-verify"', '"x-cert-presented"')],
    ['a field that is too early', changed('"x-cert-presented" "x-cert-verify"', '"x-cert-verify" "x-cert-presented"')],
    ['the Access token behind a certificate header', changed('"x-cert-verify"', '"cf-access-jwt-assertion"')],
    ['a header of a later release before one of the table', changed('"x-cert-presented"', '"x-cert-anything"')],
    [
      'a header of a later release before the Access token',
      changed('"x-cert-presented" "x-cert-verify"', '"x-cert-anything" "cf-access-jwt-assertion"'),
    ],
    [
      'a header of a later release twice',
      changed('"x-cert-verify"', '"x-cert-verify" "x-cert-one" "x-cert-two" "x-cert-one"'),
    ],
    ['a header of a later release in upper case', changed('"x-cert-verify"', '"X-Cert-Anything"')],
    ['a header of a later release that is parameterised', changed('"x-cert-verify"', '"x-cert-anything";sf')],
    ['a header of a later release in other quotes', changed('"x-cert-verify"', "'x-cert-anything'")],
    ['a header of another family', changed('"x-cert-verify"', '"cf-cert-serial"')],
    ['a name that folds into the table', changed('"x-cert-verify"', '"x-cert-verify" "x-cert_verify"')],
    ['a field outside the family', changed('"x-cert-verify"', '"content-digest"')],
    ['a field in upper case', changed('"x-cert-verify"', '"X-CERT-VERIFY"')],
    ['a field with underscores', changed('"x-cert-verify"', '"x_cert_verify"')],
    ['a parameterised field', changed('"x-cert-verify"', '"x-cert-verify";bs')],
    ['a field of the request in a response', changed('"x-cert-verify"', '"x-cert-verify";req')],
    ['a field of the trailer', changed('"x-cert-verify"', '"x-cert-verify";tr')],
    ['a member of a dictionary field', changed('"x-cert-verify"', '"x-cert-verify";key="a"')],
    ['a field without quotes', changed('"x-cert-verify"', 'x-cert-verify')],
    ['a field in other quotes', changed('"x-cert-verify"', "'x-cert-verify'")],
    ['a field that is not closed', changed('"x-cert-verify"', '"x-cert-verify')],
    ['an empty field name', changed('"x-cert-verify"', '""')],
    ['a lone quote', changed('"x-cert-verify"', '"')],
    ['a derived component among the fields', changed('"x-cert-verify"', '"@authority"')],
    ['the derived components twice', changed(DERIVED, `${DERIVED} ${DERIVED}`)],
    ['a space before the first field', changed('("x-cert-presented"', '( "x-cert-presented"')],
    ['two spaces between fields', changed('"x-cert-presented" ', '"x-cert-presented"  ')],
    ['two spaces before the derived components', changed('"x-cert-verify" ', '"x-cert-verify"  ')],
    ['a tab between fields', changed('"x-cert-presented" ', '"x-cert-presented"\t')],
    ['no space between fields', changed('"x-cert-presented" ', '"x-cert-presented"')],
    ['__proto__', changed('"x-cert-verify"', '"__proto__"')],
  ])('refuses %s', (_, value) => {
    expect(() => parseSignatureInput(value)).toThrow(BAD_FIELD)
  })

  it('refuses a nested list', () => {
    expect(() => parseSignatureInput(`(${PLAIN}`)).toThrow(BAD_FIELD)
  })

  it.each([
    ['no parameters', changed(TAIL, '')],
    ['no created', changed(';created=1782000000', '')],
    ['no expires', changed(';expires=1782000060', '')],
    ['no nonce', changed(';nonce="AZaz09-_AZaz09-_AZaz0A"', '')],
    ['no keyid', changed(';keyid="2026-11.edge_~A"', '')],
    ['no alg', changed(';alg="hmac-sha256"', '')],
    ['no tag', changed(';tag="countersign"', '')],
    [
      'parameters in another order',
      changed(';created=1782000000;expires=1782000060', ';expires=1782000060;created=1782000000'),
    ],
    ['a repeated parameter', changed(';expires', ';created=1782000000;expires')],
    ['an extra parameter behind the others', `${PLAIN};extra=1`],
    ['an extra parameter before the others', changed(';created', ';extra;created')],
    ['a second tag', `${PLAIN};tag="countersign"`],
    ['a second member', `${PLAIN}, countersign=()`],
    ['a newline at the end', `${PLAIN}\n`],
    ['a space at the end', `${PLAIN} `],
    ['a space before a parameter', changed(';created', '; created')],
    ['a space behind the list', changed(');created', ') ;created')],
    ['a second closing parenthesis', changed(');created', '));created')],
    ['a parameter name in upper case', changed(';created', ';Created')],
    ['created with a leading zero', changed('created=1', 'created=01')],
    ['created as zero', changed('created=1782000000', 'created=0')],
    ['created with a minus', changed('created=1', 'created=-1')],
    ['created with a plus', changed('created=1', 'created=+1')],
    ['created as a float', changed('created=1782000000', 'created=1782000000.0')],
    ['created with an exponent', changed('created=1782000000', 'created=1e9')],
    ['created in hexadecimal', changed('created=1782000000', 'created=0x10')],
    ['created as a string', changed('created=1782000000', 'created="1782000000"')],
    ['created without a value', changed('created=1782000000', 'created')],
    ['created with an empty value', changed('created=1782000000', 'created=')],
    ['created with twelve digits', changed('created=1782000000', 'created=178200000000')],
    ['created as a date', changed('created=1782000000', 'created=@1782000000')],
    ['expires with a leading zero', changed('expires=1', 'expires=01')],
    ['expires as zero', changed('expires=1782000060', 'expires=0')],
    ['expires with a minus', changed('expires=1', 'expires=-1')],
    ['expires as a float', changed('expires=1782000060', 'expires=1782000060.5')],
    ['expires with twelve digits', changed('expires=1782000060', 'expires=178200006000')],
    ['a nonce that is a character short', changed('AZaz0A"', 'AZaz0"')],
    ['a nonce that is a character long', changed('AZaz0A"', 'AZaz0AA"')],
    ['a padded nonce', changed('AZaz0A"', 'AZaz0A=="')],
    ['a nonce in plain base64', changed('AZaz0A"', 'AZaz+/"')],
    ['an empty nonce', changed('AZaz09-_AZaz09-_AZaz0A', '')],
    ['a nonce as a token', changed('"AZaz09-_AZaz09-_AZaz0A"', 'AZaz09-_AZaz09-_AZaz0A')],
    ['a nonce as a byte sequence', changed('"AZaz09-_AZaz09-_AZaz0A"', ':AZaz09-_AZaz09-_AZaz0A:')],
    ['an empty keyid', changed('"2026-11.edge_~A"', '""')],
    ['a keyid of 65 characters', changed('2026-11.edge_~A', 'k'.repeat(65))],
    ['a keyid with a slash', changed('2026-11', '2026/11')],
    ['a keyid with an escape', changed('2026-11', '2026\\"11')],
    ['a keyid with a space', changed('2026-11', '2026 11')],
    ['a keyid beyond ASCII', changed('2026-11', '2026ä11')],
    ['an alg outside the profile', changed('hmac-sha256', 'rsa-pss-sha512')],
    ['the name of another registry', changed('hmac-sha256', 'HS256')],
    ['an alg in upper case', changed('hmac-sha256', 'HMAC-SHA256')],
    ['an alg that continues', changed('hmac-sha256', 'hmac-sha2561')],
    ['an empty alg', changed('hmac-sha256', '')],
    ['the alg none', changed('hmac-sha256', 'none')],
    ['another tag', changed('tag="countersign"', 'tag="web-bot-auth"')],
    ['a tag in upper case', changed('tag="countersign"', 'tag="Countersign"')],
    ['a tag that continues', changed('tag="countersign"', 'tag="countersign2"')],
    ['a tag as a token', changed('tag="countersign"', 'tag=countersign')],
    ['digits of another script', changed('created=1', 'created=１')],
  ])('refuses %s', (_, value) => {
    expect(() => parseSignatureInput(value)).toThrow(BAD_PARAMETERS)
  })

  it('completes over a hostile value of great length', () => {
    const long = '"x-cert-verify" '.repeat(100_000)
    expect(() => parseSignatureInput(`(${long}${DERIVED})${TAIL}`)).toThrow(BAD_FIELD)
    expect(() => parseSignatureInput(`(${' '.repeat(1_000_000)}${DERIVED})${TAIL}`)).toThrow(BAD_FIELD)
    expect(() => parseSignatureInput(`(${DERIVED})${';created=1'.repeat(100_000)}`)).toThrow(BAD_PARAMETERS)
    expect(() => parseSignatureInput('('.repeat(1_000_000))).toThrow(NO_LIST)
  })
})

describe('listLaterHeaders', () => {
  const LATER = formatSignatureInput(['x-cert-verify', 'x-cert-zone', 'x-cert-account'], PARAMETERS)

  it('lists the headers that our signature covers and the table does not have', () => {
    expect(listLaterHeaders(`countersign=${LATER}`)).toEqual(['x-cert-zone', 'x-cert-account'])
    expect(listLaterHeaders(`other=("x-cert-other"), countersign=${LATER}`)).toEqual(['x-cert-zone', 'x-cert-account'])
    expect(listLaterHeaders(`countersign=${PLAIN}`)).toEqual([])
  })

  it.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['another label', `other=${LATER}`],
    ['no dictionary', `countersign=${LATER}, (`],
    ['another profile', `countersign=${LATER};extra=1`],
    ['two members', `countersign=${LATER}, countersign=${LATER}`],
    ['a second member without later headers', `countersign=${LATER}, countersign=${PLAIN}`],
  ])('lists none from %s', (_, text) => {
    expect(listLaterHeaders(text)).toEqual([])
  })
})
