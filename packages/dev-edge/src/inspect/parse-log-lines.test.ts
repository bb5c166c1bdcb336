import { describe, expect, it } from 'vitest'
import { parseRequests } from './parse-requests.ts'

const text = (...lines: readonly object[]) =>
  lines.map((line) => `${JSON.stringify({ level: 30, time: 1, ...line })}\n`).join('')
const parse = (...lines: readonly object[]) => parseRequests(Buffer.from(text(...lines)))
const rawHeaders = ['Host', 'a', 'X-CERT-VERIFY', 'NONE']
const get = { method: 'GET', url: '/me?a=1', rawHeaders }

describe('parseLogLines', () => {
  it('reads the lines of requests, and passes over all others', () => {
    const started = { msg: 'Server listening' }
    const put = { method: 'PUT', url: '*', rawHeaders: ['host', 'a'] }
    expect(parse(started, { req: get }, { req: null }, { req: put })).toEqual([
      { method: 'GET', target: '/me?a=1', rawHeaders },
      { method: 'PUT', target: '*', rawHeaders: ['host', 'a'] },
    ])
  })

  it.each([
    '\n> app@1.0.0 start\n> node server.js\n\n',
    '{"name":"app"}\n{\n[1]\n1\n',
    'TypeError: x\n    at main (server.js:1:1)\n',
  ])('passes over the output of other programs, before the first line too: %j', (output) => {
    const log = Buffer.from(`${output}${text({ req: get })}${output}`)
    expect(parseRequests(log)).toEqual([{ method: 'GET', target: '/me?a=1', rawHeaders }])
  })

  it('takes a line of a log in the body of a request for no log', () => {
    for (const head of ['POST /logs HTTP/1.1\r\nHost: b\r\n\r\n', '\n> POST /logs HTTP/1.1\n> Host: b\n>\n']) {
      const [request, ...others] = parseRequests(Buffer.from(`${head}${text({ req: get })}`))
      expect([request, others]).toEqual([{ method: 'POST', target: '/logs', rawHeaders: ['Host', 'b'] }, []])
    }
  })

  it('takes an object with a level or a time alone for no log', () => {
    for (const line of ['{"level":30}\n', '{"time":1}\n']) {
      expect(() => parseRequests(Buffer.from(line))).toThrow('the input is JSON but not a HAR')
    }
  })

  it('reads a request once that is logged again with its answer', () => {
    const line = { pid: 1, hostname: 'h', reqId: 'req-1', req: get }
    expect(parse(line, { ...line, err: {} }, { ...line, res: {} })).toHaveLength(1)
    // Lines of other requests, and the lines of pino-http, which logs once and at the end.
    expect(parse(line, line)).toHaveLength(2)
    expect(parse(line, { ...line, reqId: 'req-2', res: {} })).toHaveLength(2)
    expect(parse(line, { ...line, pid: 2, err: {} })).toHaveLength(2)
    expect(parse(line, { ...line, hostname: 'i', err: {} })).toHaveLength(2)
    expect(parse(line, { ...line, req: { ...get, url: '/' }, err: {} })).toHaveLength(2)
    expect(parse({ req: get }, { req: get, res: {} })).toHaveLength(2)
    expect(parse({ ...line, res: {} })).toHaveLength(1)
  })

  it('reads the host of HTTP/2', () => {
    const pseudo = [':method', 'GET', ':authority', 'b', ':path', '/']
    const headersOf = (list: readonly string[]) => parse({ req: { ...get, rawHeaders: list } })[0]?.rawHeaders
    expect(headersOf([...pseudo, 'accept', '*/*'])).toEqual(['Host', 'b', 'accept', '*/*'])
    expect(headersOf([...pseudo, 'host', 'a'])).toEqual(['host', 'a'])
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
      /^the request in line 1 of the log is missing its headers, which Fastify does not log by itself; log .*originalUrl/,
    ],
    [
      { req: { method: 'GET', url: '/', headers: { host: 'a', signature: 'x' } } },
      /^the request in line 1 of the log has headers, in which Node joins lines and redaction leaves no trace, and needs rawHeaders; log /,
    ],
    [{ req: { url: '/', rawHeaders } }, /^the request in line 1 of the log needs method and url in req$/],
    [{ req: { method: 'GET', rawHeaders } }, /^the request in line 1 of the log needs method and url in req$/],
    ...[['a'], ['a', 1], ['Host', null], '[Redacted]', {}].map((list): [object, RegExp] => [
      { req: { method: 'GET', url: '/', rawHeaders: list } },
      /^the request in line 1 of the log needs names and values in turn in req.rawHeaders, and redaction may have changed them; log /,
    ]),
  ])('names the missing data of %j', (line, message) => {
    expect(() => parse(line)).toThrow(message)
  })
})
