/** A set of certificate serial numbers that is small in memory and answers in constant time. */
export interface SerialSet {
  readonly size: number
  /** @param serial - the contents of the DER INTEGER */
  has(serial: Uint8Array): boolean
}

/** Builds a {@link SerialSet} out of numbers that lie in one buffer. */
export interface SerialSetBuilder {
  /** Adds the number whose DER INTEGER (tag and short length included) begins at this offset of the buffer. */
  add(offset: number): void
  build(): SerialSet
}

/**
 * Makes a set of serial numbers without copying them: a table of offsets into the list's own bytes, half full at most.
 *
 * A `Set` of a million texts takes some 100 MB and makes the garbage collector walk it; this takes 8 MB beside the list.
 *
 * @param bytes - the DER of the list; it must not change any more
 * @param capacity - how many numbers will be added at most
 */
export function createSerialSet(bytes: Uint8Array, capacity: number): SerialSetBuilder {
  const slots = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(capacity, 1) * 2)))
  const mask = slots.length - 1
  let size = 0

  /** The slot that holds the number, or the empty one where it belongs. Offset 0 is the list's own tag: it marks empty. */
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

/** FNV-1a. The numbers are the CA's, which is trusted: nobody else can choose them to collide. */
function hash(serial: Uint8Array): number {
  let value = 0x811c9dc5
  for (const byte of serial) value = Math.imul(value ^ byte, 0x01000193)
  return value ^ (value >>> 15)
}
