const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf16 = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true })

/**
 * Decodes one BER value if its type is one of ASN.1's character strings. Nearly every `#hex` attribute value has such a
 * type.
 *
 * @param ber - tag, definite length and contents, with nothing after them
 * @returns the text; for every other type the bytes themselves
 * @throws SyntaxError if the length does not match the bytes, or the contents are not in the string's character set
 * @see {@link https://www.rfc-editor.org/rfc/rfc4514#section-2.4 RFC 4514, section 2.4}
 */
export function decodeBerString(ber: Uint8Array): string | Uint8Array {
  const contents = berContents(ber)
  try {
    switch (ber[0]) {
      case 0x0c: // UTF8String
        return utf8.decode(contents)
      case 0x12: // NumericString
      case 0x13: // PrintableString
      case 0x16: // IA5String
      case 0x1a: // VisibleString
        return decodeAscii(contents)
      case 0x14: // TeletexString, which in practice contains Latin-1
        return String.fromCharCode(...contents)
      case 0x1c: // UniversalString
        return decodeUtf32(contents)
      case 0x1e: // BMPString
        return utf16.decode(contents)
      default:
        return ber
    }
  } catch {
    throw new SyntaxError('a #hex value does not match its string type')
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
