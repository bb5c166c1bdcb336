import { createCa, type TestCa } from '@countersign/test-support/certificates'
import { der } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it } from 'vitest'
import { algorithm, type CrlParts, entry, extension, subjectOf, TIME, writeCrl } from '../../test/support/write-crl.ts'
import { TAG } from '../x509/der.ts'
import { verifyCrl } from './crl-signature.ts'
import { MAX_ISSUER_BYTES, MAX_SERIAL_BYTES, parseCrl } from './parse-crl.ts'
import { hasSerial } from './serial-set.ts'

let ca: TestCa
beforeAll(async () => {
  ca = await createCa()
})

const NOTHING = Buffer.alloc(0)
const parse = (parts: CrlParts) => parseCrl(verifyCrl(writeCrl(ca, parts), ca.cert.publicKey))
const failure = (message: string) => expect.objectContaining({ message })
const time = (text: string) => der(TAG.UTC_TIME, text)
const VERSION =
  'the list is not of version 2, and an earlier one cannot state its scope; let the CA write version 2 (crl_extensions of OpenSSL)'
const NEXT_UPDATE =
  'the list has no nextUpdate, so an old list would pass as current; let the CA write it (default_crl_days of OpenSSL)'

describe('parseCrl: form', () => {
  it('returns the contents of the list', () => {
    const thisUpdate = time('260101000000Z')
    const nextUpdate = der(TAG.GENERALIZED_TIME, '20510101000000Z')
    const number = extension('551d14', der(TAG.INTEGER, '\x09'))
    expect(parse({ thisUpdate, nextUpdate, extensions: [number], entries: [entry('05')] })).toMatchObject({
      thisUpdate: Date.UTC(2026, 0, 1),
      nextUpdate: Date.UTC(2051, 0, 1),
      number: 9n,
      scope: { points: 'all', certificates: 'all' },
      serials: { size: 1 },
    })
  })

  it('returns the issuer in memory of its own, because a thread sends all memory of a view', () => {
    const { issuer } = parse({})
    expect(Buffer.from(issuer)).toEqual(Buffer.from(subjectOf(ca)))
    expect(issuer.buffer.byteLength).toBe(issuer.length)
  })

  it('accepts a list without entries, and one without their sequence', () => {
    expect(parse({ entries: [] }).serials.size).toBe(0)
    expect(parse({ entries: null }).serials.size).toBe(0)
    expect(parse({ entries: null, extensions: [] }).serials.size).toBe(0)
  })

  it('accepts one time for both dates', () => {
    expect(parse({ thisUpdate: TIME, nextUpdate: TIME }).nextUpdate).toBe(Date.UTC(2030, 0, 1))
  })

  it.each<[string, CrlParts, string]>([
    ['version 1, which has no version field', { version: NOTHING }, VERSION],
    ['version 1, written out', { version: der(TAG.INTEGER, '\0') }, VERSION],
    ['version 3', { version: der(TAG.INTEGER, '\x02') }, VERSION],
    ['a version that only begins like 2', { version: der(TAG.INTEGER, '\x01\0') }, VERSION],
    ['an empty version', { version: der(TAG.INTEGER) }, VERSION],
    ['a version that is not an integer', { version: der(TAG.BOOLEAN, '\x01') }, VERSION],
    [
      'no algorithm',
      { innerAlgorithm: der(TAG.INTEGER, '\x01') },
      'the signature algorithm in the signed part is missing',
    ],
    [
      'another algorithm in the signed part than beside the signature',
      { innerAlgorithm: algorithm('2a8648ce3d040303') },
      'the list names two signature algorithms',
    ],
    ['no issuer', { issuer: NOTHING }, 'the issuer of the list is missing'],
    ['no thisUpdate', { thisUpdate: NOTHING, nextUpdate: NOTHING, entries: null }, 'thisUpdate of the list is missing'],
    [
      'a thisUpdate that is not a time',
      { thisUpdate: der(TAG.INTEGER, '\x01') },
      'thisUpdate of the list is not a time to the second in UTC',
    ],
    ['no nextUpdate', { nextUpdate: NOTHING }, NEXT_UPDATE],
    ['neither nextUpdate nor entries', { nextUpdate: NOTHING, entries: null }, NEXT_UPDATE],
    [
      'a nextUpdate without seconds',
      { nextUpdate: time('3001010000Z') },
      'nextUpdate of the list is not a time to the second in UTC',
    ],
    [
      'a nextUpdate before thisUpdate',
      { nextUpdate: time('291231235959Z') },
      'nextUpdate of the list is before its thisUpdate',
    ],
    [
      'a value behind the entries',
      { last: der(TAG.INTEGER, '\x01') },
      'the signed part of the list ends with an unknown value',
    ],
    ['two sequences of entries', { last: der(TAG.SEQUENCE) }, 'the signed part of the list ends with an unknown value'],
    [
      'a value behind the extensions',
      { extensions: [], last: der(TAG.INTEGER, '\x01') },
      'the signed part of the list ends with an unknown value',
    ],
  ])('refuses %s', (_what, parts, message) => {
    expect(() => parse(parts)).toThrow(failure(message))
  })

  it('limits the length of the issuer', () => {
    const issuer = (length: number) => der(TAG.SEQUENCE, Buffer.alloc(length - 4))
    expect(issuer(MAX_ISSUER_BYTES)).toHaveLength(16_384)
    expect(parse({ issuer: issuer(MAX_ISSUER_BYTES) }).issuer).toHaveLength(16_384)
    expect(() => parse({ issuer: issuer(16_385) })).toThrow(failure('the issuer of the list is too long'))
  })
})

describe('parseCrl: entries', () => {
  const has = (serials: Buffer[], hex: string) =>
    hasSerial(parse({ entries: serials }).serials, Buffer.from(hex, 'hex'))

  it.each(['05', '00', '7f', '0080', '00ff', '010000', '4b373cf1ec7d21ecba4bd4c15a97103d'])(
    'reads the serial number %s',
    (hex) => {
      expect(has([entry(hex)], hex)).toBe(true)
      expect(has([entry(hex)], '06')).toBe(false)
    },
  )

  it.each([
    ['80', 'the serial number of an entry is negative; let the CA reissue the certificate'],
    ['ff', 'the serial number of an entry is negative; let the CA reissue the certificate'],
    ['ff80', 'the serial number of an entry is negative; let the CA reissue the certificate'],
    ['0000', 'the serial number of an entry begins with extra zero bytes; let the CA write DER'],
    ['0005', 'the serial number of an entry begins with extra zero bytes; let the CA write DER'],
    ['007f', 'the serial number of an entry begins with extra zero bytes; let the CA write DER'],
    ['', 'the serial number of an entry is empty'],
  ])('refuses the list for the serial number "%s", which would revoke nothing', (hex, message) => {
    expect(() => parse({ entries: [entry('05'), entry(hex)] })).toThrow(failure(message))
  })

  it('limits the length of a serial number', () => {
    const hex = (length: number) => '11'.repeat(length)
    expect(has([entry(hex(MAX_SERIAL_BYTES))], hex(127))).toBe(true)
    expect(() => parse({ entries: [entry(hex(128))] })).toThrow(failure('the serial number of an entry is too long'))
  })

  it.each<[string, Uint8Array, string]>([
    ['an entry that is not a sequence', der(TAG.SET), 'an entry of the list is not a sequence'],
    ['an empty entry', der(TAG.SEQUENCE), 'the serial number of an entry is missing'],
    [
      'an entry that begins with its date',
      der(TAG.SEQUENCE, TIME, der(TAG.INTEGER, '\x05')),
      'the serial number of an entry is missing',
    ],
    [
      'a serial number that is not an integer',
      der(TAG.SEQUENCE, der(TAG.OCTET_STRING, '\x05'), TIME),
      'the serial number of an entry is missing',
    ],
    ['an entry without a date', der(TAG.SEQUENCE, der(TAG.INTEGER, '\x05')), 'the date of an entry is missing'],
    [
      'an entry with another value for its date',
      der(TAG.SEQUENCE, der(TAG.INTEGER, '\x05'), der(TAG.INTEGER, '\x05')),
      'the date of an entry is missing',
    ],
    [
      'a value behind the date that is not a sequence',
      der(TAG.SEQUENCE, der(TAG.INTEGER, '\x05'), TIME, TIME),
      'the extensions of an entry are not a sequence',
    ],
    [
      'a value behind the extensions',
      der(TAG.SEQUENCE, der(TAG.INTEGER, '\x05'), TIME, der(TAG.SEQUENCE), TIME),
      'an entry ends with an unknown value',
    ],
  ])('refuses %s', (_what, bytes, message) => {
    expect(() => parse({ entries: [entry('06'), Buffer.from(bytes)] })).toThrow(failure(message))
  })

  it('accepts both forms of a date', () => {
    const late = der(TAG.SEQUENCE, der(TAG.INTEGER, '\x05'), der(TAG.GENERALIZED_TIME, '20510101000000Z'))
    expect(has([late], '05')).toBe(true)
  })

  it('accepts a reason, and refuses an entry of another CA', () => {
    expect(has([entry('05', extension('551d15', Buffer.from('0a0101', 'hex')))], '05')).toBe(true)
    expect(() => parse({ entries: [entry('05', extension('551d1d', der(TAG.SEQUENCE), { critical: true }))] })).toThrow(
      expect.objectContaining({
        name: 'UncoveredCrlError',
        message: 'the list has an entry of another CA; write a list of this CA alone',
      }),
    )
  })
})
