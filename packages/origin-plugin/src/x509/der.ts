// The local edge has an independent DER reader on purpose (packages/dev-edge/src/handshake/der.ts): two ends of the
// wire, two implementations. In shared code one misreading would change both ends alike, and no test between them could
// see it.

/** One DER value: its tag and its bytes. */
export interface DerValue {
  readonly tag: number
  readonly contents: Uint8Array
  /** Tag, length and contents together. */
  readonly encoded: Uint8Array
}

/** The ASN.1 tags in certificates and revocation lists. */
export const TAG = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  OID: 0x06,
  UTF8_STRING: 0x0c,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const

/**
 * Reads all values in DER-encoded contents, one after the other.
 *
 * @throws SyntaxError as {@link readDerValue} does
 */
export function readDerValues(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = []
  for (let at = 0; at < bytes.length; ) {
    const value = readDerValue(bytes, at)
    values.push(value)
    at += value.encoded.length
  }
  return values
}

/**
 * Reads the value that begins at an offset.
 *
 * It reads the part of DER that X.509 needs: tags of one byte, and definite lengths of at most four bytes. It compares
 * every length with the number of bytes.
 *
 * @throws SyntaxError if the bytes have another form
 * @see ITU-T X.690, section 8.1
 */
export function readDerValue(bytes: Uint8Array, at: number): DerValue {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new SyntaxError('not a DER value')
  const lengthBytes = first < 0x80 ? 0 : first - 0x80
  if (first === 0x80 || lengthBytes > 4) throw new SyntaxError('not a definite DER length')
  const start = at + 2 + lengthBytes
  let length = lengthBytes === 0 ? first : 0
  for (let each = at + 2; each < start; each += 1) length = length * 256 + (bytes[each] ?? 0)
  const end = start + length
  if (end > bytes.length) throw new SyntaxError('a DER value is longer than its bytes')
  return { tag, contents: bytes.subarray(start, end), encoded: bytes.subarray(at, end) }
}

/**
 * Reads the values inside a constructed value of the given tag.
 *
 * @throws SyntaxError if the value has another tag
 */
export function readDerChildren(value: DerValue | undefined, tag: number): DerValue[] {
  if (value?.tag !== tag) throw new SyntaxError(`expected the DER tag 0x${tag.toString(16)}`)
  return readDerValues(value.contents)
}

/** Reads an optional value. One that cannot be read counts as absent. */
export function readOrUndefined<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
