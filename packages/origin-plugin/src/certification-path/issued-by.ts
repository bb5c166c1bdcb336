import { type Facts, factOf, NO_FACTS } from '../facts/facts.ts'
import type { PathCertificate } from './path-certificate.ts'

/**
 * Whether one certificate was issued by the CA of another: its issuer's name is the CA's, and the CA's key signed it.
 * Key identifiers do not count, because an issuer chooses them.
 */
export type IssuedBy = (certificate: PathCertificate, ca: PathCertificate) => boolean

/**
 * The limit of verified signatures for one request. A path of ten certificates needs ten. Only CAs that certify each other
 * in every direction, or many certificates of one name, need more.
 */
export const MAX_VERIFICATIONS = 50

/** The limit was reached before a path was found. */
export class TooManySignaturesError extends Error {
  override readonly name = 'TooManySignaturesError'
}

/**
 * Makes the check for one request. It verifies each pair of certificates once.
 *
 * Attack: a client sends many certificates that claim the same issuer, to keep the process busy.
 *
 * @param facts - the signatures that are known to verify. They count for the limit too, so that no answer depends on the
 *   memory
 * @throws TooManySignaturesError (from the check) after {@link MAX_VERIFICATIONS} signatures
 */
export function createIssuedBy(limit: number = MAX_VERIFICATIONS, facts: Facts = NO_FACTS): IssuedBy {
  const known = new Map<PathCertificate, Map<PathCertificate, boolean>>()
  let left = limit
  return (certificate, ca) => {
    if (!certificate.issuer.equals(ca.subject)) return false
    const byCa = known.get(certificate) ?? new Map<PathCertificate, boolean>()
    known.set(certificate, byCa)
    const before = byCa.get(ca)
    if (before !== undefined) return before
    if (left === 0) throw new TooManySignaturesError()
    left -= 1
    const isSigned = hasSigned(ca, certificate, facts)
    byCa.set(ca, isSigned)
    return isSigned
  }
}

function hasSigned(ca: PathCertificate, certificate: PathCertificate, facts: Facts): boolean {
  const fact = factOf('signed', ca.x509.fingerprint256, certificate.x509.fingerprint256)
  if (facts.has(fact)) return true
  const isSigned = verifies(certificate, ca)
  if (isSigned) facts.note(fact)
  return isSigned
}

function verifies({ x509 }: PathCertificate, { key }: PathCertificate): boolean {
  try {
    return x509.verify(key)
  } catch {
    // OpenSSL throws for some signatures of a wrong form.
    return false
  }
}
