import { createCa, type TestCa } from '@countersign/test-support/certificates'
import { der } from '@countersign/test-support/write-der'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { TIME, writeCrl } from '../../test/support/write-crl.ts'
import { TAG } from '../x509/der.ts'
import { parseCrl } from './parse-crl.ts'

let ca: TestCa
beforeAll(async () => {
  ca = await createCa()
})
afterEach(() => {
  vi.restoreAllMocks()
})

const signedList = (entries: readonly Uint8Array[]) => writeCrl(ca, { entries })

const number = (at: number) => Buffer.from([1, at >> 8, at & 0xff])

describe('parseCrl: entries', () => {
  it('reads a serial number and a date', async () => {
    const list = await parseCrl(signedList([der(TAG.SEQUENCE, der(TAG.INTEGER, number(5)), TIME)]), ca.cert)
    expect(list.serials.has(number(5))).toBe(true)
    expect(list.serials.size).toBe(1)
  })

  it('reads the shortest entry: a number of one byte and a date', async () => {
    const list = await parseCrl(signedList([der(TAG.SEQUENCE, der(TAG.INTEGER, '\x05'), TIME)]), ca.cert)
    expect(list.serials.has(Buffer.from([5]))).toBe(true)
    expect(list.serials.size).toBe(1)
  })

  it('gives way to the event loop once in 2,000 entries', async () => {
    const entries = Array.from({ length: 2500 }, (_, at) => der(TAG.SEQUENCE, der(TAG.INTEGER, number(at)), TIME))
    const yields = vi.spyOn(globalThis, 'setImmediate')
    const list = await parseCrl(signedList(entries), ca.cert)
    expect(yields).toHaveBeenCalledTimes(1)
    expect(list.serials.size).toBe(2500)
  })

  it('refuses entries without a date: so short that more of them fit than the table has room for', async () => {
    const entries = Array.from({ length: 2000 }, (_, at) => der(TAG.SEQUENCE, der(TAG.INTEGER, number(at))))
    await expect(parseCrl(signedList(entries), ca.cert)).rejects.toThrow(
      new SyntaxError('the date of an entry is missing'),
    )
  })

  it('refuses a length that is not in its short form, of which the table would read another number', async () => {
    const long = Buffer.concat([Buffer.from([TAG.INTEGER, 0x81, 3]), number(5)])
    await expect(parseCrl(signedList([der(TAG.SEQUENCE, long, TIME)]), ca.cert)).rejects.toThrow(
      new SyntaxError('the serial number of an entry is missing'),
    )
  })

  it.each([
    ['an empty entry', der(TAG.SEQUENCE)],
    ['an entry that begins with its date', der(TAG.SEQUENCE, TIME, der(TAG.INTEGER, number(5)))],
    ['a serial number that is not an integer', der(TAG.SEQUENCE, der(TAG.OCTET_STRING, number(5)), TIME)],
  ])('refuses %s', async (_what, entry) => {
    await expect(parseCrl(signedList([entry]), ca.cert)).rejects.toThrow(
      new SyntaxError('the serial number of an entry is missing'),
    )
  })

  it('refuses an entry of another CA, and states that an entry has the extension', async () => {
    const issuer = der(TAG.SEQUENCE, der(TAG.OID, '\x55\x1d\x1d'), der(TAG.BOOLEAN, '\xff'), der(TAG.OCTET_STRING))
    const entry = der(TAG.SEQUENCE, der(TAG.INTEGER, number(5)), TIME, der(TAG.SEQUENCE, issuer))
    await expect(parseCrl(signedList([entry]), ca.cert)).rejects.toThrow(
      new SyntaxError('an entry has the extension 2.5.29.29, so this is not a complete list of one CA'),
    )
  })
})
