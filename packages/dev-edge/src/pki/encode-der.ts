/** Tags of ITU-T X.690 that this package writes. */
const TAG = {
  INTEGER: 0x02,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OBJECT_IDENTIFIER: 0x06,
  BMP_STRING: 0x1e,
  SEQUENCE: 0x30,
  SET: 0x31,
  CONTEXT_0_PRIMITIVE: 0x80,
  CONTEXT_0: 0xa0,
} as const

/** Encodes a SEQUENCE of encoded values. */
export function sequence(...values: Uint8Array[]): Buffer {
  return encodeDer(TAG.SEQUENCE, Buffer.concat(values))
}

/** Encodes a SET OF values, in the order of DER. */
export function setOf(...values: Uint8Array[]): Buffer {
  return encodeDer(TAG.SET, Buffer.concat(values.toSorted(Buffer.compare)))
}

export function octetString(bytes: Uint8Array): Buffer {
  return encodeDer(TAG.OCTET_STRING, bytes)
}

/** `[0] IMPLICIT OCTET STRING` */
export function taggedOctetString(bytes: Uint8Array): Buffer {
  return encodeDer(TAG.CONTEXT_0_PRIMITIVE, bytes)
}

/** `[0] EXPLICIT` */
export function tagged(value: Uint8Array): Buffer {
  return encodeDer(TAG.CONTEXT_0, value)
}

/** Encodes an INTEGER that is not negative. */
export function integer(value: number): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  const isNegative = (bytes[0] ?? 0) >= 0x80
  return encodeDer(TAG.INTEGER, isNegative ? Buffer.concat([Buffer.of(0), bytes]) : bytes)
}

export function nullValue(): Buffer {
  return encodeDer(TAG.NULL, Buffer.alloc(0))
}

/** @param text - dotted, such as `1.2.840.113549` */
export function objectIdentifier(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  return encodeDer(TAG.OBJECT_IDENTIFIER, Buffer.from([first * 40 + second, ...rest].flatMap(base128)))
}

/** Encodes UTF-16, the most significant byte first. */
export function bmpString(text: string): Buffer {
  return encodeDer(TAG.BMP_STRING, Buffer.from(text, 'utf16le').swap16())
}

/** Encodes one value: tag, length and contents. */
export function encodeDer(tag: number, contents: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(tag, ...length(contents.length)), contents])
}

function length(bytes: number): number[] {
  if (bytes < 0x80) return [bytes]
  const digits = base256(bytes)
  return [0x80 + digits.length, ...digits]
}

function base256(value: number): number[] {
  return value < 0x100 ? [value] : [...base256(Math.floor(value / 0x100)), value % 0x100]
}

/** Encodes seven bits a byte. Every byte but the last has its high bit set. */
function base128(value: number): number[] {
  const rest: number[] = []
  for (let left = Math.floor(value / 0x80); left > 0; left = Math.floor(left / 0x80)) rest.unshift(0x80 + (left % 0x80))
  return [...rest, value % 0x80]
}
