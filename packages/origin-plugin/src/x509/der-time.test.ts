import { der } from '@countersign/test-support/write-der'
import { describe, expect, it } from 'vitest'
import { TAG } from './der.ts'
import { DerCursor } from './der-cursor.ts'
import { readDerTime } from './der-time.ts'

function read(tag: number, text: string): number {
  const cursor = new DerCursor(Buffer.concat([der(TAG.BOOLEAN, 'x'), der(tag, text), der(TAG.UTC_TIME, '0101')]))
  cursor.next()
  cursor.next()
  return readDerTime(cursor)
}

const [UTC, GENERAL] = [TAG.UTC_TIME, TAG.GENERALIZED_TIME]
const OTHER_FORM = new SyntaxError('not a time to the second in UTC')
const NO_DAY = new SyntaxError('a time is not in the calendar')

describe('readDerTime', () => {
  it.each([
    [UTC, '491231235959Z', '2049-12-31T23:59:59Z'],
    [UTC, '500101000000Z', '1950-01-01T00:00:00Z'],
    [UTC, '000229123456Z', '2000-02-29T12:34:56Z'],
    [UTC, '991130000000Z', '1999-11-30T00:00:00Z'],
    [UTC, '260131000000Z', '2026-01-31T00:00:00Z'],
    [GENERAL, '20500101000000Z', '2050-01-01T00:00:00Z'],
    [GENERAL, '00000101000000Z', '0000-01-01T00:00:00Z'],
    [GENERAL, '00000229000000Z', '0000-02-29T00:00:00Z'],
    [GENERAL, '00991231235959Z', '0099-12-31T23:59:59Z'],
    [GENERAL, '01000228235959Z', '0100-02-28T23:59:59Z'],
    [GENERAL, '19000228235959Z', '1900-02-28T23:59:59Z'],
    [GENERAL, '99991231235959Z', '9999-12-31T23:59:59Z'],
  ])('reads tag %i with %s', (tag, text, iso) => {
    expect(read(tag, text)).toBe(Date.parse(iso))
  })

  it.each(
    [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].map(
      (days, at) => [String(at + 1).padStart(2, '0'), days] as const,
    ),
  )('reads the last day of the month %s, and no later one', (month, days) => {
    expect(read(UTC, `24${month}${days}000000Z`)).toBe(Date.UTC(2024, Number(month) - 1, days))
    expect(() => read(UTC, `24${month}${days + 1}000000Z`)).toThrow(NO_DAY)
  })

  it.each([
    [UTC, '250229000000Z'],
    [GENERAL, '19000229000000Z'],
    [GENERAL, '21000229000000Z'],
    [UTC, '250001000000Z'],
    [UTC, '251301000000Z'],
    [UTC, '250100000000Z'],
    [UTC, '250101240000Z'],
    [UTC, '250101006000Z'],
    [UTC, '250101000060Z'],
    [GENERAL, '20250228240000Z'],
  ])('refuses tag %i with %s, which no calendar has', (tag, text) => {
    expect(() => read(tag, text)).toThrow(NO_DAY)
  })

  it.each([
    [UTC, ''],
    [UTC, 'Z'],
    [UTC, '4912312359Z'],
    [UTC, '491231235959'],
    [UTC, '491231235959z'],
    [UTC, '4912312359590Z'],
    [UTC, '491231235959+0100'],
    [UTC, '/91231235959Z'],
    [UTC, '4912312359:9Z'],
    [UTC, '49123123595 Z'],
    [UTC, '20500101000000Z'],
    [GENERAL, '491231235959Z'],
    [GENERAL, '20500101000000.5Z'],
    [GENERAL, '20500101000000Z0'],
    [GENERAL, '20500101000000Z\0'],
    [TAG.OCTET_STRING, '491231235959Z'],
    [TAG.OCTET_STRING, '20500101000000Z'],
  ])('refuses tag %i with %j, which has another form', (tag, text) => {
    expect(() => read(tag, text)).toThrow(OTHER_FORM)
  })
})
