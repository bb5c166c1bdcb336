import { attributeTypeName } from './attribute-types.ts'
import { decodeBerString } from './ber-string.ts'
import { formatHex, parseHex } from './hex.ts'

/**
 * One attribute of an RDN.
 *
 * @example
 * ```ts
 * const attribute: AttributeTypeAndValue = { type: 'CN', value: 'pay-1' }
 * ```
 */
export interface AttributeTypeAndValue {
  /** The type's printed name: `CN`, `emailAddress`, or a dotted OID. */
  readonly type: string
  /** The unescaped text; the BER bytes for a `#hex` value that is not one of ASN.1's strings. */
  readonly value: string | Uint8Array
}

/**
 * One RDN: one attribute, or several joined by `+`.
 *
 * @example
 * ```ts
 * const rdn: RelativeDistinguishedName = [{ type: 'OU', value: 'Ops' }]
 * formatDistinguishedName([rdn]) // 'OU=Ops'
 * ```
 */
export type RelativeDistinguishedName = readonly AttributeTypeAndValue[]

/**
 * Node's default limit for all headers together is 16 KiB, so a name from the edge is never longer.
 *
 * @example
 * ```ts
 * const isTooLong = (text: string) => text.length > MAX_DISTINGUISHED_NAME_LENGTH
 * ```
 */
export const MAX_DISTINGUISHED_NAME_LENGTH = 16_384

/**
 * Reads a distinguished name: RFC 4514, and the additional forms of RFC 2253 and RFC 1779 (`;` as separator, quoted
 * strings, spaces around separators, `OID.` before a dotted type). `\XX` pairs are UTF-8, `#hex` is BER. Takes linear
 * time.
 *
 * @param text - the name, most specific RDN first; `""` is the empty name
 * @returns the RDNs in the order of the text
 * @throws SyntaxError if the text is not such a name, or is longer than {@link MAX_DISTINGUISHED_NAME_LENGTH}
 *   characters. Also for the types `uid` and `Mail`: OpenSSL prints another type under these spellings than other
 *   software does
 * @see {@link https://www.rfc-editor.org/rfc/rfc4514#section-3 RFC 4514, section 3}
 * @example
 * ```ts
 * parseDistinguishedName('CN=Zo\\C3\\AB+UID=7, O="Acme, Inc."')
 * // [[{ type: 'CN', value: 'Zoë' }, { type: 'UID', value: '7' }], [{ type: 'O', value: 'Acme, Inc.' }]]
 * ```
 */
export function parseDistinguishedName(text: string): RelativeDistinguishedName[] {
  return parseName(text, 'refuse')
}

/**
 * Reads a distinguished name as {@link parseDistinguishedName} does, for comparison with the certificate itself. The
 * types `uid` and `Mail` stay as they are, and {@link isAmbiguousType} finds them.
 *
 * @throws SyntaxError if the text is not such a name
 * @example
 * ```ts
 * formatDistinguishedName(parsePrintedName('CN=pay-1, O=Acme')) // 'CN=pay-1,O=Acme'
 * ```
 */
export function parsePrintedName(text: string): RelativeDistinguishedName[] {
  return parseName(text, 'keep')
}

function parseName(text: string, ambiguousTypes: 'refuse' | 'keep'): RelativeDistinguishedName[] {
  if (text.length > MAX_DISTINGUISHED_NAME_LENGTH) {
    throw new SyntaxError(`a distinguished name is longer than ${MAX_DISTINGUISHED_NAME_LENGTH} characters`)
  }
  // Half of a surrogate pair is not a character: no certificate contains one, and we could not write it again.
  if (!text.isWellFormed()) throw new SyntaxError('a distinguished name contains half of a surrogate pair')
  return new Parser(text, ambiguousTypes).parseName()
}

class Parser {
  readonly #text: string
  readonly #ambiguousTypes: 'refuse' | 'keep'
  #at = 0

  constructor(text: string, ambiguousTypes: 'refuse' | 'keep') {
    this.#text = text
    this.#ambiguousTypes = ambiguousTypes
  }

  parseName(): RelativeDistinguishedName[] {
    const rdns: AttributeTypeAndValue[][] = []
    this.#skipSpaces()
    if (this.#at === this.#text.length) return rdns

    let rdn = [this.#parseAttribute()]
    while (this.#at < this.#text.length) {
      const separator = this.#text[this.#at++]
      if (separator === '+') {
        rdn.push(this.#parseAttribute())
      } else {
        rdns.push(rdn)
        rdn = [this.#parseAttribute()]
      }
    }
    rdns.push(rdn)
    return rdns
  }

  #parseAttribute(): AttributeTypeAndValue {
    this.#skipSpaces()
    const type = this.#readUntil(' =')
    const isAmbiguous = isAmbiguousType(type)
    if (isAmbiguous && this.#ambiguousTypes === 'refuse') {
      throw this.#error('uid and Mail are ambiguous types; write UID, mail or an OID')
    }
    this.#skipSpaces()
    if (this.#text[this.#at] !== '=') throw this.#error('expected an attribute such as CN=value')
    this.#at += 1
    this.#skipSpaces()
    return { type: isAmbiguous ? type : attributeTypeName(type), value: this.#parseValue() }
  }

  /** Leaves the cursor on the separator after the value, or at the end. */
  #parseValue(): string | Uint8Array {
    switch (this.#text[this.#at]) {
      case '#':
        return this.#parseHexValue()
      case '"':
        return this.#parseQuotedValue()
      default:
        return this.#parseStringValue()
    }
  }

  #parseHexValue(): string | Uint8Array {
    this.#at += 1
    const hex = this.#readUntil(' ,;+')
    this.#expectSeparator()
    return decodeBerString(parseHex(hex))
  }

  #parseQuotedValue(): string {
    const value = new ValueBuilder()
    this.#at += 1
    for (;;) {
      const char = this.#text[this.#at]
      if (char === undefined) throw this.#error('a quoted string is not closed')
      this.#at += 1
      if (char === '"') break
      if (char === '\\') this.#parseEscape(value)
      else value.addText(char)
    }
    this.#expectSeparator()
    return value.finish()
  }

  #parseStringValue(): string {
    const value = new ValueBuilder()
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] as string
      if (isSeparator(char)) break
      if (char === '"' || char === '<' || char === '>' || char === '\0') {
        throw this.#error('a special character is not escaped')
      }
      this.#at += 1
      if (char === '\\') this.#parseEscape(value)
      else value.addText(char)
    }
    return value.finishTrimmed()
  }

  /** RFC 4514 `pair`: a backslash, then a special character or two hexadecimal digits. */
  #parseEscape(value: ValueBuilder): void {
    const char = this.#text[this.#at]
    if (char !== undefined && ESCAPABLE.includes(char)) {
      this.#at += 1
      value.addEscapedText(char)
      return
    }
    const byte = hexPair(this.#text, this.#at)
    if (byte < 0) throw this.#error('a backslash is not followed by a special character or two hexadecimal digits')
    this.#at += 2
    value.addByte(byte)
  }

  #expectSeparator(): void {
    this.#skipSpaces()
    if (this.#at < this.#text.length && !isSeparator(this.#text[this.#at])) {
      throw this.#error('expected a separator after a value')
    }
  }

  #readUntil(ends: string): string {
    const start = this.#at
    while (this.#at < this.#text.length && !ends.includes(this.#text[this.#at] as string)) this.#at += 1
    return this.#text.slice(start, this.#at)
  }

  /**
   * Skips U+0020 only (RFC 2253, section 4). Parsers disagree on tabs and no-break spaces, so these stay in the name.
   */
  #skipSpaces(): void {
    while (this.#text[this.#at] === ' ') this.#at += 1
  }

  #error(fault: string): SyntaxError {
    return new SyntaxError(`not a distinguished name: ${fault} (at character ${this.#at})`)
  }
}

/**
 * Whether a type, spelled exactly so, can be one of two. OpenSSL prints uniqueIdentifier as `uid` and userId as `UID`,
 * and has the type `Mail` besides `mail`. Types are read without regard to case, so a certificate's uniqueIdentifier
 * would pass for its user id.
 *
 * @example
 * ```ts
 * isAmbiguousType('uid') // true: OpenSSL prints uniqueIdentifier so, and others print userId
 * ```
 */
export function isAmbiguousType(type: string): boolean {
  return type === 'uid' || type === 'Mail'
}

const ESCAPABLE = ' "#+,;<=>\\'

function isSeparator(char: string | undefined): boolean {
  return char === ',' || char === ';' || char === '+'
}

function hexPair(text: string, at: number): number {
  const pair = text.slice(at, at + 2)
  return /^[0-9A-Fa-f]{2}$/.test(pair) ? Number.parseInt(pair, 16) : -1
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Collects a value's characters and `\XX` bytes, and knows the start of its trailing insignificant spaces. */
class ValueBuilder {
  #text = ''
  #bytes: number[] = []
  /**
   * The number of characters that belong to the value in any case. Unescaped spaces after them may still be dropped.
   */
  #significant = 0

  addText(char: string): void {
    this.#flushBytes()
    this.#text += char
    if (char !== ' ') this.#significant = this.#text.length
  }

  addEscapedText(char: string): void {
    this.#flushBytes()
    this.#text += char
    this.#significant = this.#text.length
  }

  addByte(byte: number): void {
    this.#bytes.push(byte)
  }

  finish(): string {
    this.#flushBytes()
    return this.#text
  }

  finishTrimmed(): string {
    this.#flushBytes()
    return this.#text.slice(0, this.#significant)
  }

  #flushBytes(): void {
    if (this.#bytes.length === 0) return
    try {
      this.#text += utf8.decode(Uint8Array.from(this.#bytes))
    } catch {
      // The bytes are overlong or cut off: two readers could read two different names.
      throw new SyntaxError('not a distinguished name: the \\XX pairs are not UTF-8')
    }
    this.#bytes = []
    this.#significant = this.#text.length
  }
}

/**
 * Writes a distinguished name in RFC 4514 text, the counterpart of {@link parseDistinguishedName}.
 *
 * Some characters would make two names look alike: a terminal or a log viewer acts on them, hides them or shows them as
 * a plain space. These are controls, direction and zero-width marks, line separators, no-break spaces and lone
 * surrogates. They are written as `\XX` pairs.
 *
 * @param name - the RDNs, most specific first
 * @throws SyntaxError as {@link attributeTypeName} does
 * @see {@link https://www.rfc-editor.org/rfc/rfc4514#section-2 RFC 4514, section 2}
 * @example
 * ```ts
 * formatDistinguishedName([[{ type: 'commonName', value: 'pay-1' }], [{ type: 'O', value: 'Acme, Inc.' }]])
 * // 'CN=pay-1,O=Acme\\, Inc.'
 * ```
 */
export function formatDistinguishedName(name: readonly RelativeDistinguishedName[]): string {
  return name.map((rdn) => rdn.map(formatAttribute).join('+')).join(',')
}

function formatAttribute({ type, value }: AttributeTypeAndValue): string {
  return `${attributeTypeName(type)}=${typeof value === 'string' ? escapeValue(value) : `#${formatHex(value)}`}`
}

const encoder = new TextEncoder()
/** A whole run, because each call of the encoder costs microseconds, and a name can consist of such characters. */
const UNSEEN = /(?:(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}])+/gu

function escapeValue(value: string): string {
  return value.replace(/[,+"\\<>;]|^[ #]| $/g, '\\$&').replace(UNSEEN, (run) => formatHex(encoder.encode(run), '\\'))
}
