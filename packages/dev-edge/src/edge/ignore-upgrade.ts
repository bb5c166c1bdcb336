import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { headerPairs, headerValues, type RawHeaders } from '../net/raw-headers.ts'

/** Whether a request asks for a WebSocket (RFC 6455, section 4.1): GET without a body. */
export function isWebSocketHandshake({ method, rawHeaders }: IncomingMessage): boolean {
  const has = (name: string) => headerValues(rawHeaders, name).length > 0
  const [protocol = ''] = headerValues(rawHeaders, 'upgrade')
  return (
    method === 'GET' && protocol.toLowerCase() === 'websocket' && !has('content-length') && !has('transfer-encoding')
  )
}

/**
 * Serves a request for another protocol, such as `h2c`, as if it had not asked (RFC 9110, section 7.8).
 *
 * `node:http` stops reading HTTP at every `Upgrade`, and never reads the request's body. So the request is read again,
 * without that header.
 *
 * @param head - the bytes after the request's head
 * @param server - serves the connection from now on
 */
export function ignoreUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, server: Server): void {
  const { method, url, rawHeaders } = request
  const lines = [...headerPairs(withoutUpgrade(rawHeaders))].map(([name, value]) => `${name}: ${value}`)
  const text = [`${method} ${url} HTTP/1.1`, ...lines, '', ''].join('\r\n')
  socket.unshift(Buffer.concat([Buffer.from(text, 'latin1'), head]))
  server.emit('connection', socket)
}

const UPGRADE = new Set(['upgrade', 'http2-settings'])

function withoutUpgrade(raw: RawHeaders): string[] {
  return [...headerPairs(raw)].flatMap(([name, value]) => {
    const lower = name.toLowerCase()
    if (UPGRADE.has(lower)) return []
    if (lower !== 'connection') return [name, value]
    const tokens = value.split(',').filter((token) => !UPGRADE.has(token.trim().toLowerCase()))
    return tokens.length > 0 ? [name, tokens.join(',').trim()] : []
  })
}
