import { createPublicKey } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
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

/** Loads a list, and answers the process that started this thread. */
export async function loadList({ source, key, acceptsCaList, maxBytes, timeout }: CrlTask): Promise<void> {
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

function answer(message: CrlAnswer, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer)
}

async function loadBytes(source: CrlTask['source'], maxBytes: number, timeout: number): Promise<Uint8Array> {
  if ('bytes' in source) return source.bytes
  if ('path' in source) return readRegularFile(source.path, maxBytes)
  // The signal never aborts: the main thread ends this thread instead.
  return fetchBytes(new URL(source.url), { timeout, maxBytes, signal: new AbortController().signal })
}

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
    const bytes = Buffer.alloc(stats.size)
    let length = 0
    while (length < bytes.length) {
      const read = readSync(file, bytes, length, bytes.length - length, length)
      if (read === 0) break
      length += read
    }
    return bytes.subarray(0, length)
  } finally {
    closeSync(file)
  }
}
