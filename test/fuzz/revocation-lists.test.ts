// The oracles are the set of numbers that was written, and the count of the reader's steps: an attacker must not be able
// to make it work for longer than the bytes take to pass by.
import { createCa, type TestCa } from '@countersign/test-support/certificates'
import { der } from '@countersign/test-support/write-der'
import fc from 'fast-check'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { CrlContents } from '../../packages/origin-plugin/src/revocation/parse-crl.ts'
import { readCrl } from '../../packages/origin-plugin/src/revocation/read-crl.ts'
import { hasSerial } from '../../packages/origin-plugin/src/revocation/serial-set.ts'
import { DerCursor } from '../../packages/origin-plugin/src/x509/der-cursor.ts'
import {
  ECDSA_WITH_SHA256,
  entry,
  extension,
  subjectOf,
  TIME,
  writeCrl,
} from '../../packages/origin-plugin/test/support/write-crl.ts'
import { fuzz } from './fuzz.ts'

let ca: TestCa
beforeAll(async () => {
  ca = await createCa()
})

/** Reads bytes, counts the steps of the reader, and lets no other error than SyntaxError pass. */
function read(bytes: Uint8Array): { readonly list: CrlContents | undefined; readonly steps: number } {
  const next = vi.spyOn(DerCursor.prototype, 'next')
  try {
    return { list: readCrl(bytes, ca.cert.publicKey), steps: next.mock.calls.length }
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError)
    return { list: undefined, steps: next.mock.calls.length }
  } finally {
    next.mockRestore()
  }
}

/** The contents of a positive INTEGER in hexadecimal. */
const serial = fc
  .uint8Array({ minLength: 1, maxLength: 20 })
  .map((bytes) => (bytes.some((byte) => byte !== 0) ? bytes : Uint8Array.of(1)))
  .map((bytes) =>
    Buffer.from(bytes)
      .toString('hex')
      .replace(/^(?:00)+/, ''),
  )
  .map((hex) => (Number.parseInt(hex.slice(0, 2), 16) >= 0x80 ? `00${hex}` : hex))
const reason = fc.constantFrom([], [extension('551d15', Buffer.from('0a0101', 'hex'))])
const entries = fc.array(fc.tuple(serial, reason), { maxLength: 20 })

/** Values inside values, some of them with wrong lengths. */
const tree = fc.letrec<{ value: Buffer }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 12 })).map(([tag, bytes]) => der(tag, bytes)),
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(TIME, ECDSA_WITH_SHA256, der(0x02, '\x01')),
    fc
      .tuple(fc.constantFrom(0x30, 0x31, 0xa0, 0x80), fc.array(tie('value'), { maxLength: 6 }))
      .map(([tag, parts]) => der(tag, ...parts)),
  ),
})).value

/** A position as a part of the whole, and the byte to write there. */
const change = fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255))
function changed(bytes: Uint8Array, changes: readonly (readonly [number, number])[]): Buffer {
  const copy = Buffer.from(bytes)
  for (const [at, byte] of changes) copy[Math.floor(at * copy.length)] = byte
  return copy
}

/** Splitting a list into its parts, and reading its algorithm. */
const UNSIGNED_STEPS = 16

describe('a revocation list', () => {
  it('has exactly the numbers that were written', () =>
    fuzz(
      fc.property(entries, fc.array(serial, { maxLength: 20 }), (written, asked) => {
        const { list } = read(writeCrl(ca, { entries: written.map(([hex, extensions]) => entry(hex, ...extensions)) }))
        const numbers = new Set(written.map(([hex]) => hex))
        expect(list?.serials.size).toBe(numbers.size)
        for (const hex of [...numbers, ...asked]) {
          expect(list && hasSerial(list.serials, Buffer.from(hex, 'hex')), hex).toBe(numbers.has(hex))
        }
      }),
      0.5,
    ))

  it('of bytes that no CA signed is refused after a few steps', () =>
    fuzz(
      fc.property(
        fc.oneof(
          tree,
          fc.array(tree).map((parts) => der(0x30, ...parts)),
        ),
        (signed) => {
          for (const bytes of [signed, der(0x30, signed, ECDSA_WITH_SHA256, der(0x03, '\0', Buffer.alloc(70)))]) {
            const { list, steps } = read(bytes)
            expect(list).toBeUndefined()
            expect(steps).toBeLessThanOrEqual(UNSIGNED_STEPS)
          }
        },
      ),
    ))

  it('with changed bytes is refused after a few steps, unless they are the same', () =>
    fuzz(
      fc.property(entries, fc.array(change, { minLength: 1, maxLength: 4 }), (written, changes) => {
        const good = writeCrl(ca, { entries: written.map(([hex, extensions]) => entry(hex, ...extensions)) })
        const bytes = changed(good, changes)
        const { list, steps } = read(bytes)
        if (bytes.equals(good)) expect(list).toBeDefined()
        // Another spelling of one signature is a good signature too.
        else if (list === undefined) expect(steps).toBeLessThanOrEqual(UNSIGNED_STEPS)
        else expect(list.serials.size).toBe(new Set(written.map(([hex]) => hex)).size)
      }),
    ))

  it('of any bytes that the CA signed is refused, or read, in steps that grow with its length', () =>
    fuzz(
      fc.property(
        fc.oneof(
          tree,
          fc
            .tuple(fc.array(tree, { maxLength: 4 }), fc.boolean())
            .map(([parts, hasNumbers]) =>
              der(
                0x30,
                der(0x02, '\x01'),
                ECDSA_WITH_SHA256,
                subjectOf(ca),
                TIME,
                TIME,
                ...(hasNumbers ? [der(0x30, ...parts)] : parts),
              ),
            ),
          fc.tuple(entries, fc.array(change, { maxLength: 3 })).map(([written, changes]) => {
            const parts = written.map(([hex, extensions]) => entry(hex, ...extensions))
            const tbs = der(0x30, der(0x02, '\x01'), ECDSA_WITH_SHA256, subjectOf(ca), TIME, TIME, der(0x30, ...parts))
            return changed(tbs, changes)
          }),
        ),
        (signed) => {
          const { steps } = read(der(0x30, signed, ECDSA_WITH_SHA256, der(0x03, '\0', ca.sign(signed))))
          expect(steps).toBeLessThanOrEqual(UNSIGNED_STEPS + 2 * signed.length)
        },
      ),
      0.5,
    ))
})
