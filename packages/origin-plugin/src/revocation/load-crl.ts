import { readFile } from 'node:fs/promises'
import { fetchBytes } from '../lib/fetch-bytes.ts'

/** Seven million entries. A list of that size wants delta lists or OCSP, and not this. */
const MAX_CRL_BYTES = 256 * 1024 * 1024
/** A large list over a slow line. */
const CRL_TIMEOUT_MS = 60_000

/**
 * Gets the bytes of a CRL.
 *
 * Plain http is good enough: a list is signed, and one from before is refused by its date.
 *
 * @param signal - gives up on a server when it fires
 * @throws Error that says what went wrong
 */
export async function loadCrl(
  crl: string | URL | (() => Promise<Uint8Array>),
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (typeof crl === 'function') return crl()
  if (crl instanceof URL && crl.protocol !== 'file:') {
    return fetchBytes(crl, { timeout: CRL_TIMEOUT_MS, maxBytes: MAX_CRL_BYTES, signal })
  }
  return readFile(crl)
}
