import { TAG } from '../x509/der.ts'
import { DerCursor } from '../x509/der-cursor.ts'

/** A set of certificate serial numbers, as plain values that one thread can hand to another. */
export interface SerialTable {
  /** The number of different serial numbers. */
  readonly size: number
  /** Each number, after a byte with its length. The first byte is not used, so no number has the offset 0. */
  readonly numbers: Uint8Array
  /** A hash table of offsets into `numbers`, at most half full. 0 marks an empty slot. */
  readonly slots: Uint32Array
}

/** Memory that one table after another is built in. */
export interface Scratch {
  /** It is replaced by larger memory for a table that does not fit. */
  memory?: SharedArrayBuffer | undefined
  /** Whether it may be replaced. Otherwise such a table gets memory of its own. */
  readonly canGrow: boolean
  /** Whether a table has it. Other tables get memory of their own. */
  isTaken?: boolean
}

/**
 * Makes the table of the serial numbers in a list.
 *
 * The plain form is a `Set` of strings. For a million numbers it takes some 100 MB, which the garbage collector has to
 * walk. The table takes 25 MB in one buffer.
 *
 * @param bytes - the list in DER
 * @param start - the offset of the first entry
 * @param end - the offset behind the last entry
 * @param checkEntry - gets a cursor before the first value of each entry. It must throw unless this value is a serial
 *   number of at most 127 bytes
 * @param scratch - memory for the table
 * @throws SyntaxError if the entries have another form
 */
export function buildSerialTable(
  bytes: Uint8Array,
  start: number,
  end: number,
  checkEntry: (entry: DerCursor) => void,
  scratch?: Scratch,
): SerialTable {
  const list = new DerCursor(bytes)
  const entry = new DerCursor(bytes)
  let count = 0
  let length = 1
  list.enter(start, end)
  while (list.next()) {
    if (list.tag !== TAG.SEQUENCE) throw new SyntaxError('an entry of the list is not a sequence')
    entry.enter(list.start, list.end)
    checkEntry(entry)
    count += 1
    length += 1 + (bytes[list.start + 1] as number)
  }

  const slotCount = 2 ** Math.ceil(Math.log2(Math.max(count, 1) * 2))
  const memory = takeMemory(scratch, slotCount * Uint32Array.BYTES_PER_ELEMENT + length)
  const { numbers, slots } = tableIn(memory, slotCount, length)
  if (memory === scratch?.memory) slots.fill(0)
  let size = 0
  let used = 1
  list.enter(start, end)
  while (list.next()) {
    // The length byte and the contents of the INTEGER, whose tag is the entry's first byte.
    const from = list.start + 1
    const to = from + 1 + (bytes[from] as number)
    const slot = findSlot(slots, numbers, bytes, from + 1, to)
    if (slots[slot] !== 0) continue
    // Not by `set`: it needs an object for the part of the list, and a million of them are garbage.
    for (let at = from; at < to; at += 1) numbers[used + at - from] = bytes[at] as number
    slots[slot] = used
    used += to - from
    size += 1
  }
  return { size, numbers, slots }
}

/** Memory is larger than a table by this factor. Pages that nobody touches cost nothing, and the list can grow. */
const HEADROOM = 2

/** Takes the given memory, unless an earlier table of the file has it. */
function takeMemory(scratch: Scratch | undefined, needed: number): ArrayBufferLike {
  if (!scratch || scratch.isTaken) return new ArrayBuffer(needed)
  if (!scratch.memory || scratch.memory.byteLength < needed) {
    if (!scratch.canGrow) return new ArrayBuffer(needed)
    scratch.memory = new SharedArrayBuffer(needed * HEADROOM)
  }
  scratch.isTaken = true
  return scratch.memory
}

function tableIn(memory: ArrayBufferLike, slotCount: number, length: number): Omit<SerialTable, 'size'> {
  const slots = new Uint32Array(memory, 0, slotCount)
  return { slots, numbers: new Uint8Array(memory, slots.byteLength, length) }
}

/**
 * Takes the memory of a table that is no longer in use. From then on the table is empty, and {@link hasSerial} throws for a
 * reader that is left.
 *
 * @returns `undefined` for memory that only this thread has. The garbage collector takes it
 */
export function giveUpTable(table: SerialTable): SharedArrayBuffer | undefined {
  const memory = table.numbers.buffer
  Object.assign(table, tableIn(new ArrayBuffer(0), 0, 0))
  return memory instanceof SharedArrayBuffer ? memory : undefined
}

/**
 * Whether the table has a serial number. It takes constant time.
 *
 * @param serial - the contents of the DER INTEGER
 * @throws Error if another table has its memory
 */
export function hasSerial({ slots, numbers }: SerialTable, serial: Uint8Array): boolean {
  if (slots.length === 0) throw new Error('another table has the memory of this one')
  return slots[findSlot(slots, numbers, serial, 0, serial.length)] !== 0
}

/** The slot of the number between two offsets of `bytes`, or the empty slot for it. */
function findSlot(slots: Uint32Array, numbers: Uint8Array, bytes: Uint8Array, from: number, to: number): number {
  const mask = slots.length - 1
  let slot = hash(bytes, from, to) & mask
  while (slots[slot] !== 0 && !equalAt(numbers, slots[slot] as number, bytes, from, to)) slot = (slot + 1) & mask
  return slot
}

function equalAt(numbers: Uint8Array, offset: number, bytes: Uint8Array, from: number, to: number): boolean {
  if (numbers[offset] !== to - from) return false
  for (let at = from; at < to; at += 1) {
    if (numbers[offset + 1 + at - from] !== bytes[at]) return false
  }
  return true
}

/** FNV-1a. A trusted CA chose the numbers, so an attacker cannot make them collide. */
function hash(bytes: Uint8Array, from: number, to: number): number {
  let value = 0x811c9dc5
  for (let at = from; at < to; at += 1) value = Math.imul(value ^ (bytes[at] as number), 0x01000193)
  return value ^ (value >>> 15)
}
