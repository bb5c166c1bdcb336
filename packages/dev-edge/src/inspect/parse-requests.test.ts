import { describe, expect, it } from 'vitest'
import { parseRequests } from './parse-requests.ts'

const parse = (text: string) => parseRequests(Buffer.from(text, 'latin1'))
const ME = { method: 'GET', target: '/me?a=%20b', rawHeaders: ['Host', 'origin.example', 'X-CERT-PRESENTED', '0'] }

describe('parseRequests', () => {
  describe('of the wire form', () => {
    it('keeps names, order and repeated lines', () => {
      const text = 'POST /a HTTP/1.1\r\nhost:a\r\nX-Twice: 1\r\nx-twice:\t2 \r\nX-Empty:\r\n\r\nbody\r\n'
      expect(parse(text)).toEqual([
        { method: 'POST', target: '/a', rawHeaders: ['host', 'a', 'X-Twice', '1', 'x-twice', '2', 'X-Empty', ''] },
      ])
    })

    it('reads several, and takes other text after an empty line for a body', () => {
      const one = 'GET /me?a=%20b HTTP/1.1\nHost: origin.example\nX-CERT-PRESENTED: 0\n'
      const body = '\n{"X-CERT-VERIFY": 1}\nnot: a header\nGET /in-a-body HTTP/1.1\n'
      expect(parse(`\n${one}${body}\n${one}`)).toEqual([ME, ME])
    })

    it('reads bytes as Node does', () => {
      expect(parse('GET / HTTP/1.1\nX-CERT-SUBJECT-DN: CN=\xe9\n')[0]?.rawHeaders[1]).toBe('CN=\xe9')
    })

    it.each([
      ['', 'the input contains no request'],
      ['Host: origin.example\n', 'line 1 is not a request line such as "GET /me HTTP/1.1"'],
      ['GET /me\n', 'line 1 is not a request line such as "GET /me HTTP/1.1"'],
      ['GET / HTTP/1.1\nHost: a\n folded: secret\n', 'line 3 is not a header line such as "Host: origin.example"'],
      ['GET / HTTP/1.1\nX-Cert Verify: secret\n', 'line 2 is not a header line such as "Host: origin.example"'],
    ])('names the malformed line: %j', (text, message) => {
      expect(() => parse(text)).toThrow(new SyntaxError(message))
    })
  })

  describe('of curl -v', () => {
    const sent = '> GET /me?a=%20b HTTP/2\r\n> Host: origin.example\r\n> X-CERT-PRESENTED: 0\r\n> \r\n'

    it('reads the requests, and neither notes nor answers', () => {
      const notes = '*   Trying 127.0.0.1:3000...\n* [HTTP/2] [1] [:method: GET]\n'
      const answer =
        '* Request completely sent off\n< HTTP/2 401\n< x-cert-verify: SUCCESS\n< \n{"code":"CSN_CERT_MISSING"}\n'
      expect(parse(`${notes}${sent}${answer}`)).toEqual([ME])
    })

    it('reads each request of a redirect', () => {
      expect(parse(`${sent}< HTTP/1.1 302 Found\n< \n${sent.replace('\r\n> \r\n', '\r\n>\r\n')}`)).toEqual([ME, ME])
    })
  })

  describe('of a HAR', () => {
    const har = (...requests: unknown[]) =>
      JSON.stringify({ log: { entries: requests.map((request) => ({ request })) } })
    const header = (name: string, value: string) => ({ name, value })
    const cert = header('X-CERT-PRESENTED', '0')

    it('reads every request, with its host from the URL if HTTP/2 sent it as a pseudo header', () => {
      const url = 'https://origin.example/me?a=%20b#top'
      const overHttp1 = { method: 'GET', url, headers: [header('Host', 'origin.example'), cert] }
      const overHttp2 = { method: 'GET', url, headers: [header(':authority', 'other'), header(':path', '/'), cert] }
      expect(parse(`\xef\xbb\xbf ${har(overHttp1, overHttp2)}`)).toEqual([ME, ME])
    })

    it('keeps the path as it is written', () => {
      const targets = parse(
        har(
          ...['https://a/x/%2e%2e/y', 'https://a', 'https://a?q', 'http://a:8080/%7Ex'].map((url) => ({
            method: 'GET',
            url,
            headers: [],
          })),
        ),
      ).map(({ target }) => target)
      expect(targets).toEqual(['/x/%2e%2e/y', '/', '/?q', '/%7Ex'])
    })

    it.each([
      ['{"secret', 'the input begins like JSON, but is not valid JSON'],
      ['{}', 'the input is JSON but not a HAR; log.entries is missing'],
      ['{"log":null}', 'the input is JSON but not a HAR; log.entries is missing'],
      [har(), 'the HAR contains no request'],
      [har(null), 'log.entries[0].request needs a method, a url and headers'],
      [har({ method: 'GET', url: '/me', headers: [] }), 'log.entries[0].request needs a method, a url and headers'],
      [
        har({ method: 'GET', url: 'https://a/', headers: [{ name: 'Host' }] }),
        'log.entries[0].request.headers needs a name and a value for each',
      ],
    ])('names the fault without quoting the input: %s', (json, message) => {
      expect(() => parse(json)).toThrow(new SyntaxError(message))
    })
  })
})
