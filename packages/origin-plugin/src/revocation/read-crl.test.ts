import { createCa, type TestCa } from '@countersign/test-support/certificates'
import { der } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it } from 'vitest'
import { crlPem, entry, extension, subjectOf, writeCrl } from '../../test/support/write-crl.ts'
import { TAG } from '../x509/der.ts'
import { isOlder, MAX_LISTS, readCrl } from './read-crl.ts'
import { hasSerial } from './serial-set.ts'

let ca: TestCa
let other: TestCa
beforeAll(async () => {
  ca = await createCa('CN=One')
  other = await createCa('CN=Two')
})

const time = (text: string) => der(TAG.UTC_TIME, text)
/** A list of a month in 2029. */
const listOf = (month: string, serial: string, ...extensions: Buffer[]) =>
  writeCrl(ca, { thisUpdate: time(`29${month}01000000Z`), entries: [entry(serial)], extensions })
const read = (text: string) => readCrl(Buffer.from(text, 'latin1'), ca.cert.publicKey)
const has = (text: string, serial: string) => hasSerial(read(text).serials, Buffer.from(serial, 'hex'))
const number = (value: string) => extension('551d14', der(TAG.INTEGER, value))
const failure = (message: string) => expect.objectContaining({ message })
const ONLY_CAS = extension('551d1c', der(TAG.SEQUENCE, der(0x82, '\xff')), { critical: true })

describe('readCrl: a PEM file', () => {
  it('reads one list, with text around it', () => {
    expect(has(`Certificate Revocation List\n${crlPem(listOf('01', '05'))}the end`, '05')).toBe(true)
  })

  it('reads the bytes of a view into a larger buffer', () => {
    const pem = Buffer.from(`-----BEGIN${crlPem(listOf('01', '05'))}`)
    const view = new Uint8Array(pem.buffer, pem.byteOffset + 10, pem.length - 10)
    expect(readCrl(view, ca.cert.publicKey).serials.size).toBe(1)
  })

  it('chooses the list that the key of the CA signed, at any place', () => {
    const own = crlPem(listOf('01', '05'))
    const foreign = crlPem(writeCrl(other, { entries: [entry('06')] }))
    for (const pem of [own + foreign, foreign + own, foreign + own + foreign]) {
      expect(has(pem, '05')).toBe(true)
      expect(has(pem, '06')).toBe(false)
    }
  })

  it('chooses the newest of two lists of the CA, at any place', () => {
    const [old, recent] = [crlPem(listOf('01', '05')), crlPem(listOf('02', '06'))]
    for (const pem of [old + recent, recent + old]) {
      expect(has(pem, '06')).toBe(true)
      expect(has(pem, '05')).toBe(false)
    }
  })

  it('chooses the larger number of two lists with one date', () => {
    const [old, recent] = [crlPem(listOf('01', '05', number('\x01'))), crlPem(listOf('01', '06', number('\x02')))]
    for (const pem of [old + recent, recent + old]) expect(has(pem, '06')).toBe(true)
  })

  it('refuses two different lists of one age, and reads the same list twice', () => {
    const [one, two] = [crlPem(listOf('01', '05', number('\x01'))), crlPem(listOf('01', '06', number('\x01')))]
    const recent = crlPem(listOf('02', '07'))
    for (const pem of [one + two, two + one, one + one + two]) {
      expect(() => read(pem)).toThrow(
        failure(
          'the file has two lists of this CA with the same thisUpdate and number, so neither is the newest; keep the current one',
        ),
      )
    }
    expect(has(one + one, '05')).toBe(true)
    const renamed = crlPem(
      writeCrl(ca, { thisUpdate: time('290101000000Z'), issuer: subjectOf(other), extensions: [number('\x01')] }),
    )
    expect(has(one + renamed, '05')).toBe(true)
    for (const pem of [one + two + recent, recent + two + one]) expect(has(pem, '07')).toBe(true)
  })

  it('skips a list of CA certificates, also a newer one', () => {
    const [own, cas] = [crlPem(listOf('01', '05')), crlPem(listOf('02', '06', ONLY_CAS))]
    for (const pem of [own + cas, cas + own]) expect(has(pem, '05')).toBe(true)
    expect(() => read(cas + cas)).toThrow(
      failure('the list contains only CA certificates; write the list of the client certificates'),
    )
  })

  it('refuses all lists for a fault in any list of the CA: it may be the newest', () => {
    const [good, faulty] = [crlPem(listOf('02', '05')), crlPem(listOf('01', '80'))]
    for (const pem of [good + faulty, faulty + good]) {
      expect(() => read(pem)).toThrow(
        failure('the serial number of an entry is negative; let the CA reissue the certificate'),
      )
    }
  })

  it('skips what is not signed, also if it is not a list, and names its fault without a signed list', () => {
    const [own, rubbish] = [crlPem(listOf('01', '05')), crlPem(Buffer.from('rubbish'))]
    for (const pem of [own + rubbish, rubbish + own]) expect(has(pem, '05')).toBe(true)
    expect(() => read(crlPem(writeCrl(other)) + rubbish)).toThrow(failure('a DER value is longer than its bytes'))
    expect(() => read(rubbish + crlPem(der(TAG.SET)))).toThrow(failure('a DER value is longer than its bytes'))
  })

  it('refuses lists of other CAs alone, and states their number', () => {
    const foreign = crlPem(writeCrl(other))
    expect(() => read(foreign + foreign)).toThrow(
      failure('the file has 2 lists, and the key of this CA signed none of them'),
    )
    expect(() => read(foreign)).toThrow(
      failure('the signature does not verify with the key of this CA: the list is of another CA, or was changed'),
    )
  })

  it.each([
    ['has no end', (pem: string) => pem.slice(0, -5)],
    ['has no end, before another list', (pem: string) => pem.slice(0, 100) + pem],
    ['has no end, after another list', (pem: string) => pem + pem.slice(0, 100)],
  ])('refuses a list that %s', (_what, change) => {
    expect(() => read(change(crlPem(listOf('01', '05'))))).toThrow(failure('a list in PEM is cut off'))
  })

  it('limits the number of lists', () => {
    const pem = crlPem(listOf('01', '05'))
    expect(read(pem.repeat(MAX_LISTS)).serials.size).toBe(1)
    expect(() => read(pem.repeat(101))).toThrow(failure('the file has more than 100 lists'))
  })

  it.each(['', 'text', '<html>0'])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(failure('the list is neither DER nor PEM'))
  })

  it('names the kind of another file in PEM', () => {
    const text = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----'
    expect(() => read(text)).toThrow(failure('the file is PEM of another kind: CERTIFICATE, not X509 CRL'))
  })
})

describe('isOlder', () => {
  const list = (thisUpdate: number, number: bigint) => ({ thisUpdate, number })

  it('compares the dates, and the numbers of one date', () => {
    expect(isOlder(list(1, 9n), list(2, 1n))).toBe(true)
    expect(isOlder(list(2, 1n), list(1, 9n))).toBe(false)
    expect(isOlder(list(1, 1n), list(1, 2n))).toBe(true)
    expect(isOlder(list(1, 2n), list(1, 2n))).toBe(false)
    expect(isOlder(list(1, 3n), list(1, 2n))).toBe(false)
  })
})
