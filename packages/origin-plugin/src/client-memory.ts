import { CERTIFICATE_HEADERS } from '@countersign/wire'
import type { KnownToken } from './access-token/token-cache.ts'
import { type EdgeFields, slotOf } from './edge-fields.ts'
import type { SignedFields } from './edge-signature/verify-edge-signature.ts'

/** The last request with a set of certificate headers: the next one is nearly always the same client's, with the same token. */
export interface LastRequest {
  readonly token: string | undefined
  /** What its signature had in common with the next one. */
  readonly signedFields: SignedFields | undefined
  /** The token, verified, and known to agree with the certificate. */
  readonly verified: KnownToken | undefined
}

/** What is remembered of a set of certificate headers. */
export interface KnownCertificate<Value> {
  /** What was made of these headers. */
  readonly value: Value
  last: LastRequest | undefined
}

/** Remembers what was made of a set of certificate headers. */
export interface CertificateCache<Value> {
  /** What is known of these very headers; `undefined` when they were not seen before. */
  recall(fields: EdgeFields): KnownCertificate<Value> | undefined
  /**
   * Makes what is to be known of these headers. Only after their signature was verified: else anybody could fill the memory.
   *
   * @throws what the maker throws; a failure is not remembered
   */
  learn(fields: EdgeFields): KnownCertificate<Value>
}

/** An entry holds a parsed certificate and its headers: some 10 kB. */
export const MAX_CERTIFICATES = 2_000

interface Entry<Value> extends KnownCertificate<Value> {
  readonly fields: EdgeFields
}

const SLOTS = CERTIFICATE_HEADERS.map(({ name }) => slotOf(name) as number)

/**
 * Makes a cache whose key is every certificate header: two requests share an entry only when they carry the same headers
 * with the same values. It is looked up by the fingerprint, and then compared in full.
 *
 * What depends on the time, the token or the route does not belong into the value.
 *
 * @param make - makes the value of headers that were not seen before
 * @param maxEntries - the oldest entry goes when there are more
 */
export function createCertificateCache<Value>(
  make: (fields: EdgeFields) => Value,
  maxEntries: number,
): CertificateCache<Value> {
  const entries = new Map<string, Entry<Value>>()
  const keyOf = (fields: EdgeFields) => fields.get('x-cert-finger-256') ?? ''
  return {
    recall(fields) {
      const entry = entries.get(keyOf(fields))
      return entry && isSame(entry.fields, fields) ? entry : undefined
    },
    learn(fields) {
      const entry: Entry<Value> = { fields, value: make(fields), last: undefined }
      const key = keyOf(fields)
      // Behind the others, also when the fingerprint was there with other headers.
      entries.delete(key)
      entries.set(key, entry)
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value as string)
      return entry
    },
  }
}

function isSame({ values: known }: EdgeFields, { values }: EdgeFields): boolean {
  for (const slot of SLOTS) if (values[slot] !== known[slot]) return false
  return true
}
