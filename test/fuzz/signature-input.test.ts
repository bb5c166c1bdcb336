import {
  COVERED_FIELDS,
  DERIVED_COMPONENTS,
  type DictionaryMember,
  formatSignatureInput,
  parseSignatureInput,
  type SignatureInput,
  splitDictionary,
} from '@countersign/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { edited } from './arbitraries.ts'
import { fuzz } from './fuzz.ts'

/** Headers of a later release, each once. */
const laterHeaders = fc.uniqueArray(fc.stringMatching(/^x-cert-later(-[a-z0-9]{1,6}){1,3}$/), { maxLength: 16 })
const seconds = fc.integer({ min: 1, max: 99_999_999_999 })
const signatureInput = fc.record({
  fields: fc.subarray([...COVERED_FIELDS]),
  later: laterHeaders,
  created: seconds,
  expires: seconds,
  nonce: fc.stringMatching(/^[A-Za-z0-9_-]{22}$/),
  keyid: fc.stringMatching(/^[A-Za-z0-9._~-]{1,64}$/),
  alg: fc.constantFrom('hmac-sha256' as const, 'ed25519' as const),
})

const format = (input: SignatureInput) => formatSignatureInput([...input.fields, ...input.later], input)

const piece = fc.oneof(
  fc.constantFrom(
    ...' ";=()0\\,:',
    '\t',
    '\n',
    ';sf',
    ';bs',
    ';req',
    ';created=1',
    ';tag="x"',
    ';alg="none"',
    ' "x-cert-ski"',
    ' "x-cert-new"',
    ' "@method"',
    '"date" ',
  ),
  fc.constantFrom(...COVERED_FIELDS, ...DERIVED_COMPONENTS).map((name) => ` "${name}"`),
  fc.string({ maxLength: 2 }),
)

const UNKNOWN = ['date', 'X-Cert-Ski', 'x-cert-ski";sf', 'x-cert-new', 'x-cert-new-2', 'x-cert_new', 'cf-cert-new']

/** Mostly in order, with up to two components that are repeated, moved, unknown or derived. */
const componentList = fc
  .tuple(
    fc.subarray([...COVERED_FIELDS], { maxLength: 6 }),
    fc.array(fc.tuple(fc.nat(6), fc.constantFrom<string>(...COVERED_FIELDS, ...DERIVED_COMPONENTS, ...UNKNOWN)), {
      maxLength: 2,
    }),
  )
  .map(([fields, added]) => added.reduce<readonly string[]>((list, [at, name]) => list.toSpliced(at, 0, name), fields))

const parameterChange = fc.tuple(
  fc.constantFrom('created', 'expires', 'nonce', 'keyid', 'alg', 'tag'),
  fc.constantFrom<(value: string, quote: string) => string>(
    (value, quote) => `${quote}0${value}${'0'.repeat(64)}${quote}`,
    (value, quote) => (quote ? `"0${value}!"` : `0${value}`),
    (value, quote) => (quote ? value : `"${value}"`),
    (value, quote) => `${quote}${value}${quote}.0`,
    (value, quote) => ` ${quote}${value}${quote}`,
    (value, quote) => `${quote}${value}${quote} `,
    (value, quote) => `${quote}-${value}\\${quote}`,
    (value, quote) => `${quote}${value}${quote};x=1`,
    (_, quote) => quote + quote,
  ),
)

describe('a Signature-Input member', () => {
  it('is parsed as it was formatted', () =>
    fuzz(
      fc.property(signatureInput, (input) => {
        expect(parseSignatureInput(format(input))).toEqual(input)
      }),
    ))

  it('with a change is refused, unless the parsed value formats to the same text', () =>
    fuzz(
      fc.property(edited(signatureInput.map(format), piece), (text) => {
        try {
          const read = parseSignatureInput(text)
          expect(format(read)).toBe(text)
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError)
        }
      }),
    ))

  it('of components in any order is accepted exactly if each occurs once, in the order of the table, and later ones behind', () =>
    fuzz(
      fc.property(componentList, signatureInput, (fields, parameters) => {
        const inOrder = COVERED_FIELDS.filter((name) => fields.includes(name))
        const later = [...new Set(fields)].filter((name) => name.startsWith('x-cert-new'))
        const text = formatSignatureInput(fields, parameters)
        if (fields.join() === [...inOrder, ...later].join())
          expect(parseSignatureInput(text)).toMatchObject({ fields: inOrder, later })
        else expect(() => parseSignatureInput(text)).toThrow(SyntaxError)
      }),
    ))

  it('with a parameter in another spelling is refused', () =>
    fuzz(
      fc.property(signatureInput, parameterChange, (input, [name, spelling]) => {
        const member = format(input)
        const text = member.replace(
          new RegExp(`;${name}=("?)([^;"]*)"?`),
          (_, quote: string, value: string) => `;${name}=${spelling(value, quote)}`,
        )
        expect(text).not.toBe(member)
        expect(() => parseSignatureInput(text)).toThrow(SyntaxError)
      }),
    ))
})

const key = fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,6}$/)
const quoted = fc
  .string({ unit: fc.constantFrom(...'a,=() "\\'), maxLength: 8 })
  .map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`)
const item = fc.oneof(quoted, fc.constantFrom('1', '-1.5', 'token', '?1', ':YQ==:', '::'))
const parameters = fc
  .array(
    fc.tuple(key, item).map(([name, value]) => `;${name}=${value}`),
    { maxLength: 2 },
  )
  .map((all) => all.join(''))
const list = fc
  .array(
    fc.tuple(item, parameters).map((parts) => parts.join('')),
    { maxLength: 3 },
  )
  .map((items) => `(${items.join(' ')})`)
const member = fc.record({ key, value: fc.tuple(fc.oneof(item, list), parameters).map((parts) => parts.join('')) })
const separator = fc.constantFrom(',', ', ', ' ,', '\t,\t', ' , ')

const joined = (members: readonly DictionaryMember[]) => members.map(({ key, value }) => `${key}=${value}`).join(', ')
/** Without the spaces and tabs that RFC 8941, section 3.2 allows around members. */
const withoutBlanks = (text: string) => text.replace(/(^|,)[\t ]+|[\t ]+(?=,|$)/g, '$1')
const dictionaryPiece = fc.constantFrom(...',=()"\\ \ta\u00a0', 'a=', ', countersign=')

describe('a dictionary', () => {
  it('splits into the members that it was joined from', () =>
    fuzz(
      fc.property(fc.array(fc.tuple(member, separator), { minLength: 1, maxLength: 5 }), (members) => {
        const text = members.map(([{ key, value }, separator], at) => `${at ? separator : ''}${key}=${value}`).join('')
        expect(splitDictionary(text)).toEqual(members.map(([member]) => member))
      }),
    ))

  it('with changes is refused with SyntaxError, or splits into members that each split into themselves', () =>
    fuzz(
      fc.property(edited(fc.array(member, { maxLength: 4 }).map(joined), dictionaryPiece), (text) => {
        try {
          const read = splitDictionary(text)
          expect(withoutBlanks(joined(read)), 'nothing is left out').toBe(withoutBlanks(text))
          for (const member of read) expect(splitDictionary(joined([member]))).toEqual([member])
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError)
        }
      }),
    ))
})
