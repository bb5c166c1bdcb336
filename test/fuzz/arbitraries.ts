import type { AttributeTypeAndValue } from '@countersign/wire'
import fc from 'fast-check'

/** Text of any Unicode characters, controls included, but without a lone surrogate. */
export const anyText = fc.string({ unit: 'binary', maxLength: 12 })

/** Text of the syntax of distinguished names: separators, escapes, attribute types. */
export const syntaxText = fc
  .array(
    fc.constantFrom(
      ...' ,;+="#<>\\/\0\t\n.aC0',
      'CN=',
      'O=',
      '\\C3',
      '\\AB',
      '\\2C',
      '#0C01',
      '1.2.3',
      'ë',
      '🔑',
      '\u00a0',
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.join(''))

/** Attribute types: known ones under their printed names, unknown ones, and plain object identifiers. */
export const attributeType = fc.oneof(
  fc.constantFrom('CN', 'O', 'OU', 'C', 'UID', 'DC', 'emailAddress', 'serialNumber', 'jurisdictionC'),
  fc.stringMatching(/^x-[A-Za-z0-9-]{0,8}$/),
  fc.constantFrom('constructor', 'toString'),
  fc
    .array(fc.bigInt({ min: 0n, max: 2n ** 70n }), { minLength: 1, maxLength: 4 })
    .map((arcs) => `1.3.99.${arcs.join('.')}`),
)

/** BER of a type that is not a string. The parser returns it as bytes. */
export const berBytes = fc
  .tuple(fc.constantFrom(0x02, 0x03, 0x04, 0x05, 0x30), fc.uint8Array({ maxLength: 150 }))
  .map(([tag, contents]) => Uint8Array.of(tag, ...(contents.length < 0x80 ? [] : [0x81]), contents.length, ...contents))

/** The value of an attribute: mostly text, sometimes bytes. */
export const attributeValue = fc.oneof(
  { weight: 4, arbitrary: anyText },
  { weight: 4, arbitrary: syntaxText },
  { weight: 1, arbitrary: berBytes },
)

const attribute: fc.Arbitrary<AttributeTypeAndValue> = fc.record({ type: attributeType, value: attributeValue })

/** A distinguished name, multi-valued RDNs included. */
export const distinguishedName = fc.array(fc.array(attribute, { minLength: 1, maxLength: 3 }), { maxLength: 4 })

/** A small change of a text. */
export interface Edit {
  readonly kind: 'insert' | 'remove' | 'replace' | 'swap' | 'repeat'
  /** From 0, the beginning, to 1, the end. */
  readonly place: number
  readonly length: number
  readonly inserted: string
}

/** One to three small changes, applicable to any text. */
export const edits = (inserted: fc.Arbitrary<string>): fc.Arbitrary<Edit[]> =>
  fc.array(
    fc.record({
      kind: fc.constantFrom('insert', 'remove', 'replace', 'swap', 'repeat'),
      place: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.integer({ min: 1, max: 3 }),
      inserted,
    }),
    { minLength: 1, maxLength: 3 },
  )

/** The text after the changes. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  return edits.reduce((before, { kind, place, length, inserted }) => {
    const at = Math.round(place * before.length)
    const [head, tail] = [before.slice(0, at), before.slice(at)]
    switch (kind) {
      case 'insert':
        return head + inserted + tail
      case 'remove':
        return head + tail.slice(length)
      case 'replace':
        return head + inserted + tail.slice(length)
      case 'swap':
        return head + tail.charAt(1) + tail.charAt(0) + tail.slice(2)
      default:
        return head + tail.slice(0, length) + tail
    }
  }, text)
}

/** Text with one to three small changes. */
export const edited = (text: fc.Arbitrary<string>, inserted: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(text, edits(inserted)).map(([text, edits]) => applyEdits(text, edits))
