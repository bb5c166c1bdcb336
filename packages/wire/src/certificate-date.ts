const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const CERTIFICATE_DATE = /^([A-Z][a-z]{2}) ([ \d]?\d) (\d\d):(\d\d):(\d\d) (\d{1,4}) GMT$/

/**
 * Reads a certificate's date as OpenSSL and Cloudflare print it: `Dec 22 19:39:00 2018 GMT`. A day of one digit is
 * either bare or padded with a space. OpenSSL does not pad a year, and some CAs write the year 0 for "always".
 *
 * @returns milliseconds since the epoch
 * @throws SyntaxError if the text has another form, or names a day that is not in the calendar
 * @example
 * ```ts
 * new Date(parseCertificateDate('Dec 22 19:39:00 2018 GMT')).toISOString() // '2018-12-22T19:39:00.000Z'
 * ```
 */
export function parseCertificateDate(text: string): number {
  const match = CERTIFICATE_DATE.exec(text)
  const month = match ? MONTHS.indexOf(match[1] as string) : -1
  if (!match || month < 0) throw new SyntaxError('a certificate date is not of the form "Dec 22 19:39:00 2018 GMT"')
  const [day, hour, minute, second, year] = match.slice(2).map(Number) as [number, number, number, number, number]

  // Date.UTC would read the years 0 to 99 as 1900 to 1999.
  const date = new Date(0)
  date.setUTCFullYear(year, month, day)
  // Date moved a day that the month does not have, such as February 30, to another month.
  if (date.getUTCMonth() !== month || hour > 23 || minute > 59 || second > 59) {
    throw new SyntaxError('a certificate date is not in the calendar')
  }
  date.setUTCHours(hour, minute, second)
  return date.getTime()
}

/**
 * Writes a date as OpenSSL does, the counterpart of {@link parseCertificateDate}.
 *
 * @param time - milliseconds since the epoch, in the years 0 to 9999; parts of a second are dropped
 * @returns `Dec  2 19:39:00 2018 GMT`
 * @throws RangeError if the time is not in those years
 * @example
 * ```ts
 * formatCertificateDate(Date.UTC(2018, 11, 22, 19, 39)) // 'Dec 22 19:39:00 2018 GMT'
 * ```
 */
export function formatCertificateDate(time: number): string {
  const date = new Date(time)
  const year = date.getUTCFullYear()
  if (!(year >= 0 && year <= 9999)) throw new RangeError('a certificate date must be in the years 0 to 9999')
  const day = twoDigits(date.getUTCDate(), ' ')
  const clock = `${twoDigits(date.getUTCHours())}:${twoDigits(date.getUTCMinutes())}:${twoDigits(date.getUTCSeconds())}`
  return `${MONTHS[date.getUTCMonth()]} ${day} ${clock} ${year} GMT`
}

function twoDigits(part: number, pad = '0'): string {
  return part < 10 ? `${pad}${part}` : `${part}`
}
