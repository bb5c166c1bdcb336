// The entry of the thread that loads revocation lists. `load-crl.ts` starts it, and nothing imports it.
import { createPublicKey } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import * as os from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { fetchBytes } from '../lib/fetch-bytes.ts'
import type { CrlContents } from './parse-crl.ts'
import { readCrl } from './read-crl.ts'

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
}

/** The answer of the thread: the list, or the reason of the failure. */
export type CrlAnswer = { readonly list: CrlContents } | { readonly failure: string }

async function run({ source, key, acceptsCaList, maxBytes, timeout }: CrlTask): Promise<void> {
  try {
    const bytes = await loadBytes(source, maxBytes, timeout)
    const publicKey = createPublicKey({ key: Buffer.from(key), format: 'der', type: 'spki' })
    const list = readCrl(bytes, publicKey, acceptsCaList)
    const { numbers, slots } = list.serials
    // TypeScript 5.6 cannot name a typed array of an ArrayBuffer, so the table's published type has any buffer.
    answer({ list }, [numbers.buffer as ArrayBuffer, slots.buffer as ArrayBuffer])
  } catch (error) {
    answer({ failure: (error as Error).message })
  }
}

/** A tenth of a core, where requests take all of the rest: a list of a million entries then takes ten seconds. */
const NICER = 10
const NICEST = 19

/**
 * Lets requests go first, on a core that they share with this thread.
 *
 * Only Linux has a priority for each thread. Elsewhere the call would change that of the process.
 *
 * Call it after the last asynchronous work. Node's pool of threads resolves names and reads files for the whole process,
 * and a new thread of it has the priority of the thread that needed it.
 */
function giveWay(): void {
  if (process.platform !== 'linux') return
  try {
    os.setPriority(Math.min(NICEST, os.getPriority() + NICER))
  } catch {
    // A sandbox can forbid it. The list loads all the same.
  }
}

function answer(message: CrlAnswer, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer)
}

async function loadBytes(source: CrlTask['source'], maxBytes: number, timeout: number): Promise<Uint8Array> {
  if ('url' in source) {
    // The signal never aborts: the main thread ends this thread instead.
    const bytes = await fetchBytes(new URL(source.url), { timeout, maxBytes, signal: new AbortController().signal })
    giveWay()
    return bytes
  }
  giveWay()
  return 'bytes' in source ? source.bytes : readRegularFile(source.path, maxBytes)
}

/** Many servers run a Linux that interrupts no system call. One read of 35 MB holds its core for 15 ms. */
const BYTES_AT_ONCE = 256 * 1024

/**
 * Reads a regular file. Opening or reading a pipe would wait for its writer, and a thread that waits for the system
 * cannot be ended.
 *
 * The memory is shared with nobody. V8 does not count shared memory, which ends with the thread. For other memory of
 * this size it collects garbage at once, for 40 ms, with helpers that do not give way to requests.
 */
function readRegularFile(path: string, maxBytes: number): Uint8Array {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw new Error('it is not a regular file')
    if (stats.size > maxBytes) throw new Error(`the file is longer than ${maxBytes} bytes`)
    const bytes = Buffer.from(new SharedArrayBuffer(stats.size))
    let length = 0
    while (length < bytes.length) {
      const read = readSync(file, bytes, length, Math.min(bytes.length - length, BYTES_AT_ONCE), length)
      if (read === 0) break
      length += read
    }
    return bytes.subarray(0, length)
  } finally {
    closeSync(file)
  }
}

await run(workerData)
