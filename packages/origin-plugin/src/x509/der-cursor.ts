import type { DerValue } from './der.ts'

/** The place of one value, for example the current one of a cursor. */
export interface DerPlace {
  readonly tag: number
  readonly bytes: Uint8Array
  /** The offset of its contents. */
  readonly start: number
  /** The offset behind its contents. */
  readonly end: number
}

/**
 * Reads DER values one after the other, without an object for each value: a revocation list has millions of them.
 *
 * It accepts the part of DER that X.509 needs: tags of one byte, and lengths of at most four bytes in their shortest
 * form. It compares every length with the bytes that are left.
 *
 * @example
 * ```ts
 * const cursor = new DerCursor(Buffer.from([0x02, 0x01, 0x05]))
 * cursor.next() // true: tag 2, contents from 2 to 3
 * cursor.next() // false: no value is left
 * ```
 *
 * @see ITU-T X.690, sections 8.1 and 10.1
 */
export class DerCursor {
  readonly bytes: Buffer
  /** The tag of the current value; 0 before the first and after the last. */
  tag = 0
  /** The offset of the current value's tag. */
  from = 0
  /** The offset of its contents. */
  start = 0
  /** The offset behind its contents. */
  end = 0
  #limit = 0

  readonly #anyLength: boolean

  /** @param anyLength - also accepts lengths that are not in their shortest form, and the tag 0 */
  constructor(bytes: Uint8Array, anyLength = false) {
    this.bytes = bufferOf(bytes)
    this.#anyLength = anyLength
    this.enter(0, bytes.length)
  }

  /** Continues with the values between two offsets. */
  enter(start: number, end: number): void {
    this.tag = 0
    this.end = start
    this.#limit = end
  }

  /**
   * Moves to the next value.
   *
   * @returns whether there is one
   * @throws SyntaxError if the bytes have another form
   */
  next(): boolean {
    const { bytes } = this
    const at = this.end
    if (at >= this.#limit) {
      this.tag = 0
      return false
    }
    const tag = bytes[at] as number
    const first = bytes[at + 1] as number
    // The tag 0 ends a value of indefinite length, which DER does not have. Here it would read as the end of the values.
    if (at + 2 > this.#limit || (tag === 0 && !this.#anyLength) || (tag & 0x1f) === 0x1f)
      throw new SyntaxError('not a DER value')
    let start = at + 2
    let length = first
    if (first >= 0x80) {
      start += first - 0x80
      length = this.#longLength(at + 2, start)
    }
    const end = start + length
    if (end > this.#limit) throw new SyntaxError('a DER value is longer than its bytes')
    this.tag = tag
    this.from = at
    this.start = start
    this.end = end
    return true
  }

  /**
   * Moves to the next value, which must have the given tag.
   *
   * @throws SyntaxError with the name of the missing value
   */
  expect(tag: number, name: string): void {
    if (!this.next() || this.tag !== tag) throw new SyntaxError(`${name} is missing`)
  }

  /**
   * Moves to the next value, which must have the given tag and be the last one. Another reader could use the bytes
   * behind it.
   *
   * @throws SyntaxError with the name of the value
   */
  expectLast(tag: number, name: string): void {
    this.expect(tag, name)
    if (this.end < this.#limit) throw new SyntaxError(`bytes follow ${name}`)
  }

  /** A cursor for the values inside the current one. */
  inside(): DerCursor {
    const cursor = new DerCursor(this.bytes, this.#anyLength)
    cursor.enter(this.start, this.end)
    return cursor
  }

  /** The current value without its tag and length. It shares the memory. */
  contents(): Uint8Array {
    return this.bytes.subarray(this.start, this.end)
  }

  /** The current value with its tag and length. It shares the memory. */
  encoded(): Uint8Array {
    return this.bytes.subarray(this.from, this.end)
  }

  /** The contents of the current value, one character for each byte. */
  latin1(): string {
    return this.bytes.toString('latin1', this.start, this.end)
  }

  /** The contents of the current value in upper-case hexadecimal. */
  hex(): string {
    return this.bytes.toString('hex', this.start, this.end).toUpperCase()
  }

  /** Whether every byte of the contents is a character of ASCII. */
  isAscii(): boolean {
    const { bytes, end } = this
    for (let at = this.start; at < end; at += 1) if ((bytes[at] as number) > 0x7f) return false
    return true
  }

  /** The current value as an object. */
  value(): DerValue {
    return { tag: this.tag, contents: this.contents(), encoded: this.encoded() }
  }

  #longLength(from: number, to: number): number {
    if (to === from || to - from > 4 || to > this.#limit) throw new SyntaxError('not a definite DER length')
    let length = 0
    for (let at = from; at < to; at += 1) length = length * 256 + (this.bytes[at] as number)
    // Two spellings of one length would be two readings of one list.
    if (!this.#anyLength && (length < 0x80 || this.bytes[from] === 0))
      throw new SyntaxError('a DER length is not in its shortest form')
    return length
  }
}

/** The same memory. Node reads text from a part of a Buffer without an object for the part. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
