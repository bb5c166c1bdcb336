import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real Redis on a port of 127.0.0.1, with nothing on disk. */
export interface RedisServer {
  readonly url: string
  /** Stops it from answering, without closing a connection. */
  freeze(): void
  thaw(): void
  stop(): Promise<void>
}

/**
 * Starts `redis-server` (Debian's package of that name).
 *
 * @param flags - further options, such as `--cluster-enabled yes`
 * @throws Error if the command is missing, or does not listen within five seconds
 */
export async function startRedis(port: number, flags: readonly string[] = []): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-redis-'))
  const options = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    folder,
    ...flags,
  ]
  const child = spawn('redis-server', options, { stdio: 'ignore' })
  await Promise.race([untilListening(port), failed(child)])
  return {
    url: `redis://127.0.0.1:${port}`,
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function failed(child: ChildProcess): Promise<never> {
  const error = new Error('redis-server did not start: install the Debian package redis-server')
  await Promise.race([once(child, 'exit'), once(child, 'error')])
  throw error
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const connected = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (connected) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('redis-server does not listen')
}
