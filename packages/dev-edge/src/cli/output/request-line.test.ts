import { describe, expect, it } from 'vitest'
import type { EdgeRequestEvent } from '../../edge/request-event.ts'
import { formatRequestLine } from './request-line.ts'

const event: EdgeRequestEvent = {
  method: 'GET',
  path: '/me',
  protocol: 'HTTP/2',
  client: 'alice',
  verdict: 'SUCCESS',
  revoked: false,
  status: 200,
  code: undefined,
  fromCache: false,
  aborted: false,
  durationMs: 3.6,
  ray: '0123456789abcdef-DEV',
}
const refused = { status: 401, code: 'CSN_CERT_MISSING', client: undefined, verdict: 'NONE' }

/** A time on the clock of this machine. */
const ENDED = new Date(2026, 10, 25, 3, 4, 5, 999)

describe('formatRequestLine', () => {
  it.each([
    [{}, '03:04:05  200  GET /me  alice  SUCCESS  4 ms'],
    [refused, '03:04:05  401 CSN_CERT_MISSING  GET /me  no certificate  NONE  4 ms'],
    [{ revoked: true }, '03:04:05  200  GET /me  alice  SUCCESS, revoked  4 ms'],
    [{ fromCache: true }, '03:04:05  200  GET /me  alice  SUCCESS  from the cache  4 ms'],
    [{ status: undefined, aborted: true }, '03:04:05  no answer  GET /me  alice  SUCCESS  4 ms  broken off'],
  ])('formats %j as %s', (changes, line) => {
    expect(formatRequestLine({ ...event, ...changes }, ENDED)).toBe(line)
  })

  it('shows control characters of a terminal', () => {
    expect(formatRequestLine({ ...event, client: 'a\u001b[2Jb\nc' }, ENDED)).toContain('  a\uFFFD[2Jb\uFFFDc  ')
  })
})
