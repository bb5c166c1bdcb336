import { Writable } from 'node:stream'

/**
 * Creates a stream that passes each line on, for the logger of an application under test.
 *
 * @example
 * ```ts
 * import { lineStream } from '@countersign/test-support/line-stream'
 * import Fastify from 'fastify'
 *
 * const log: string[] = []
 * const app = Fastify({ logger: { stream: lineStream((line) => log.push(line)) } })
 * ```
 */
export function lineStream(onLine: (line: string) => unknown): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      for (const line of String(chunk).trim().split('\n')) onLine(line)
      done()
    },
  })
}
