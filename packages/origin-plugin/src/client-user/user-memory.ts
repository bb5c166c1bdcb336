import { isDeepStrictEqual } from 'node:util'
import type { AccessIdentity } from '../access-token/access-identity.ts'
import type { ClientCert } from '../client-cert.ts'

/** A client as `identify` gets it. */
export interface ProvenClient {
  readonly clientCert: ClientCert
  readonly access: AccessIdentity | null
}

/** Remembers an answer for each client. */
export interface UserMemory<Answer> {
  /** The answer for exactly this certificate with this identity, while it is good. */
  get(client: ProvenClient, now: number): Answer | undefined
  /** Stores an answer, in place of an earlier one. */
  set(client: ProvenClient, answer: Answer, until: number): void
  /** Drops this answer, and no other one. Returns whether it was still stored. */
  delete(client: ProvenClient, answer: Answer): boolean
}

interface Entry<Answer> extends ProvenClient {
  readonly answer: Answer
  /** Milliseconds of the caller's clock. */
  readonly until: number
}

/**
 * Makes a memory whose key is the certificate with the identity of Access. It looks an entry up by the fingerprint and
 * the claims, and then compares the certificate headers and the claims.
 *
 * The times of a token (`exp`, `iat`, `nbf`) are not part of the identity, because Access issues new tokens for one login.
 *
 * @param maxEntries - beyond it the oldest entry is dropped
 */
export function createUserMemory<Answer>(maxEntries: number): UserMemory<Answer> {
  const entries = new Map<string, Entry<Answer>>()

  return {
    get(client, now) {
      const entry = entries.get(keyOf(client))
      return entry && now < entry.until && isSame(entry, client) ? entry.answer : undefined
    },
    set({ clientCert, access }, answer, until) {
      const key = keyOf({ clientCert, access })
      entries.delete(key)
      entries.set(key, { clientCert, access, answer, until })
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value as string)
    },
    delete(client, answer) {
      const key = keyOf(client)
      return entries.get(key)?.answer === answer && entries.delete(key)
    },
  }
}

/** The text of each identity. It is frozen, and requests with one token share it. */
const texts = new WeakMap<AccessIdentity, string>()

function keyOf({ clientCert, access }: ProvenClient): string {
  return access === null ? clientCert.fingerprint256 : `${clientCert.fingerprint256} ${textOf(access)}`
}

function textOf(access: AccessIdentity): string {
  const known = texts.get(access)
  if (known !== undefined) return known
  const text = JSON.stringify(lasting(access))
  texts.set(access, text)
  return text
}

function lasting({ kind, claims: { exp, iat, nbf, ...claims } }: AccessIdentity): object {
  return { kind, claims }
}

/** The key alone does not decide: JSON writes some numbers alike that differ. */
function isSame(known: ProvenClient, { clientCert, access }: ProvenClient): boolean {
  if (known.clientCert !== clientCert && !isDeepStrictEqual(known.clientCert.raw, clientCert.raw)) return false
  if (known.access === access) return true
  return known.access !== null && access !== null && isDeepStrictEqual(lasting(known.access), lasting(access))
}
