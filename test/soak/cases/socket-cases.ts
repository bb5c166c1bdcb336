import { randomBytes, randomInt } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { sendRaw } from '@countersign/test-support/raw-http'
import { formatRequest, withHeader } from '@countersign/test-support/wire-request'
import { type Kit, signed } from './case.ts'

/** Clients that do not wait for an answer. Each function resolves when its socket is closed. */
export const SOCKET_CASES: Readonly<Record<string, (port: number, kit: Kit) => Promise<unknown>>> = {
  'hangs up after a good request': async (port, kit) => {
    const socket = open(port)
    socket.write(formatRequest(signed(kit, 'alice')), 'latin1')
    await sleep(randomInt(20))
    socket.destroy()
  },
  'hangs up in the middle of the headers': async (port, kit) => {
    const socket = open(port)
    socket.write(formatRequest(signed(kit, 'alice')).slice(0, randomInt(1, 1500)), 'latin1')
    await sleep(randomInt(20))
    socket.destroy()
  },
  'hangs up in the middle of the body': async (port, kit) => {
    const socket = open(port)
    const request = withHeader(signed(kit, 'alice', { method: 'POST' }), 'content-length', '100000')
    socket.write(`${formatRequest(request)}half a body`, 'latin1')
    await sleep(randomInt(50))
    socket.destroy()
  },
  'resets the connection': async (port, kit) => {
    const socket = open(port)
    socket.write(formatRequest(signed(kit, 'alice')), 'latin1')
    await sleep(randomInt(10))
    socket.resetAndDestroy()
  },
  'stays silent for a while': async (port) => {
    const socket = open(port)
    await sleep(randomInt(500, 3000))
    socket.destroy()
  },
  'stops in the middle and leaves the connection half open': async (port, kit) => {
    const socket = open(port)
    socket.write(formatRequest(signed(kit, 'alice')).slice(0, 300), 'latin1')
    socket.end()
    await sleep(randomInt(500, 3000))
    socket.destroy()
  },
}

function open(port: number): Socket {
  // Several of these clients provoke a reset, which arrives as an error.
  return connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
}

/** Bytes that Node refuses before Fastify sees a request, with the status of the answer. */
export const BYTE_CASES: Readonly<Record<string, { readonly status: string; make(kit: Kit): string }>> = {
  'headers of 40 KB': {
    status: '431',
    make: (kit) => formatRequest(withHeader(signed(kit, 'alice'), 'cookie', 'x'.repeat(40_000))),
  },
  'a header family of 40 KB': {
    status: '431',
    make: (kit) => formatRequest(withHeader(signed(kit, 'alice'), 'x-cert-subject-dn', 'x'.repeat(40_000))),
  },
  'bytes that are not HTTP': { status: '400', make: () => `\x16\x03\x01${randomBytes(200).toString('latin1')}` },
  'two lengths': {
    status: '400',
    make: (kit) =>
      formatRequest(signed(kit, 'alice')).replace('\r\n', '\r\nContent-Length: 5\r\nContent-Length: 6\r\n'),
  },
}

/** Sends such bytes. Node may reset the connection before the client has read the answer: that is the outcome `reset`. */
export async function sendBytes(port: number, bytes: string): Promise<string> {
  try {
    return String((await sendRaw(port, bytes)).status)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNRESET' || (error as NodeJS.ErrnoException).code === 'EPIPE'
      ? 'reset'
      : `no answer: ${(error as Error).message}`
  }
}
