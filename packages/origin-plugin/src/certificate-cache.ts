import { CERTIFICATE_HEADERS } from '@countersign/wire'
import type { EdgeFields } from './read-headers.ts'

/** Remembers what was made of a set of certificate headers. */
export interface CertificateCache<Value> {
  /**
   * What was made of these very headers before, or else what is made of them now.
   *
   * @throws what the maker throws; a failure is not remembered
   */
  get(fields: EdgeFields): Value
}

/** An entry holds a parsed certificate and its headers: some 15 kB. */
export const MAX_CERTIFICATES = 1_000

interface Entry<Value> {
  readonly texts: readonly (string | undefined)[]
  readonly value: Value
}

const NAMES = CERTIFICATE_HEADERS.map(({ name }) => name)

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
  return {
    get(fields) {
      const fingerprint = fields.get('x-cert-finger-256') ?? ''
      const known = entries.get(fingerprint)
      if (known?.texts.every((text, at) => text === fields.get(NAMES[at] as string))) return known.value

      const value = make(fields)
      // Behind the others, also when the fingerprint was there with other headers.
      entries.delete(fingerprint)
      entries.set(fingerprint, { texts: NAMES.map((name) => fields.get(name)), value })
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value as string)
      return value
    },
  }
}
