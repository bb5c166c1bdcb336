import { TAG } from './der.ts'
import type { DerPlace } from './der-cursor.ts'

const ZERO = 0x30
const UTC = 'Z'.charCodeAt(0)
/** Month, day, hour, minute and second of two digits each, and the letter Z. */
const BYTES_BEHIND_YEAR = 11

/**
 * Reads a UTCTime or GeneralizedTime in the form of RFC 5280: to the second, in UTC.
 *
 * @returns milliseconds since the epoch
 * @throws SyntaxError if the value is neither, or not in the calendar
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5 RFC 5280, section 4.1.2.5}
 * @example
 * ```ts
 * const bytes = Buffer.from('491231235959Z')
 * readDerTime({ tag: 0x17, bytes, start: 0, end: 13 }) // Date.UTC(2049, 11, 31, 23, 59, 59)
 * ```
 */
export function readDerTime({ bytes, tag, start, end }: DerPlace): number {
  const month = end - BYTES_BEHIND_YEAR
  const isTime = start + yearDigits(tag) === month && bytes[end - 1] === UTC && areDigits(bytes, start, end - 1)
  if (!isTime) throw new SyntaxError('not a time to the second in UTC')
  const year = tag === TAG.UTC_TIME ? fullYear(pair(bytes, start)) : pair(bytes, start) * 100 + pair(bytes, start + 2)
  return timeOf(
    year,
    pair(bytes, month),
    pair(bytes, month + 2),
    pair(bytes, month + 4),
    pair(bytes, month + 6),
    pair(bytes, month + 8),
  )
}

/** NaN for a value of another type, which is not a time. */
function yearDigits(tag: number): number {
  if (tag === TAG.UTC_TIME) return 2
  return tag === TAG.GENERALIZED_TIME ? 4 : Number.NaN
}

/** The years 50 to 99 of two digits belong to the twentieth century. */
function fullYear(year: number): number {
  return year < 50 ? 2000 + year : 1900 + year
}

function areDigits(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const digit = (bytes[at] as number) - ZERO
    if (!(digit >= 0 && digit <= 9)) return false
  }
  return true
}

/** The number of two digits. */
function pair(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) - ZERO) * 10 + (bytes[at + 1] as number) - ZERO
}

/** The calendar repeats after 400 years. */
const CYCLE_YEARS = 400
const CYCLE_TIME = 146_097 * 86_400_000

function timeOf(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
  const isDay = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
  if (!isDay || hour > 23 || minute > 59 || second > 59) throw new SyntaxError('a time is not in the calendar')
  // Date.UTC reads the years 0 to 99 as 1900 to 1999, and a later cycle has none of them.
  return Date.UTC(year + CYCLE_YEARS, month - 1, day, hour, minute, second) - CYCLE_TIME
}

function daysIn(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}
