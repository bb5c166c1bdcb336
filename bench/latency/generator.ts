import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { createHistogram, performance } from 'node:perf_hooks'
import { readAnswer } from '@countersign/test-support/raw-http'
import type { Pace, Paced } from './paced-load.ts'

/**
 * The process of the load. It gets a {@link Pace}, sends a message as it begins, sends at a constant rate, and answers with
 * the {@link Paced} load.
 *
 * The method is wrk2's. Each request has an intended time, whatever the server does, and its latency counts from that
 * time. A connection has one open request. If the server is slow, its connection sends the requests that are overdue
 * one after another, and their latency contains their wait. So no slow answer hides the requests behind it.
 *
 * @see {@link https://github.com/giltene/wrk2#acknowledgements wrk2: coordinated omission}
 */
process.once('message', async (pace: Pace) => {
  process.send?.(await generate(pace))
  process.disconnect()
})

/** Keep-alive connections, as many as wrk has in the other measurements. */
const CONNECTIONS = 64
/** Milliseconds after the last request until which an answer is in time, and until which the load waits for it. */
const IN_TIME = 50
const GRACE = 1_000
/** Bytes for the own lines of a request, which carry a signature and sometimes a token. */
const LINES_ROOM = 4_096

/** One connection. Its requests have the numbers `index`, `index + CONNECTIONS` and so on. */
interface Connection {
  readonly socket: Socket
  /** The head, and room for the own lines behind it. */
  readonly request: Buffer
  /** The number of the open request, or of the next one. */
  number: number
  open: boolean
  /** Bytes of the open answer. */
  received: number
}

async function generate({ port, rate, seconds, unrecorded, head, linesFile }: Pace): Promise<Paced> {
  const lines = readLines(linesFile)
  const total = Math.floor(rate * (unrecorded + seconds))
  const skipped = Math.floor(rate * unrecorded)
  const answerLength = await learnLength(port, head, lines.last)
  const [latency, lag] = [microseconds(), microseconds()]
  let [answered, inTime, due] = [0, 0, 0]
  const finished = Promise.withResolvers<void>()
  const connections: Connection[] = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, index) => open(port, head, index, onBytes, finished.reject)),
  )
  process.send?.('begin')
  const start = performance.now() + 10
  const interval = 1_000 / rate
  const intended = (number: number) => start + number * interval

  function onBytes(connection: Connection, bytes: Buffer, count: number): void {
    if (connection.received === 0 && bytes.toString('latin1', 9, 12) !== '200') {
      finished.reject(new Error(`a request was refused: ${bytes.toString('latin1', 0, count)}`))
    }
    connection.received += count
    if (connection.received < answerLength) return
    if (connection.received > answerLength) finished.reject(new Error('an answer has another length than the first'))
    const now = performance.now()
    answered += 1
    if (connection.number >= skipped) {
      if (now <= intended(total) + IN_TIME) inTime += 1
      latency.record(toMicroseconds(now - intended(connection.number)))
    }
    connection.open = false
    connection.received = 0
    connection.number += CONNECTIONS
    // Its time may have come while the answer was open.
    if (connection.number < total && intended(connection.number) <= now) send(connection)
    else if (answered === total) finished.resolve()
  }

  function send(connection: Connection): void {
    connection.open = true
    const length = lines.copy(connection.number, connection.request, head.length)
    connection.socket.write(connection.request.subarray(0, head.length + length))
  }

  /** Sends the requests whose time has come. It runs in each turn of the event loop, which never sleeps. */
  function sendDue(): void {
    const now = performance.now()
    for (; due < total && intended(due) <= now; due += 1) {
      const connection = connections[due % CONNECTIONS] as Connection
      // An overdue request waits for the answer before it. The wait is the server's and no lag of this process.
      if (connection.open || connection.number !== due) continue
      if (due >= skipped) lag.record(toMicroseconds(performance.now() - intended(due)))
      send(connection)
    }
    if (due === total && now > intended(total) + GRACE) finished.resolve()
    else loop = setImmediate(sendDue)
  }

  let loop = setImmediate(sendDue)
  try {
    await finished.promise
  } finally {
    clearImmediate(loop)
    for (const { socket } of connections) socket.destroy()
  }
  return {
    answered: inTime / (total - skipped),
    p50: latency.percentile(50) / 1_000,
    p99: latency.percentile(99) / 1_000,
    p999: latency.percentile(99.9) / 1_000,
    lag: lag.percentile(99.9) / 1_000,
  }
}

/** Node's histogram is HdrHistogram, here with three digits up to one minute. */
const microseconds = () => createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 })
const toMicroseconds = (milliseconds: number) => Math.max(1, Math.round(milliseconds * 1_000))

/** The own lines of each request, outside of the heap: a garbage collection would hold up the load. */
function readLines(file: string) {
  const bytes = readFileSync(file)
  const ends: number[] = [0]
  for (let at = 0; at < bytes.length; ) {
    // A request without own lines has only the empty line.
    at = bytes[at] === 0x0d ? at + 2 : bytes.indexOf('\r\n\r\n', at) + 4
    ends.push(at)
  }
  const offsets = Float64Array.from(ends)
  // The last one is for the request that learns the length of an answer.
  const count = Math.max(offsets.length - 2, 1)
  return {
    last: bytes.subarray(offsets.at(-2), offsets.at(-1)),
    /** Copies the lines of a request, and returns their length. An origin that ignores signatures may get them twice. */
    copy(number: number, target: Buffer, targetStart: number): number {
      const at = number % count
      return bytes.copy(target, targetStart, offsets[at], offsets[at + 1])
    },
  }
}

/** Every answer of a contender has the same length: a date has always the same number of characters. */
async function learnLength(port: number, head: string, lines: Buffer): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.write(Buffer.concat([Buffer.from(head, 'latin1'), lines]))
  const { status, raw } = await readAnswer(socket)
  socket.destroy()
  if (status !== 200) throw new Error(`a request was refused: ${raw}`)
  return raw.length
}

function open(
  port: number,
  head: string,
  index: number,
  onBytes: (connection: Connection, bytes: Buffer, count: number) => void,
  onError: (error: Error) => void,
): Promise<Connection> {
  return new Promise((resolve) => {
    const request = Buffer.alloc(head.length + LINES_ROOM, head, 'latin1')
    const received = Buffer.alloc(16_384)
    const callback = (count: number) => {
      onBytes(connection, received, count)
      return true
    }
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer: received, callback } })
    const connection: Connection = { socket, request, number: index, open: false, received: 0 }
    socket.on('error', onError)
    socket.on('end', () => onError(new Error('the server has ended a connection')))
    socket.once('connect', () => resolve(connection))
  })
}
