import { type ClientCert, describeCert } from '../client-cert.ts'
import { refusalAt } from '../errors.ts'
import type { Facts } from '../facts/facts.ts'
import type { EdgeFields } from '../read-headers.ts'
import type { ListedCert, Revocation } from '../revocation/revocation.ts'
import { isNegativeSerialNumber } from '../x509/hex-identifier.ts'
import { parseClientCert } from './parse-client-cert.ts'
import { requireTrustedIssuer, type Trust } from './require-trusted-issuer.ts'
import { requireVerdict } from './require-verdict.ts'
import { type ParsedCert, shareableCert } from './shareable-cert.ts'
import { type CompiledIssuer, listsOf } from './trusted-issuers.ts'

const refuse = refusalAt('trust')

/** A certificate that is trusted, with the revocation lists to ask. It follows from the headers alone, for a time. */
export interface TrustedCert {
  /** Shared by all requests with this certificate. */
  readonly clientCert: ClientCert
  /** The trusted issuers that decided. */
  readonly trustedIssuers: readonly CompiledIssuer[] | null
  /** The revocation lists to ask, each with the certificate in question: the client's, or a CA's in its path. */
  readonly questions: readonly RevocationQuestion[]
  /** Milliseconds since the epoch. */
  readonly validFrom: number
  readonly validTo: number
  /** The time in which the certification path is valid. Without a path, the trust does not depend on the time. */
  readonly trustedFrom: number
  readonly trustedTo: number
}

interface RevocationQuestion {
  readonly cert: ListedCert
  readonly revocation: Revocation
}

/**
 * Requires Cloudflare's verdict, parses the certificate, and finds its issuer among the trusted ones, or a certification
 * path to one.
 *
 * @param trustedIssuers - `null` trusts every CA that Cloudflare verifies against
 * @param now - seconds since the epoch
 * @param facts - the parts that were verified for these headers before
 * @throws CountersignError for a verdict that does not admit, `CSN_HEADERS_MALFORMED`, `CSN_CERT_UNREADABLE`,
 *   `CSN_CERT_MISMATCH` or `CSN_CERT_UNTRUSTED_ISSUER`
 */
export function readTrustedCert(
  fields: EdgeFields,
  trustedIssuers: readonly CompiledIssuer[] | null,
  now: number,
  facts?: Facts,
): TrustedCert {
  requireVerdict(fields)
  return requireTrust(parseClientCert(fields, facts), trustedIssuers, now, facts)
}

/**
 * Finds the issuer of a certificate among the trusted ones, or a certification path to one.
 *
 * @param trustedIssuers - `null` trusts every CA that Cloudflare verifies against
 * @param now - seconds since the epoch
 * @param facts - the parts that were verified for these headers before
 * @throws CountersignError as {@link requireTrustedIssuer}
 */
export function requireTrust(
  parsed: ParsedCert,
  trustedIssuers: readonly CompiledIssuer[] | null,
  now: number,
  facts?: Facts,
): TrustedCert {
  const trust = trustedIssuers ? requireTrustedIssuer(parsed, trustedIssuers, now, facts) : undefined
  const path = trust?.path
  const clientCert = shareableCert(parsed, path?.cas)
  return {
    clientCert,
    trustedIssuers,
    questions: trust && trustedIssuers ? questionsOf(clientCert, trust, trustedIssuers) : [],
    validFrom: parsed.notBefore,
    validTo: parsed.notAfter,
    trustedFrom: path?.validFrom ?? Number.NEGATIVE_INFINITY,
    trustedTo: path?.validTo ?? Number.POSITIVE_INFINITY,
  }
}

/**
 * Whether a certificate that was trusted before is still trusted. The trusted issuers can have changed since, a CA in
 * its path can have expired, or another path be valid now.
 *
 * @param current - the trusted issuers in use
 * @param now - seconds since the epoch
 */
export function isTrustedNow(
  { trustedIssuers, trustedFrom, trustedTo }: TrustedCert,
  current: readonly CompiledIssuer[] | null,
  now: number,
): boolean {
  return trustedIssuers === current && trustedFrom <= now * 1000 && now * 1000 <= trustedTo
}

/** Whether the option has a revocation list. */
function hasLists(issuers: readonly CompiledIssuer[]): boolean {
  return issuers.some(
    ({ revocation, chain }) => revocation !== undefined || (chain !== undefined && chain.lists.length > 0),
  )
}

const NO_QUESTIONS: readonly RevocationQuestion[] = []

/** Asks each list about each certificate that its CA issued. A CA is known by its name and key, in any of its entries. */
function questionsOf(
  cert: ClientCert,
  { issuers, path }: Trust,
  trustedIssuers: readonly CompiledIssuer[],
): readonly RevocationQuestion[] {
  if (!hasLists(trustedIssuers)) return NO_QUESTIONS
  const [issuer, ...above] = (path?.cas ?? []).map((ca) => listsOf(trustedIssuers, ca.subject, ca.key))
  const direct = issuers.flatMap(({ dn, ca }) => (dn && ca ? listsOf(trustedIssuers, dn, ca.publicKey) : []))
  const about = (question: ListedCert, lists: readonly Revocation[] = []) =>
    [...new Set(lists)].map((revocation) => ({ cert: question, revocation }))
  return [
    ...about(cert, [...direct, ...(issuer ?? [])]),
    ...(cert.chain ?? []).flatMap((ca, at) => about(ca, above[at])),
  ]
}

/**
 * Requires that the certificate is valid now and that no issuer has revoked it. Cloudflare checked the dates too, but
 * by its own clock and perhaps many requests ago on the same connection.
 *
 * @param now - seconds since the epoch
 * @throws CountersignError `CSN_CERT_EXPIRED`, `CSN_CERT_REVOKED`, `CSN_CERT_UNREADABLE`, or `CSN_REVOCATION_UNAVAILABLE`
 */
export function requireValidNow({ clientCert, questions, validFrom, validTo }: TrustedCert, now: number): void {
  if (now * 1000 < validFrom) {
    throw refuse(
      'CSN_CERT_EXPIRED',
      `the certificate is not valid before ${clientCert.validFrom} (${describeCert(clientCert)})`,
    )
  }
  if (now * 1000 > validTo) {
    throw refuse('CSN_CERT_EXPIRED', `the certificate expired on ${clientCert.validTo} (${describeCert(clientCert)})`)
  }
  for (const { cert, revocation } of questions) {
    requireListable(cert)
    revocation.requireNotRevoked(cert, now)
  }
}

/** A revocation list with negative numbers is refused, so none can name a certificate with such a number. */
function requireListable(cert: ListedCert): void {
  if (!isNegativeSerialNumber(cert.serialNumber)) return
  throw refuse(
    'CSN_CERT_UNREADABLE',
    `the serial number is negative, so no revocation list can name it (${describeCert(cert)})`,
  )
}
