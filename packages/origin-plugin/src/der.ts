/** One DER value: its tag, and where its contents lie. */
export interface DerValue {
  readonly tag: number
  readonly contents: Uint8Array
  /** Tag, length and contents together. */
  readonly encoded: Uint8Array
}

/** The tags of ASN.1 that a certificate's names are made of. */
export const TAG = { OID: 0x06, OCTET_STRING: 0x04, SEQUENCE: 0x30, SET: 0x31 } as const

/**
 * Reads the values that stand one after the other in DER-encoded contents.
 *
 * Only what X.509 needs: tags of one byte, definite lengths of at most three bytes. Every length is held against the bytes that are there.
 *
 * @throws SyntaxError if the bytes are anything else
 * @see ITU-T X.690, section 8.1
 */
export function readDerValues(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = []
  let at = 0
  while (at < bytes.length) {
    const value = readDerValue(bytes.subarray(at))
    values.push(value)
    at += value.encoded.length
  }
  return values
}

function readDerValue(bytes: Uint8Array): DerValue {
  const tag = bytes[0]
  const first = bytes[1]
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new SyntaxError('not a DER value')
  const lengthBytes = first < 0x80 ? 0 : first - 0x80
  if (first === 0x80 || lengthBytes > 3) throw new SyntaxError('not a definite DER length')
  let length = lengthBytes === 0 ? first : 0
  for (const byte of bytes.subarray(2, 2 + lengthBytes)) length = length * 256 + byte
  const start = 2 + lengthBytes
  if (bytes.length < start + length) throw new SyntaxError('a DER value is longer than its bytes')
  return { tag, contents: bytes.subarray(start, start + length), encoded: bytes.subarray(0, start + length) }
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

/**
 * Reads an object identifier.
 *
 * @returns the dotted form, such as `2.5.4.3`
 * @throws SyntaxError if the value is not an object identifier
 */
export function readDerOid(value: DerValue | undefined): string {
  if (value?.tag !== TAG.OID) throw new SyntaxError('expected an object identifier')
  const arcs: bigint[] = []
  let arc = 0n
  for (const byte of value.contents) {
    arc = (arc << 7n) | BigInt(byte & 0x7f)
    if (byte < 0x80) {
      arcs.push(arc)
      arc = 0n
    }
  }
  const [first] = arcs
  const last = value.contents.at(-1) ?? 0x80
  if (first === undefined || last >= 0x80) throw new SyntaxError('an object identifier is empty or cut off')
  const root = first < 80n ? first / 40n : 2n
  return [root, first - root * 40n, ...arcs.slice(1)].join('.')
}
