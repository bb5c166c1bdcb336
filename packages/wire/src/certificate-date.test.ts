import { describe, expect, it } from 'vitest'
import { formatCertificateDate, parseCertificateDate } from './certificate-date.ts'

const NO_FORM = new SyntaxError('a certificate date is not of the form "Dec 22 19:39:00 2018 GMT"')
const NO_DAY = new SyntaxError('a certificate date is not in the calendar')

describe('parseCertificateDate', () => {
  it.each([
    ['Dec 22 19:39:00 2018 GMT', '2018-12-22T19:39:00.000Z'],
    ['Dec  2 19:39:00 2018 GMT', '2018-12-02T19:39:00.000Z'],
    ['Dec 2 19:39:00 2018 GMT', '2018-12-02T19:39:00.000Z'],
    ['Dec 02 19:39:00 2018 GMT', '2018-12-02T19:39:00.000Z'],
    ['Jan  1 00:00:00 1970 GMT', '1970-01-01T00:00:00.000Z'],
    ['Feb 29 23:59:59 2024 GMT', '2024-02-29T23:59:59.000Z'],
    ['Feb 29 00:00:00 2000 GMT', '2000-02-29T00:00:00.000Z'],
    ['Jan  1 00:00:00 0000 GMT', '0000-01-01T00:00:00.000Z'],
    ['Feb 29 00:00:00 0000 GMT', '0000-02-29T00:00:00.000Z'],
    ['Dec 31 23:59:59 0099 GMT', '0099-12-31T23:59:59.000Z'],
    ['Jan  1 00:00:00 0100 GMT', '0100-01-01T00:00:00.000Z'],
    ['Dec 31 23:59:59 9999 GMT', '9999-12-31T23:59:59.000Z'],
    ['Jan  1 00:00:00 0 GMT', '0000-01-01T00:00:00.000Z'],
    ['Dec 31 23:59:59 99 GMT', '0099-12-31T23:59:59.000Z'],
    ['Jan  1 00:00:00 100 GMT', '0100-01-01T00:00:00.000Z'],
    ['Dec 31 23:59:59 999 GMT', '0999-12-31T23:59:59.000Z'],
  ])('reads %s', (text, iso) => {
    expect(parseCertificateDate(text)).toBe(Date.parse(iso))
  })

  it.each(
    ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map((name, month) => ({
      name,
      month,
    })),
  )('reads the month $name', ({ name, month }) => {
    expect(parseCertificateDate(`${name} 15 12:00:00 2026 GMT`)).toBe(Date.UTC(2026, month, 15, 12))
  })

  it.each([
    'Feb 30 00:00:00 2024 GMT',
    'Feb 29 00:00:00 2023 GMT',
    'Feb 29 00:00:00 1900 GMT',
    'Apr 31 00:00:00 2024 GMT',
    'Jan 32 00:00:00 2024 GMT',
    'Jan  0 00:00:00 2024 GMT',
    'Jan 99 00:00:00 2024 GMT',
    'Jan 99 00:00:00 0000 GMT',
    'Feb 99 00:00:00 9999 GMT',
    'Jan  1 99:00:00 2024 GMT',
    'Jan  1 00:00:99 2024 GMT',
    'Jan 00 00:00:00 2024 GMT',
    'Dec 31 24:00:00 2018 GMT',
    'Jan  1 23:60:00 2024 GMT',
    'Dec 31 23:59:60 2016 GMT',
    'Jun 30 23:59:61 2015 GMT',
    'Dec 31 24:00:00 9999 GMT',
  ])('refuses %s, which no calendar has', (text) => {
    expect(() => parseCertificateDate(text)).toThrow(NO_DAY)
  })

  it.each([
    '',
    'garbage',
    '2018-12-22T19:39:00Z',
    'Sat, 22 Dec 2018 19:39:00 GMT',
    'dec 22 19:39:00 2018 GMT',
    'DEC 22 19:39:00 2018 GMT',
    'Foo 22 19:39:00 2018 GMT',
    'Dez 22 19:39:00 2018 GMT',
    'Dec 22 19:39:00 2018',
    'Dec 22 19:39:00 2018 UTC',
    'Dec 22 19:39:00 2018 gmt',
    'Dec 22 19:39 2018 GMT',
    'Dec 22 9:39:00 2018 GMT',
    'Dec 22 19:39:00  GMT',
    'Dec 22 19:39:00  18 GMT',
    'Dec 22 19:39:00 12018 GMT',
    'Dec 22 19:39:00 -018 GMT',
    'Dec 22 19:39:00.5 2018 GMT',
    'Dec -2 19:39:00 2018 GMT',
    'Dec   2 19:39:00 2018 GMT',
    'Dec\t2 19:39:00 2018 GMT',
    'Dec 222 19:39:00 2018 GMT',
    ' Dec 22 19:39:00 2018 GMT',
    'Dec 22 19:39:00 2018 GMT ',
    'Dec 22 19:39:00 2018 GMT\n',
    'Dec 22 19:39:00 2018 GMT, Dec 22 19:39:00 2019 GMT',
    'Dec ２２ 19:39:00 2018 GMT',
  ])('refuses %j, which has another form', (text) => {
    expect(() => parseCertificateDate(text)).toThrow(NO_FORM)
  })
})

describe('formatCertificateDate', () => {
  it('pads a day of one digit with a space, as OpenSSL does', () => {
    expect(formatCertificateDate(Date.UTC(2018, 11, 2, 19, 39))).toBe('Dec  2 19:39:00 2018 GMT')
    expect(formatCertificateDate(Date.UTC(2018, 11, 22, 1, 2, 3))).toBe('Dec 22 01:02:03 2018 GMT')
  })

  it('writes a year without padding, as OpenSSL does', () => {
    expect(formatCertificateDate(Date.parse('0000-01-01T00:00:00Z'))).toBe('Jan  1 00:00:00 0 GMT')
    expect(formatCertificateDate(Date.parse('0099-12-31T23:59:59Z'))).toBe('Dec 31 23:59:59 99 GMT')
    expect(formatCertificateDate(Date.parse('9999-12-31T23:59:59Z'))).toBe('Dec 31 23:59:59 9999 GMT')
  })

  it('drops parts of a second', () => {
    expect(formatCertificateDate(Date.UTC(2018, 11, 22, 19, 39, 0, 999))).toBe('Dec 22 19:39:00 2018 GMT')
    expect(formatCertificateDate(-1)).toBe('Dec 31 23:59:59 1969 GMT')
  })

  it.each([
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Date.parse('-000001-12-31T23:59:59Z'),
    Date.parse('+010000-01-01T00:00:00Z'),
  ])('refuses %d', (time) => {
    expect(() => formatCertificateDate(time)).toThrow(
      new RangeError('a certificate date must be in the years 0 to 9999'),
    )
  })

  it('is read back to the same second, over all years that it writes', () => {
    const first = Date.parse('0000-01-01T00:00:00Z')
    const last = Date.parse('9999-12-31T23:59:59Z')
    // A stride that is not a multiple of a minute, an hour, a day or a week meets all of their boundaries.
    const stride = 86_400_000 * 37 + 3_723_000
    for (let time = first; time <= last; time += stride) {
      expect(parseCertificateDate(formatCertificateDate(time))).toBe(time)
    }
  })
})
