import { describe, expect, it } from 'vitest'
import { parseRequests } from './parse-requests.ts'

const parse = (...lines: readonly object[]) =>
  parseRequests(Buffer.from(lines.map((line) => `${JSON.stringify({ level: 30, time: 1, ...line })}\n`).join('')))

describe('parseLogLines', () => {
  it('reads the lines of requests, and passes over all others', () => {
    const rawHeaders = ['Host', 'a', 'X-CERT-VERIFY', 'NONE']
    const started = { msg: 'Server listening' }
    expect(
      parse(
        started,
        { req: { method: 'GET', url: '/me?a=1', rawHeaders } },
        { req: { method: 'PUT', url: '/', headers: { host: 'a' } } },
      ),
    ).toEqual([
      { method: 'GET', target: '/me?a=1', rawHeaders },
      { method: 'PUT', target: '/', rawHeaders: ['host', 'a'] },
    ])
    const mixed = Buffer.from(
      '{"level":30,"time":1}\nTypeError: x\n{"req":{"method":"GET","url":"/","headers":{}}}\n1\n',
    )
    expect(parseRequests(mixed)).toEqual([{ method: 'GET', target: '/', rawHeaders: [] }])
  })

  it.each([
    [{ msg: 'Server listening' }, /^the log contains no request; log them with serializers: /],
    [
      { msg: 'countersign: request refused', code: 'CSN_CERT_MISSING' },
      /^the log contains refusals \(CSN_CERT_MISSING\) without their requests, and their field reason /,
    ],
    [
      { msg: 'countersign: request would be refused', code: 'EVIL' },
      /^the log contains refusals \(\) without their requests/,
    ],
    [
      { req: { method: 'GET', url: '/', host: 'a' } },
      /^request 1 of the log is missing its headers, which Fastify does not log by itself; log /,
    ],
    [{ req: { url: '/', headers: {} } }, /^request 1 of the log needs method and url in req$/],
    [
      { req: { method: 'GET', url: '/', rawHeaders: ['a'] } },
      /^request 1 of the log needs names and values in turn in req.rawHeaders$/,
    ],
    [
      { req: { method: 'GET', url: '/', rawHeaders: ['a', 1] } },
      /^request 1 of the log needs names and values in turn/,
    ],
    [
      { req: { method: 'GET', url: '/', headers: { 'signature-input': 'x' } } },
      /^request 1 of the log has lost headers by redaction/,
    ],
    [
      { req: { method: 'GET', url: '/', headers: { signature: '[Redacted]' } } },
      /^request 1 of the log has lost headers by redaction/,
    ],
  ])('names the missing data of %j', (line, message) => {
    expect(() => parse(line)).toThrow(message)
  })
})
