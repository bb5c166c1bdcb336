import * as crypto from 'node:crypto'
import type { Digest, DigestSet } from './digest-set.ts'

/**
 * A statement that was verified once and holds forever, because its text names everything that it depends on: a token and
 * the key that signed it, a certificate and the CA that issued it, the lines of a request that agree with each other.
 *
 * No fact depends on the time, on keys in use, on a revocation list or on an option. So none has to be forgotten, and
 * none admits a request: the checks of all these come after it, as for a client that was never seen.
 */
export type Fact = Digest

/**
 * The kinds of facts.
 *
 * - `token`: a key signed a token
 * - `lines`: a certificate can be read, and the lines of its headers agree with it
 * - `issued`: a CA issued a certificate: names, key identifier and signature
 * - `signed`: the key of a certificate signed another one
 */
export type FactKind = 'token' | 'lines' | 'issued' | 'signed'

/**
 * Attack: a client chooses texts whose digests share a slot of the table, so that each look-up visits all of them. With
 * a secret in front of each text, an attacker cannot compute a digest.
 */
const SALT = crypto.randomBytes(16).toString('base64url')

/**
 * Makes a fact of its texts, as their SHA-256. Texts that contain a line feed must come last, so that no two facts have
 * the same text.
 *
 * @example
 * ```ts
 * const fact = factOf('issued', 'AB:CD', 'EF:01') // the CA with one fingerprint issued the certificate with the other
 * ```
 */
export function factOf(kind: FactKind, subject: string, text: string): Fact {
  return crypto.hash('sha256', `${SALT}${kind}\n${subject}\n${text}`, 'binary')
}

/** A client has three facts: its token, its lines and its issuer. */
export const FACTS_PER_CLIENT = 3

/** The facts that a check may rely on, and those that it has verified. */
export interface Facts {
  has(fact: Fact): boolean
  /** Takes note of a fact that was verified now. */
  note(fact: Fact): void
}

/** Without a memory: every check verifies. */
export const NO_FACTS: Facts = { has: () => false, note: () => {} }

/** The facts of one request. */
export class RequestFacts implements Facts {
  readonly #known: DigestSet
  #noted: Fact[] | undefined

  constructor(known: DigestSet) {
    this.#known = known
  }

  has(fact: Fact): boolean {
    return this.#known.has(fact)
  }

  note(fact: Fact): void {
    this.#noted ??= []
    this.#noted.push(fact)
  }

  /**
   * Remembers the facts that were noted. Call it only for a request whose client was proven in full: otherwise an
   * attacker could fill the memory.
   */
  learn(): void {
    for (const fact of this.#noted ?? []) this.#known.add(fact)
  }
}
