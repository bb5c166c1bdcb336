import type { IncomingMessage } from 'node:http'
import { type RequestTarget, splitRequestTarget } from '@countersign/wire'
import type { AccessIdentity } from './access-token/access-identity.ts'
import type { ResolvedAccess } from './access-token/access-options.ts'
import { type KnownToken, stillHolds } from './access-token/token-cache.ts'
import { verifyAccessToken } from './access-token/verify-access-token.ts'
import type { TrustedCert } from './certificate/read-trusted-cert.ts'
import type { ClientCert } from './client-cert.ts'
import type { EdgeFields } from './edge-fields.ts'
import type { EdgeVerifier } from './edge-signature/edge-options.ts'
import { spendInStore } from './edge-signature/replay-store.ts'
import { type EdgeSignature, type SignedFields, verifyEdgeSignature } from './edge-signature/verify-edge-signature.ts'
import { refusal } from './errors.ts'
import { andThen } from './lib/and-then.ts'
import { deepFreeze } from './lib/deep-freeze.ts'
import { ignoreRejection } from './lib/operator-function.ts'
import { requireSameCertificate } from './match-access.ts'
import { readHeaders, requirePrintable } from './read-headers.ts'
import type { Settings } from './resolve-options.ts'

/** What of a request is looked at: a `FastifyRequest` has it. */
export interface ReceivedRequest {
  readonly originalUrl: string
  readonly raw: Pick<IncomingMessage, 'method' | 'httpVersionMajor' | 'headers' | 'rawHeaders'>
}

/** Who came, proven. */
export interface Authenticated {
  readonly clientCert: ClientCert
  readonly access: AccessIdentity | null
}

/**
 * Finds out who came, or refuses: read headers ▶ edge signature ▶ nonce spent ▶ Access JWT ▶ Cloudflare's verdict ▶
 * ClientCert ▶ trusted issuer ▶ validity and revocation ▶ agreement of token and certificate.
 *
 * The order is that of the proofs. Nothing of a header is believed before the signature over it holds, and nothing of a
 * certificate is parsed before Cloudflare's verdict on it is known to be Cloudflare's.
 *
 * @param now - seconds since the epoch
 * @returns at once, unless the key of a token has to be found or nonces are spent in a store
 * @throws CountersignError of the first check that fails
 */
export function authenticate(
  request: ReceivedRequest,
  settings: Settings,
  now: number = Date.now() / 1000,
): Authenticated | Promise<Authenticated> {
  const { edge, access, certificates } = settings
  const fields = readHeaders(request.raw.rawHeaders)
  const known = certificates.recall(fields)
  requirePrintable(fields, known)

  // Of a request with the very same certificate headers and token.
  const last = known?.last?.token === fields.token ? known?.last : undefined
  const signature = edge && verifySignature(request, fields, edge, now, known?.last?.signedFields)
  const spent = edge && signature && spendNonce(signature.parameters.nonce, edge, now)

  return andThen(spent, () =>
    andThen(access ? verifyToken(fields.token, access, now, last?.verified) : undefined, (verified) => {
      const certificate = known ?? certificates.learn(fields)
      const { clientCert } = certificate.value
      requireTrust(certificate.value, now)
      if (!last || last.verified !== verified) {
        if (verified) requireSameCertificate(verified.identity, clientCert)
        certificate.last = { token: fields.token, signedFields: signature?.signedFields, verified }
      }
      if (!verified) return { clientCert, access: null }
      if (access?.matches) requireMatch(verified.identity, clientCert, access.matches)
      return { clientCert, access: verified.identity }
    }),
  )
}

function verifySignature(
  request: ReceivedRequest,
  fields: EdgeFields,
  edge: EdgeVerifier,
  now: number,
  before: SignedFields | undefined,
): EdgeSignature {
  const { headers } = request.raw
  const signed = {
    fields,
    target: requestTarget(request),
    signatureInput: joined(headers['signature-input']),
    signature: joined(headers.signature),
  }
  return verifyEdgeSignature(signed, edge.keys, edge, now, before)
}

/** Only after the signature was verified: else anybody could fill the memory, or spend another's nonce. */
function spendNonce(nonce: string, { replay, nonceLifetime }: EdgeVerifier, now: number): null | Promise<void> {
  if (replay === null) return null
  if (!('memory' in replay)) return spendInStore(nonce, nonceLifetime * 1000, replay)
  switch (replay.memory.spend(nonce, now)) {
    case 'fresh':
      return null
    case 'replayed':
      throw refusal('CSN_SIGNATURE_REPLAYED', 'the nonce was spent by an earlier request')
    case 'full':
      throw refusal('CSN_REPLAY_STORE_UNAVAILABLE', 'edge.maxRemembered signed requests are remembered already')
  }
}

/**
 * Verifies a token the first time it comes, and until it expires knows it again as long as the keys are the same.
 *
 * @param before - what is known of this very token, where that is at hand
 */
function verifyToken(
  token: string | undefined,
  access: ResolvedAccess,
  now: number,
  before: KnownToken | undefined,
): KnownToken | Promise<KnownToken> {
  const keySet = access.keySet()
  const known = before ?? (token === undefined ? undefined : access.tokens.get(token))
  if (known && stillHolds(known, keySet, now)) return known

  return andThen(verifyAccessToken(token, access, now), (identity) => {
    const expires = (identity.claims.exp as number) + access.clockTolerance
    const verified = { token: token as string, keySet, expires, identity: deepFreeze(identity) }
    // Keys that were exchanged meanwhile are not those that have verified it.
    if (keySet && keySet === access.keySet()) access.tokens.set(verified)
    return verified
  })
}

/**
 * The request line as it came: what a rewriteUrl option or a trusted proxy header makes of it was not signed.
 *
 * The edge writes a URL in printable ASCII. Another character would be cut to a byte where the signature base becomes
 * bytes, and stand for a path that was signed.
 */
function requestTarget(request: ReceivedRequest): RequestTarget {
  const { method = '' } = request.raw
  const authority = authorityOf(request.raw)
  if (!isVisibleAscii(authority) || !isVisibleAscii(request.originalUrl)) {
    throw refusal('CSN_SIGNATURE_INVALID', 'the request target is not printable ASCII')
  }
  const { path, query } = splitRequestTarget(request.originalUrl)
  return { authority, method, path, query }
}

function isVisibleAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code < 0x21 || code > 0x7e) return false
  }
  return true
}

/** The edge speaks https, so 443 is the port that goes without saying (RFC 9421, section 2.2.3). */
function authorityOf({ httpVersionMajor, headers }: ReceivedRequest['raw']): string {
  const host = (httpVersionMajor === 2 ? headers[':authority'] : undefined) ?? headers.host ?? ''
  const authority = String(host).toLowerCase()
  return authority.endsWith(':443') ? authority.slice(0, -':443'.length) : authority
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value
}

/** What depends on the time. Cloudflare has checked the dates, against its clock and perhaps some connections ago. */
function requireTrust({ clientCert, issuers, validFrom, validTo }: TrustedCert, now: number): void {
  if (now * 1000 < validFrom) {
    throw refusal('CSN_CERT_EXPIRED', `the certificate is valid from ${clientCert.validFrom} on`)
  }
  if (now * 1000 > validTo) throw refusal('CSN_CERT_EXPIRED', `the certificate expired on ${clientCert.validTo}`)
  for (const { revocation } of issuers) revocation?.requireNotRevoked(clientCert, now)
}

/** Asks the operator's own function, every time: what it decides by is his. */
function requireMatch(
  access: AccessIdentity,
  cert: ClientCert,
  matches: (access: AccessIdentity, clientCert: ClientCert) => boolean,
): void {
  let matched: unknown
  try {
    matched = matches(access, cert)
  } catch (error) {
    throw refusal('CSN_CERT_MISMATCH', `access.matches threw ${error instanceof Error ? error.name : 'a value'}`)
  }
  ignoreRejection(matched)
  if (matched !== true) throw refusal('CSN_CERT_MISMATCH', 'access.matches did not return true')
}
