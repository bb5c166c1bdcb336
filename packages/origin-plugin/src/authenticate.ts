import { ACCESS_TOKEN_HEADER, type SignatureParameters } from '@countersign/wire'
import type { AccessIdentity } from './access-token/access-identity.ts'
import { verifyKnownToken } from './access-token/verify-known-token.ts'
import { isWithoutCertificate, requireNoPreflight } from './certificate/certificate-absence.ts'
import { isTrustedNow, readTrustedCert, requireValidNow } from './certificate/read-trusted-cert.ts'
import type { ClientCert } from './client-cert.ts'
import type { KnownClient } from './client-memory.ts'
import { requireOwnHost } from './edge-signature/own-host.ts'
import { type SignedMessage, verifyEdgeSignature } from './edge-signature/verify-edge-signature.ts'
import { type Facts, RequestFacts } from './facts/facts.ts'
import { andThen } from './lib/and-then.ts'
import type { Settings } from './options.ts'
import { type EdgeFields, readHeaders, requirePrintable, requirePrintableField } from './read-headers.ts'
import { receivedLines } from './received-lines.ts'
import { type ReceivedRequest, requestTarget } from './request-target.ts'
import { requireAgreement, requireNoCertificate } from './token-agreement.ts'

/** The identity of a client, as far as it is proven. */
export interface Proven {
  /** `null` also if the certificate is optional, and the client presented none. */
  clientCert: ClientCert | null
  access: AccessIdentity | null
  /** The edge's signature, whose nonce the caller has to spend before it admits the request; `null` with `edge: null`. */
  signature: SignatureParameters | null
}

/** The identity of a client before the first proof. */
export const nothingProven = (): Proven => ({ clientCert: null, access: null, signature: null })

/**
 * Proves the identity of a client, or refuses the request: headers ▶ edge signature ▶ own host ▶ Access token ▶
 * Cloudflare's verdict ▶ certificate ▶ trusted issuer ▶ validity and revocation ▶ agreement of token and certificate.
 *
 * No header is believed before the signature over it is verified. No certificate is parsed before Cloudflare's verdict
 * on it is verified.
 *
 * @param now - seconds since the epoch
 * @param isOptional - whether a client without a certificate is proven too. Then its absence takes the place of the
 *   certificate's proofs
 * @param proven - gets each part of the identity as soon as it is proven, so that a refusal can name the client
 * @returns `proven`, complete; without a promise, unless the key of a token has to be found
 * @throws CountersignError of the first check that fails
 */
export function authenticate(
  request: ReceivedRequest,
  { source, edge, access, trustedIssuers, memory, facts: knownFacts }: Settings,
  now: number = Date.now() / 1000,
  isOptional = false,
  proven: Proven = nothingProven(),
): Proven | Promise<Proven> {
  const signatureInput = edge ? joined(request.raw.headers['signature-input']) : undefined
  const fields = readHeaders(receivedLines(request.raw), source, signatureInput)
  // Results for an earlier request with the same certificate headers. They save work below, and skip no check.
  const known = memory.recall(fields)
  // What was verified for earlier requests of clients that are not in the memory any more.
  const facts = new RequestFacts(knownFacts)
  requirePrintableRest(fields, known, facts)

  const message = edge && signedMessage(request, fields, signatureInput)
  const keys = edge?.keys.current
  const signature = message && keys && verifyEdgeSignature(message, keys, edge, now, known?.stableLines)
  if (message) requireOwnHost(message.target.authority, edge.hosts)
  if (signature) proven.signature = signature.parameters

  // Not `await`: nearly every request has all it needs, and would still wait for a turn of the microtask queue.
  return andThen(access ? verifyKnownToken(fields.token, access, now, known?.token, facts) : undefined, (token) => {
    // Attack: a thief of a key sends a request just before its removal, whose token waits for a key of Access.
    if (message && edge.keys.current !== keys)
      verifyEdgeSignature(message, edge.keys.current, edge, now, known?.stableLines)
    fields.forgetToken()
    if (token) proven.access = token.identity
    if (isOptional && isWithoutCertificate(fields, edge !== null)) {
      requireNoPreflight(request.raw.method)
      if (token) requireNoCertificate(token.identity)
      // No client is remembered: the memory's key is the certificate, so clients without one would share an entry.
      facts.learn()
      return proven
    }
    // Read once: a reload of a CA replaces it, also while the token waits for its key.
    const issuers = trustedIssuers.current
    // An issuer can be removed since, and a CA in the path can have expired.
    const same = known && isTrustedNow(known.certificate, issuers, now) ? known : undefined
    const certificate = same?.certificate ?? readTrustedCert(fields, issuers, now, facts)
    // An expired or revoked certificate is still that of this client.
    proven.clientCert = certificate.clientCert
    const stableLines = signature?.stableLines
    try {
      requireValidNow(certificate, now)
      if (token) requireAgreement(token, certificate.clientCert, access?.matches, same?.token)
    } catch (refusal) {
      // A client that these checks refuse again and again is parsed once.
      if (!same) memory.remember({ fields, certificate, token: undefined, stableLines: undefined })
      throw refusal
    }
    if (same?.token !== token || same?.stableLines !== stableLines) {
      memory.remember({ fields, certificate, token, stableLines })
    }
    facts.learn()
    return proven
  })
}

/** Requires printable values, of those that did not pass this check in an earlier request. */
function requirePrintableRest(fields: EdgeFields, known: KnownClient | undefined, facts: Facts): void {
  if (known) {
    const checked = known.token?.token ?? known.stableLines?.token
    if (fields.token !== checked) requirePrintableField(fields, ACCESS_TOKEN_HEADER)
  } else if (facts.has(fields.linesFact)) {
    requirePrintableField(fields, ACCESS_TOKEN_HEADER)
    requirePrintableField(fields, 'client-cert-chain')
  } else {
    requirePrintable(fields)
  }
}

function signedMessage(
  request: ReceivedRequest,
  fields: EdgeFields,
  signatureInput: string | undefined,
): SignedMessage {
  const signature = joined(request.raw.headers.signature)
  return { fields, target: requestTarget(request), signatureInput, signature }
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value
}
