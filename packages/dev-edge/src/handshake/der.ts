// The origin plugin has a DER reader too (packages/origin-plugin/src/x509/der.ts). The two stay apart on purpose: they are
// the two ends of the wire, and one misreading in shared code would hide from the tests that let the ends meet.

/** One DER value. Its views share the memory of the input. */
export interface DerValue {
  readonly tag: number
  /** The bytes after the length. */
  readonly contents: Uint8Array
  /** Tag, length and contents. */
  readonly encoded: Uint8Array
}

/**
 * Reads the first DER value (ITU-T X.690). The input comes from certificates that OpenSSL accepted in a handshake. The
 * reader therefore supports only one-byte tags and definite lengths.
 *
 * @throws RangeError if the value does not end within the bytes
 */
export function readDer(bytes: Uint8Array): DerValue {
  const [tag = 0, first = 0x80] = bytes
  const lengthBytes = first < 0x80 ? 0 : first - 0x80
  let length = first < 0x80 ? first : 0
  for (const byte of bytes.subarray(2, 2 + lengthBytes)) length = length * 256 + byte
  const start = 2 + lengthBytes
  if (first === 0x80 || lengthBytes > 4 || start + length > bytes.length) {
    throw new RangeError('the length of a DER value is unsupported, or exceeds the bytes')
  }
  return { tag, contents: bytes.subarray(start, start + length), encoded: bytes.subarray(0, start + length) }
}

/** Reads the values inside a SEQUENCE, a SET or an explicit tag. */
export function readDerChildren({ contents }: DerValue): DerValue[] {
  const children: DerValue[] = []
  for (let at = 0; at < contents.length; ) {
    const child = readDer(contents.subarray(at))
    children.push(child)
    at += child.encoded.length
  }
  return children
}

/** Reads an OBJECT IDENTIFIER into dotted text. */
export function readObjectIdentifier({ contents }: DerValue): string {
  const arcs: bigint[] = []
  let arc = 0n
  for (const byte of contents) {
    arc = (arc << 7n) | BigInt(byte & 0x7f)
    if (byte >= 0x80) continue
    arcs.push(arc)
    arc = 0n
  }
  const [head = 0n, ...rest] = arcs
  const top = head < 80n ? head / 40n : 2n
  return [top, head - top * 40n, ...rest].join('.')
}
