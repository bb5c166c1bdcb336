import { CERTIFICATE_HEADERS } from '@countersign/wire'
import type { KnownToken } from './access-token/token-cache.ts'
import type { TrustedCert } from './certificate/read-trusted-cert.ts'
import type { StableLines } from './edge-signature/verify-edge-signature.ts'
import { slotOf } from './header-index.ts'
import type { EdgeFields, LaterHeader } from './read-headers.ts'

/**
 * The results of the last request with a set of certificate headers. Nothing in them depends on the time or the route.
 */
export interface KnownClient {
  /** The fields of that request. All of them passed `requirePrintable`. */
  readonly fields: EdgeFields
  /** The certificate of these headers, with its trusted issuers. */
  readonly certificate: TrustedCert
  /** The verified token, which agrees with the certificate; `undefined` without one. */
  readonly token: KnownToken | undefined
  /** The lines that the next signature probably covers too; `undefined` with `edge: null`. */
  readonly stableLines: StableLines | undefined
}

/** Remembers clients by their certificate headers. */
export interface ClientMemory {
  /** The client with exactly these certificate headers. */
  recall(fields: EdgeFields): KnownClient | undefined
  /** Stores a client. Call it only after the signature was verified: otherwise an attacker could fill the memory. */
  remember(client: KnownClient): void
  /** Forgets every client. Their certificates keep the trusted issuers of their time, with the revocation lists. */
  clear(): void
}

/** An entry holds a parsed certificate and its headers, some 10 kB. */
export const MAX_CLIENTS = 2_000

const SLOTS = CERTIFICATE_HEADERS.map(({ name }) => slotOf(name))

/**
 * Makes a memory whose key is every certificate header. Two requests share an entry only if they have the same headers
 * with the same values. It looks the entry up by the fingerprint, or by `Client-Cert` if the source sends no
 * fingerprint, and then compares all headers.
 *
 * @param maxEntries - beyond it the oldest entry is dropped
 */
export function createClientMemory(maxEntries: number): ClientMemory {
  const entries = new Map<string, KnownClient>()
  const keyOf = (fields: EdgeFields) => fields.get('x-cert-finger-256') ?? fields.get('client-cert') ?? ''

  function recall(fields: EdgeFields): KnownClient | undefined {
    const client = entries.get(keyOf(fields))
    return client && isSame(client.fields, fields) ? client : undefined
  }

  return {
    recall,
    clear: () => entries.clear(),
    remember(client) {
      const key = keyOf(client.fields)
      // Another certificate with this fingerprint header counts as new, so its entry becomes the youngest.
      if (!recall(client.fields)) entries.delete(key)
      entries.set(key, client)
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value as string)
    },
  }
}

function isSame(known: EdgeFields, { values, later }: EdgeFields): boolean {
  for (const slot of SLOTS) if (values[slot] !== known.values[slot]) return false
  return later === known.later || isSameList(later, known.later)
}

/** In the same order too: the lines that are stored for the signature have it. */
function isSameList(some: readonly LaterHeader[], others: readonly LaterHeader[]): boolean {
  const isSameAt = ([name, value]: LaterHeader, at: number) => name === others[at]?.[0] && value === others[at][1]
  return some.length === others.length && some.every(isSameAt)
}
