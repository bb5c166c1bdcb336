/** A set of certificate serial numbers. It is small in memory, and a look-up takes constant time. */
export interface SerialSet {
  readonly size: number
  /** @param serial - the contents of the DER INTEGER */
  has(serial: Uint8Array): boolean
}

/** Builds a {@link SerialSet} of numbers in one buffer. */
export interface SerialSetBuilder {
  /** Adds the number whose DER INTEGER (tag and short length included) begins at this offset of the buffer. */
  add(offset: number): void
  build(): SerialSet
}

/**
 * Makes a set of serial numbers without copying them: a table of offsets into the list's own bytes, at most half full.
 *
 * The plain form is a `Set` of strings. For a million numbers it takes some 100 MB, which the garbage collector has to
 * walk. This takes 8 MB in addition to the list.
 *
 * @param bytes - the DER of the list; it must not change afterwards
 * @param capacity - the largest number of serial numbers to add
 */
export function createSerialSet(bytes: Uint8Array, capacity: number): SerialSetBuilder {
  const slots = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(capacity, 1) * 2)))
  const mask = slots.length - 1
  let size = 0

  /** The slot of the number, or the empty slot for it. Offset 0 is the list's own tag, so 0 marks an empty slot. */
  function find(serial: Uint8Array): number {
    let slot = hash(serial) & mask
    while (slots[slot] !== 0 && !equalAt(bytes, slots[slot] as number, serial)) slot = (slot + 1) & mask
    return slot
  }

  return {
    add(offset) {
      const slot = find(contentsAt(bytes, offset))
      if (slots[slot] !== 0) return
      slots[slot] = offset
      size += 1
    },
    build: () => ({ size, has: (serial) => slots[find(serial)] !== 0 }),
  }
}

function contentsAt(bytes: Uint8Array, offset: number): Uint8Array {
  return bytes.subarray(offset + 2, offset + 2 + (bytes[offset + 1] as number))
}

function equalAt(bytes: Uint8Array, offset: number, serial: Uint8Array): boolean {
  if (bytes[offset + 1] !== serial.length) return false
  for (let at = 0; at < serial.length; at += 1) {
    if (bytes[offset + 2 + at] !== serial[at]) return false
  }
  return true
}

/** FNV-1a. A trusted CA chose the numbers, so an attacker cannot make them collide. */
function hash(serial: Uint8Array): number {
  let value = 0x811c9dc5
  for (const byte of serial) value = Math.imul(value ^ byte, 0x01000193)
  return value ^ (value >>> 15)
}
