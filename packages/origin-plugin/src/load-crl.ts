import { readFile } from 'node:fs/promises'
import { fetchBytes } from './fetch-bytes.ts'

/** Seven million entries. A list of that size wants delta lists or OCSP, and not this. */
const MAX_CRL_BYTES = 256 * 1024 * 1024
/** A large list over a slow line. */
const CRL_TIMEOUT_MS = 60_000

/**
 * Gets the bytes of a CRL.
 *
 * Plain http is good enough: a list is signed, and one from before is refused by its date.
 *
 * @throws Error that says what went wrong
 */
export async function loadCrl(crl: string | URL | (() => Promise<Uint8Array>)): Promise<Uint8Array> {
  if (typeof crl === 'function') return crl()
  if (crl instanceof URL && crl.protocol !== 'file:') {
    return fetchBytes(crl, { timeout: CRL_TIMEOUT_MS, maxBytes: MAX_CRL_BYTES })
  }
  return readFile(crl)
}
