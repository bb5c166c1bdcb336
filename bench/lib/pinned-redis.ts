import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '@countersign/test-support/local-server'
import { pinned } from './machine.ts'

/** A Redis that lives as long as a measured origin. */
export interface PinnedRedis extends AsyncDisposable {
  readonly url: string
}

/** Ends the process with a sentence on how to install Redis, if it is missing. Call it before anything takes time. */
export function requireRedis(): void {
  if (!spawnSync('redis-server', ['--version']).error) return
  console.error(
    'redis-server is missing: install it (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis)',
  )
  process.exit(1)
}

/**
 * Starts `redis-server` on the load's core, on a free port of 127.0.0.1, with nothing on disk.
 *
 * On the core of the measured process it would take time that belongs to the origin.
 *
 * @throws Error if it ends before it listens, or does not listen within five seconds
 */
export async function startPinnedRedis(): Promise<PinnedRedis> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-redis-'))
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
  const [command, ...args] = pinned('load', ['redis-server', ...options])
  const server = spawn(command, args, { stdio: 'ignore' })
  const end = async () => {
    await stop(server)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await untilListening(server, port)
  } catch (error) {
    await end()
    throw error
  }
  return { url: `redis://127.0.0.1:${port}`, [Symbol.asyncDispose]: end }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const ended = once(server, 'exit')
  server.kill('SIGKILL')
  await ended
}

async function untilListening(server: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (server.exitCode !== null) break
    if (await listens(port)) return
    await sleep(50)
  }
  throw new Error(`redis-server does not listen on port ${port}`)
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
