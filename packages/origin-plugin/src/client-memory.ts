import { CERTIFICATE_HEADERS } from '@countersign/wire'
import type { KnownToken } from './access-token/verify-known-token.ts'
import type { TrustedCert } from './certificate/read-trusted-cert.ts'
import type { StableLines } from './edge-signature/verify-edge-signature.ts'
import { slotOf } from './header-index.ts'
import type { EdgeFields, LaterHeader } from './read-headers.ts'

/**
 * The results of the last request with a set of certificate headers. Nothing in them depends on the time or the route.
 */
export interface KnownClient {
  /** The fields of that request, without its token. All of them passed `requirePrintable`. */
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
  /**
   * Stores a client, if the memory has room for it or expects it again soon. Call it once for a request, and only after
   * the signature was verified: otherwise an attacker could fill the memory.
   */
  remember(client: KnownClient): void
  /** Forgets every client. Their certificates keep the trusted issuers of their time, with the revocation lists. */
  clear(): void
}

/** An entry holds a parsed certificate and its headers, 6 kB. */
export const MAX_CLIENTS = 4_000

/** The slots for marks, for each entry. With fewer, clients overwrite the marks of others too often. */
const MARKS_PER_ENTRY = 8

const SLOTS = CERTIFICATE_HEADERS.map(({ name }) => slotOf(name))

/**
 * Makes a memory whose key is every certificate header. Two requests share an entry only if they have the same headers
 * with the same values. It looks the entry up by the fingerprint, or by `Client-Cert` if the source sends no
 * fingerprint, and then compares all headers.
 *
 * A full memory takes a client only if it would still hold it, had it taken every client: if fewer clients than it has
 * entries have missed it since. More clients in rotation than entries would otherwise replace each other without a
 * hit, and each replaced entry costs the garbage collector as much as the checks that it could save.
 *
 * @param maxEntries - beyond it the oldest entry is dropped
 */
export function createClientMemory(maxEntries: number): ClientMemory {
  const entries = new Map<string, KnownClient>()
  const isRecent = createRecencyCheck(maxEntries)
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
      if (!recall(client.fields)) {
        if (entries.size >= maxEntries && !entries.has(key) && !isRecent(key)) return
        // Another certificate with this fingerprint header counts as new, so its entry becomes the youngest.
        entries.delete(key)
      }
      entries.set(key, client)
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value as string)
    },
  }
}

/**
 * Makes a check that marks a key, and tells whether it was marked before, fewer than `maxEntries` checks ago.
 *
 * The marks are a table with one slot for a key, overwritten by the next key of this slot. A key that finds the mark of
 * another one counts as recent, and a key whose mark was overwritten does not. Both do no harm.
 */
function createRecencyCheck(maxEntries: number): (key: string) => boolean {
  const slots = 2 ** Math.ceil(Math.log2(maxEntries * MARKS_PER_ENTRY))
  const marks = new Uint32Array(slots)
  const times = new Uint32Array(slots)
  let time = 0
  return (key) => {
    const mark = markOf(key)
    const slot = mark & (slots - 1)
    const isRecent = marks[slot] === mark && time - (times[slot] as number) < maxEntries
    marks[slot] = mark
    times[slot] = time
    time = (time + 1) >>> 0
    return isRecent
  }
}

/** FNV-1a of the last characters: of a fingerprint, or of the signature of a certificate. */
function markOf(key: string): number {
  let mark = 0x811c9dc5
  for (let at = Math.max(0, key.length - 24); at < key.length; at += 1) {
    mark = Math.imul(mark ^ key.charCodeAt(at), 0x01000193)
  }
  return mark >>> 0
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
