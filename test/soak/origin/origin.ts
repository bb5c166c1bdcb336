import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The configuration of the origin. */
export interface OriginOptions {
  /** The files with the keys of the Worker and with the further CAs, and the seconds between two reads. */
  readonly keysFile: string
  readonly casFile: string
  readonly fileRefresh: number
  readonly hosts: readonly string[]
  readonly issuer: string
  readonly audience: string
  readonly jwksUri: string
  readonly clientCa: string
  readonly crlUrl: string
  /** Seconds between two loads of the revocation list. */
  readonly crlRefresh: number
  readonly redisUrl: string
  /** Milliseconds, in place of the plugin's own times. */
  readonly keysTiming: { readonly cooldown?: number; readonly refreshInterval?: number }
}

/** A question to the origin's process. */
export type Question =
  | 'heap'
  | 'cpu'
  | 'delay'
  | 'faults'
  | 'health'
  | 'decisions'
  | 'log'
  | 'resources'
  | 'connections'
  | 'close'

/** The origin's process, seen from its parent. */
export interface OriginProcess {
  readonly port: number
  ask<T>(question: Question): Promise<T>
  /** Closes the server. Resolves to the milliseconds until the process ended by itself, or to `null` if it did not. */
  close(): Promise<number | null>
  kill(): void
}

/** The longest time in which a process without open handles ends on a busy machine, in milliseconds. */
const ENDS_WITHIN = 8_000

/** Starts the origin in a process of its own. */
export async function startOriginProcess(options: OriginOptions): Promise<OriginProcess> {
  const child = fork(join(import.meta.dirname, 'main.ts'), [JSON.stringify(options)], {
    execArgv: ['--expose-gc'],
  })
  const exited = once(child, 'exit')
  const [first] = await Promise.race([once(child, 'message'), exited])
  const port = (first as { port?: number } | null)?.port
  if (port === undefined) throw new Error('the origin did not start')

  let last = 0
  const waiting = new Map<number, (answer: unknown) => void>()
  child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
    waiting.get(id)?.(answer)
    waiting.delete(id)
  })
  const ask = <T>(question: Question) => {
    last += 1
    const id = last
    child.send({ id, question })
    const answered = new Promise<T>((resolve) => waiting.set(id, resolve as (answer: unknown) => void))
    const gone = exited.then(() => Promise.reject(new Error('the origin ended')))
    return Promise.race([answered, gone])
  }
  return {
    port,
    ask,
    async close() {
      const start = performance.now()
      ask('close').catch(() => {})
      const ended = await Promise.race([exited, sleep(ENDS_WITHIN, null, { ref: false })])
      if (ended === null) child.kill('SIGKILL')
      return ended === null ? null : performance.now() - start
    },
    kill: () => child.kill('SIGKILL'),
  }
}
