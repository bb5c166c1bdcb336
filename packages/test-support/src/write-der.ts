/** Tags of the values that this file writes and {@link splitDer} expects. */
const TAG = { OID: 0x06, SEQUENCE: 0x30, SET: 0x31 } as const

/** Writes one DER value, valid or not. Text is one character per byte. */
export function der(tag: number, ...contents: readonly (Uint8Array | string)[]): Buffer {
  const bytes = Buffer.concat(contents.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)))
  return Buffer.concat([Uint8Array.of(tag, ...lengthOf(bytes.length)), bytes])
}

/** The shortest form of a length: one byte, or up to four bytes after a byte that counts them. */
function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length]
  const digits = [length >>> 24, length >>> 16, length >>> 8, length].map((digit) => digit & 0xff)
  const shortest = digits.slice(digits.findIndex((digit) => digit > 0))
  return [0x80 + shortest.length, ...shortest]
}

/** One attribute of a name: the contents of its type's object identifier in hexadecimal, and its DER value. */
export type RawAttribute = readonly [type: string, value: Uint8Array]

/** Writes a Name in DER, with the RDNs in the certificate's order. */
export function derName(...rdns: readonly (readonly RawAttribute[])[]): Buffer {
  const attribute = ([type, value]: RawAttribute) => der(TAG.SEQUENCE, der(TAG.OID, Buffer.from(type, 'hex')), value)
  return der(TAG.SEQUENCE, ...rdns.map((rdn) => der(TAG.SET, ...rdn.map(attribute).sort(Buffer.compare))))
}

/** Splits a constructed DER value of at most 64 KiB into its parts, each with its tag and length. */
export function splitDer(value: Uint8Array): Buffer[] {
  const bytes = Buffer.from(value)
  const parts: Buffer[] = []
  for (let at = contentsOf(bytes, 0).start; at < bytes.length; ) {
    const { end } = contentsOf(bytes, at)
    parts.push(bytes.subarray(at, end))
    at = end
  }
  return parts
}

/** The place of a value's contents: a length of one byte, or of one or two bytes after a byte that counts them. */
function contentsOf(bytes: Buffer, at: number): { readonly start: number; readonly end: number } {
  const first = bytes.readUInt8(at + 1)
  const lengthBytes = first < 0x80 ? 0 : first - 0x80
  const start = at + 2 + lengthBytes
  return { start, end: start + (lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes)) }
}
