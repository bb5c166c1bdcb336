import type { X509Certificate } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { type CallLimit, callSource, createCallLimit } from '../lib/operator-function.ts'
import { readCertificateNames, readName } from '../x509/certificate-names.ts'
import { readDerValue } from '../x509/der.ts'
import type { CrlTask } from './crl-thread.ts'
import { releaseTable, runInThread, THREAD } from './crl-threads.ts'
import type { CrlContents } from './parse-crl.ts'
import { type CrlSource, describeSource } from './revocation-options.ts'
import type { SerialTable } from './serial-set.ts'

/** Bounds of one load, and of the lists that count. */
export interface CrlBounds {
  /** The largest number of bytes to read. */
  readonly maxBytes: number
  /** Milliseconds for the whole load. */
  readonly timeout: number
  /** Whether a list of CA certificates alone is of use. The default is `false`. */
  readonly acceptsCaList?: boolean
}

/**
 * Loads a list. `signal` aborts the load, and `latest` is the latest table of the list.
 *
 * A list that is no longer in use is handed to `releaseTable`.
 *
 * @throws Error with the cause
 */
export type CrlLoader = (signal: AbortSignal, latest?: SerialTable) => Promise<CrlContents>

/** The threads of one list that may hang. More than one: a server that starts again does not wait for their end. */
export const MAX_HANGING_THREADS = 4

/** By list, not by loader: each try to put a new CA to use makes a new loader of its list. */
const threadLimits = new Map<string, CallLimit>()

/**
 * Makes the loader of one CA's list.
 *
 * An attacker in place of the server chooses the bytes, and the list of a large CA has tens of megabytes. So a thread
 * fetches, verifies and parses them, and none of this holds up requests.
 *
 * Plain http is enough: the list is signed, and an older one is refused by its date.
 *
 * @param entry - the code of the thread
 */
export function createCrlLoader(
  crl: CrlSource,
  ca: X509Certificate,
  { maxBytes, timeout, acceptsCaList = false }: CrlBounds,
  entry: URL = THREAD,
): CrlLoader {
  const key = ca.publicKey.export({ format: 'der', type: 'spki' })
  const limit = threadLimitOf(`${describeSource(crl)} ${ca.fingerprint256}`)
  const share = createShare()

  return async (signal, latest) => {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(new Error(`the load did not end within ${timeout / 1000} s`)), timeout)
    const end = AbortSignal.any([signal, late.signal])
    try {
      end.throwIfAborted()
      const source = await sourceOf(crl, maxBytes, end, share)
      end.throwIfAborted()
      const task = { source, key, acceptsCaList, maxBytes, timeout }
      const list = await untilAborted(
        limit(end, () => runInThread(entry, task, end, latest)),
        end,
      )
      requireIssuer(list, ca)
      return list
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const isTooLong = message.endsWith(`longer than ${maxBytes} bytes`)
      throw new Error(isTooLong ? `${message}; raise revocation.maxBytes for a list of that length` : message)
    } finally {
      clearTimeout(timer)
    }
  }
}

/** A thread that waits for a dead network drive cannot be ended. Each further load would add one. */
function threadLimitOf(list: string): CallLimit {
  const known = threadLimits.get(list)
  if (known) return known
  const limit = createCallLimit(MAX_HANGING_THREADS, 'the threads of earlier loads still run')
  threadLimits.set(list, limit)
  return limit
}

async function sourceOf(
  crl: CrlSource,
  maxBytes: number,
  signal: AbortSignal,
  share: Share,
): Promise<CrlTask['source']> {
  if (typeof crl === 'string') return { path: crl }
  if (crl instanceof URL) return crl.protocol === 'file:' ? { path: fileURLToPath(crl) } : { url: crl.href }
  const bytes: unknown = await untilAborted(callSource(crl, signal), signal)
  if (!(bytes instanceof Uint8Array))
    throw new Error('the function revocation.crl must return the bytes as a Uint8Array')
  if (bytes.length > maxBytes) throw new Error(`the list is longer than ${maxBytes} bytes`)
  return { bytes: await share(bytes) }
}

/**
 * Requires that the CA issued the list. Its key signed it, and one key can be that of two names.
 *
 * @throws SyntaxError if it is another name
 */
function requireIssuer({ issuer, serials }: CrlContents, ca: X509Certificate): void {
  const name = readName(readDerValue(issuer, 0))
  if (name.equals(readCertificateNames(ca.raw).subject)) return
  releaseTable(serials)
  throw new SyntaxError(`the issuer of the list is not this CA: ${name}`)
}

/** Gives a promise up when the signal aborts. */
function untilAborted<Answer>(promise: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason))
  })
  return Promise.race([promise, aborted])
}

/** Copying takes less than a millisecond for this number of bytes. */
const BYTES_AT_ONCE = 1024 * 1024

/** The next list, which is a little longer, fits too. */
const HEADROOM = 1.125

/** Copies bytes to memory that a thread can read, after the latest load has ended. */
type Share = (bytes: Uint8Array) => Promise<Uint8Array>

/** V8 does not count shared memory, so it would collect that of each load very late. Therefore one load after another uses it. */
function createShare(): Share {
  let memory = new SharedArrayBuffer(0)
  return async (bytes) => {
    if (bytes.length > memory.byteLength) memory = new SharedArrayBuffer(Math.ceil(bytes.length * HEADROOM))
    const shared = new Uint8Array(memory, 0, bytes.length)
    for (let at = 0; at < bytes.length; at += BYTES_AT_ONCE) {
      shared.set(bytes.subarray(at, at + BYTES_AT_ONCE), at)
      // Requests are served between two steps.
      await new Promise(setImmediate)
    }
    return shared
  }
}
