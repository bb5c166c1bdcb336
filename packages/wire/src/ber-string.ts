/** ASN.1's character strings. */
const STRING = {
  UTF8: 0x0c,
  NUMERIC: 0x12,
  PRINTABLE: 0x13,
  TELETEX: 0x14,
  IA5: 0x16,
  VISIBLE: 0x1a,
  UNIVERSAL: 0x1c,
  BMP: 0x1e,
} as const
const STRING_TAGS: ReadonlySet<number | undefined> = new Set(Object.values(STRING))

/**
 * Whether a BER value has the type of one of ASN.1's character strings. If {@link decodeBerString} returned its bytes,
 * they are text that cannot be read.
 *
 * @example
 * ```ts
 * isBerString(Uint8Array.of(0x0c, 2, 0x68, 0x69)) // true
 * ```
 */
export function isBerString(ber: Uint8Array): boolean {
  return STRING_TAGS.has(ber[0])
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf16 = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true })

/**
 * Decodes one BER value if its type is one of ASN.1's character strings. Nearly every `#hex` attribute value has such a
 * type.
 *
 * @param ber - tag, definite length and contents, with nothing after them
 * @returns the text; the bytes themselves for every other type, and for contents that are not in the string's
 *   character set. Certificates contain such strings, and two readers could read two different texts
 * @throws SyntaxError if the length does not match the bytes
 * @see {@link https://www.rfc-editor.org/rfc/rfc4514#section-2.4 RFC 4514, section 2.4}
 * @example
 * ```ts
 * decodeBerString(Uint8Array.of(0x0c, 2, 0x68, 0x69)) // 'hi'
 * ```
 */
export function decodeBerString(ber: Uint8Array): string | Uint8Array {
  const contents = berContents(ber)
  try {
    switch (ber[0]) {
      case STRING.UTF8:
        return utf8.decode(contents)
      case STRING.NUMERIC:
      case STRING.PRINTABLE:
      case STRING.IA5:
      case STRING.VISIBLE:
        return decodeAscii(contents)
      case STRING.TELETEX: // In practice it contains Latin-1.
        return String.fromCharCode(...contents)
      case STRING.UNIVERSAL:
        return decodeUtf32(contents)
      case STRING.BMP:
        return utf16.decode(contents)
      default:
        return ber
    }
  } catch {
    return ber
  }
}

function berContents(ber: Uint8Array): Uint8Array {
  const first = ber[1] ?? 0x80
  const lengthBytes = first < 0x80 ? 0 : first - 0x80
  if (first === 0x80 || lengthBytes > 2) throw new SyntaxError('a #hex value is not one BER value')
  let length = lengthBytes === 0 ? first : 0
  for (const byte of ber.subarray(2, 2 + lengthBytes)) length = length * 256 + byte
  const start = 2 + lengthBytes
  // Do not compare the length of a subarray: it is 0 even if the length bytes themselves are cut off.
  if (ber.length !== start + length) throw new SyntaxError('a #hex value is not one BER value')
  return ber.subarray(start)
}

function decodeAscii(bytes: Uint8Array): string {
  if (bytes.some((byte) => byte > 0x7f)) throw new RangeError('not ASCII')
  return String.fromCharCode(...bytes)
}

function decodeUtf32(bytes: Uint8Array): string {
  if (bytes.length % 4 !== 0) throw new RangeError('not UTF-32')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    const codePoint = view.getUint32(at)
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) throw new RangeError('a surrogate is not a character')
    text += String.fromCodePoint(codePoint)
  }
  return text
}
