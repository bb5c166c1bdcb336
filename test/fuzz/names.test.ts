import { encodeHeaderValue, formatDistinguishedName, parseDistinguishedName } from '@countersign/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyText, distinguishedName, edited, syntaxText } from './arbitraries.ts'
import { fuzz } from './fuzz.ts'

/** The name, or `null` for text that is not a name. Only a SyntaxError is allowed. */
function parse(text: string) {
  try {
    return parseDistinguishedName(text)
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError)
    return null
  }
}

/** Random text, and the text of a name with some changes. */
const nearlyName = fc.oneof(
  fc.string({ unit: 'binary' }),
  syntaxText,
  edited(distinguishedName.map(formatDistinguishedName), fc.oneof(syntaxText, anyText)),
)

describe('a distinguished name', () => {
  it('is parsed as it was formatted', () =>
    fuzz(
      fc.property(distinguishedName, (name) => {
        expect(parseDistinguishedName(formatDistinguishedName(name))).toEqual(name)
      }),
    ))

  it('is refused with SyntaxError, or parsed as a name that survives formatting', () =>
    fuzz(
      fc.property(nearlyName, (text) => {
        const name = parse(text)
        if (name) expect(parseDistinguishedName(formatDistinguishedName(name))).toEqual(name)
      }),
    ))

  it('is the same before and after the transport in a header, and so is text that is not a name', () =>
    fuzz(
      // A header value cannot carry a NUL, which is escaped there, nor a lone surrogate.
      fc.property(
        nearlyName.filter((text) => !text.includes('\0') && text.isWellFormed()),
        (text) => {
          const sent = encodeHeaderValue(text, 'dn')
          expect(sent).toMatch(/^(?:[!-~](?:[ -~]*[!-~])?)?$/)
          expect(parse(sent)).toEqual(parse(text))
        },
      ),
    ))
})
