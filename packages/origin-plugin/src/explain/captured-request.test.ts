import type { IncomingMessage } from 'node:http'
import { startServer } from '@countersign/test-support/local-server'
import { sendRaw } from '@countersign/test-support/raw-http'
import { describe, expect, it } from 'vitest'
import { receive, signatureParameters } from './captured-request.ts'

/** The request as Node's own server receives it. */
async function received(...lines: readonly string[]): Promise<IncomingMessage> {
  const requests: IncomingMessage[] = []
  const server = await startServer((request, response) => {
    requests.push(request)
    response.end()
  })
  await sendRaw(server.port, `${['GET /me HTTP/1.1', ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`)
  await server.close()
  return requests[0] as IncomingMessage
}

describe('receive', () => {
  it.each([
    [['Host: a', 'HOST: b']],
    [
      [
        'Host: a',
        'Signature: x=:AA==:',
        'signature: countersign=:BB==:',
        'SIGNATURE-INPUT: x=()',
        'Signature-Input: y=()',
      ],
    ],
  ])('gives the plugin the same headers as Node: %j', async (lines) => {
    const { method = '', url = '', headers, rawHeaders } = await received(...lines)
    const { originalUrl, raw } = receive({ method, target: url, rawHeaders })
    const read = (from: IncomingMessage['headers']) => [from.host, from.signature, from['signature-input']]
    expect(read(raw.headers)).toEqual(read(headers))
    expect(raw.rawHeaders).toEqual(rawHeaders)
    expect({ originalUrl, method: raw.method }).toEqual({ originalUrl: '/me', method: 'GET' })
  })
})

describe('signatureParameters', () => {
  it.each([
    [],
    ['Signature-Input', 'other=()'],
    ['Signature-Input', 'countersign=();created=1'],
    ['Signature-Input', '('],
  ])('reads nothing from a signature outside the profile: %j', (...rawHeaders) => {
    expect(signatureParameters({ method: 'GET', target: '/', rawHeaders })).toBeUndefined()
  })
})
