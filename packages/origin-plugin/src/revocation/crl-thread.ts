// The entry of a thread that loads revocation lists, one after another. `crl-threads.ts` starts it, and nothing imports it.
import { createPublicKey, randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import * as os from 'node:os'
import { promisify } from 'node:util'
import { parentPort } from 'node:worker_threads'
import { fetchBytes } from '../lib/fetch-bytes.ts'
import type { CrlContents } from './parse-crl.ts'
import { readCrl } from './read-crl.ts'
import type { Scratch } from './serial-set.ts'

/** The task of the thread. */
export interface CrlTask {
  /** An http(s) URL, a path, or the bytes themselves in shared memory. */
  readonly source: { readonly url: string } | { readonly path: string } | { readonly bytes: Uint8Array }
  /** The CA's public key: SubjectPublicKeyInfo in DER. */
  readonly key: Uint8Array
  readonly maxBytes: number
  readonly acceptsCaList: boolean
  /** Milliseconds. */
  readonly timeout: number
  /** Memory for the table of serial numbers, from an earlier load. */
  readonly memory: SharedArrayBuffer | undefined
  /** Whether the thread may make larger memory. */
  readonly canGrow: boolean
}

/** The answer of the thread: the list, or the reason of the failure. */
export type CrlAnswer = ({ readonly list: CrlContents } | { readonly failure: string }) & {
  /** The memory of the task, or larger memory. The table of the list is in it, or in memory of its own. */
  readonly memory?: SharedArrayBuffer | undefined
}

async function run({ source, key, acceptsCaList, maxBytes, timeout, memory, canGrow }: CrlTask): Promise<void> {
  const scratch: Scratch = { memory, canGrow }
  try {
    const bytes = await loadBytes(source, maxBytes, timeout)
    const publicKey = createPublicKey({ key: Buffer.from(key), format: 'der', type: 'spki' })
    answer({ list: readCrl(bytes, publicKey, acceptsCaList, scratch), memory: scratch.memory })
  } catch (error) {
    answer({ failure: (error as Error).message, memory: scratch.memory })
  }
}

function answer(message: CrlAnswer): void {
  parentPort?.postMessage(message)
}

/** A tenth of a core, where requests take all of the rest: a list of a million entries then takes ten seconds. */
const NICER = 10
const NICEST = 19

/**
 * Lets requests go first, on a core that they share with this thread.
 *
 * Only Linux has a priority for each thread. Elsewhere the call would change that of the process.
 *
 * Node's pool of threads resolves names and reads files for the whole process. Its threads start with the first such work,
 * and have the priority of the thread that needed it. So they start before, with a random byte, which needs no permission.
 */
async function giveWay(): Promise<void> {
  if (process.platform !== 'linux') return
  await promisify(randomBytes)(1)
  try {
    os.setPriority(Math.min(NICEST, os.getPriority() + NICER))
  } catch {
    // A sandbox can forbid it. The list loads all the same.
  }
}

/**
 * The memory of the latest list. The next one is read into it: for 35 MB of new memory V8 collects garbage at once, for 40
 * ms, with helpers that do not give way to requests.
 */
let bytesOfList: Buffer = Buffer.alloc(0)
/** The next list, which is a little longer, fits too. Not a larger factor, because V8 counts all of this memory. */
const HEADROOM = 1.125

async function loadBytes(source: CrlTask['source'], maxBytes: number, timeout: number): Promise<Uint8Array> {
  if ('bytes' in source) return source.bytes
  if ('path' in source) return readRegularFile(source.path, maxBytes)
  // The main thread ends this thread at the time-out. So the signal never aborts, and the fetch takes longer at most.
  const { signal } = new AbortController()
  const bytes = await fetchBytes(new URL(source.url), { timeout: 2 * timeout, maxBytes, signal }, bytesOfList)
  bytesOfList = Buffer.from(bytes.buffer)
  return bytes
}

/** Many servers run a Linux that interrupts no system call. One read of 35 MB holds its core for 15 ms. */
const BYTES_AT_ONCE = 256 * 1024

/**
 * Reads a regular file. Opening or reading a pipe would wait for its writer, and a thread that waits for the system
 * cannot be ended.
 */
function readRegularFile(path: string, maxBytes: number): Uint8Array {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw new Error('it is not a regular file')
    if (stats.size > maxBytes) throw new Error(`the file is longer than ${maxBytes} bytes`)
    if (stats.size > bytesOfList.length) bytesOfList = Buffer.allocUnsafeSlow(Math.ceil(stats.size * HEADROOM))
    let length = 0
    while (length < stats.size) {
      const read = readSync(file, bytesOfList, length, Math.min(stats.size - length, BYTES_AT_ONCE), length)
      if (read === 0) break
      length += read
    }
    return bytesOfList.subarray(0, length)
  } finally {
    closeSync(file)
  }
}

await giveWay()
parentPort?.on('message', run)
