// The oracle is JavaScript's own reader of ISO dates: it shares no code with our parser and cannot share a mistake.
import { formatCertificateDate, parseCertificateDate } from '@countersign/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { edited } from './arbitraries.ts'
import { fuzz } from './fuzz.ts'

const time = fc
  .date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => Math.floor(date.getTime() / 1000) * 1000)

const piece = fc.constantFrom(...' :0123456789', 'Feb', 'Apr', '29', '30', '31', '\n')

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'

/** The instant according to JavaScript's own ISO dates, or NaN for a day that is not in the calendar. */
function viaIso(text: string): number {
  const [, month = '', day = '', clock, year] = /^(\w{3}) +(\d+) (\S+) (\d{1,4}) GMT$/.exec(text) ?? []
  const iso = `${year?.padStart(4, '0')}-${String(MONTHS.indexOf(month) / 3 + 1).padStart(2, '0')}-${day.padStart(2, '0')}T${clock}.000Z`
  const date = new Date(iso)
  // Date reads February 30 as March 2, and 24:00:00 as the next day.
  return !Number.isNaN(date.getTime()) && date.toISOString() === iso ? date.getTime() : Number.NaN
}

describe('a certificate date', () => {
  it('is parsed as it was formatted, and as JavaScript parses it', () =>
    fuzz(
      fc.property(time, (time) => {
        const text = formatCertificateDate(time)
        expect(parseCertificateDate(text)).toBe(time)
        expect(viaIso(text)).toBe(time)
      }),
    ))

  it('with changes is refused with SyntaxError, or parsed as JavaScript parses it', () =>
    fuzz(
      fc.property(edited(time.map(formatCertificateDate), piece), (text) => {
        try {
          expect(parseCertificateDate(text)).toBe(viaIso(text))
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError)
        }
      }),
    ))

  it('of random parts is accepted exactly if it is in the calendar', () =>
    fuzz(
      fc.property(
        fc.nat(11),
        fc.nat(33),
        fc.nat(25),
        fc.nat(61),
        fc.nat(61),
        fc.integer({ min: 0, max: 9999 }),
        (month, day, hour, minute, second, year) => {
          const two = (part: number) => String(part).padStart(2, '0')
          const text = `${MONTHS.slice(3 * month, 3 * month + 3)} ${two(day)} ${two(hour)}:${two(minute)}:${two(second)} ${String(year).padStart(4, '0')} GMT`
          const expected = viaIso(text)
          if (Number.isNaN(expected)) expect(() => parseCertificateDate(text)).toThrow(SyntaxError)
          else expect(parseCertificateDate(text)).toBe(expected)
        },
      ),
    ))
})
