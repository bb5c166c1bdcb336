import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'

/**
 * The process of the team's keys. It sends its port, and answers any request with the key set of the latest message.
 *
 * An HTTP server in the process that signs the requests took 20 ms for an answer, because garbage collection drops code
 * that idles, and the system ran it on the core of the origin.
 */
let answer = ''
process.on('message', (keys: readonly object[]) => {
  const body = JSON.stringify({ keys })
  answer = `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
})
process.on('disconnect', () => process.exit())
const server = createServer((socket) => {
  socket.on('error', () => {})
  socket.once('data', () => socket.end(answer))
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
