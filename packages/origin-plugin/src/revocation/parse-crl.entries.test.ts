import { createCa, type TestCa } from '@countersign/test-support/certificates'
import { der } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it } from 'vitest'
import { readDerChildren, readDerValue, TAG } from '../x509/der.ts'
import { parseCrl } from './parse-crl.ts'

let ca: TestCa
beforeAll(async () => {
  ca = await createCa()
})

const TIME = der(TAG.UTC_TIME, '300101000000Z')
const ECDSA_WITH_SHA256 = der(TAG.SEQUENCE, der(TAG.OID, Buffer.from('2a8648ce3d040302', 'hex')))

/** A list with any contents, signed by the CA. */
function signedList(entries: readonly Uint8Array[]): Buffer {
  const [tbsCertificate] = readDerChildren(readDerValue(ca.cert.raw, 0), TAG.SEQUENCE)
  const issuer = readDerChildren(tbsCertificate, TAG.SEQUENCE)[5]?.encoded ?? ''
  const tbs = der(
    TAG.SEQUENCE,
    der(TAG.INTEGER, '\x01'),
    ECDSA_WITH_SHA256,
    issuer,
    TIME,
    TIME,
    der(TAG.SEQUENCE, ...entries),
  )
  return der(TAG.SEQUENCE, tbs, ECDSA_WITH_SHA256, der(TAG.BIT_STRING, '\0', ca.sign(tbs)))
}

const number = (at: number) => Buffer.from([1, at >> 8, at & 0xff])

describe('parseCrl: entries', () => {
  it('reads a serial number and a date', async () => {
    const list = await parseCrl(signedList([der(TAG.SEQUENCE, der(TAG.INTEGER, number(5)), TIME)]), ca.cert)
    expect(list.serials.has(number(5))).toBe(true)
    expect(list.serials.size).toBe(1)
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
})
