import type { IncomingMessage } from 'node:http'
import { ACCESS_TOKEN_HEADER, type RequestTarget, type SignatureInput, splitRequestTarget } from '@countersign/wire'
import type { FastifyRequest } from 'fastify'
import type { AccessIdentity } from './access-identity.ts'
import type { ClientCert } from './client-cert.ts'
import { deepFreeze } from './deep-freeze.ts'
import { refusal } from './errors.ts'
import { requireSameCertificate } from './match-access.ts'
import { ignoreRejection } from './own-decision.ts'
import { type EdgeFields, readHeaders } from './read-headers.ts'
import { spendInStore } from './replay-store.ts'
import { requireVerdict } from './require-verdict.ts'
import type { ResolvedAccess } from './resolve-access.ts'
import type { EdgeVerifier } from './resolve-edge.ts'
import type { Settings } from './resolve-options.ts'
import { viewOf } from './trusted-cert.ts'
import { verifyAccessToken } from './verify-access-token.ts'
import { verifyEdgeSignature } from './verify-edge-signature.ts'

/** Who came, proven. */
export interface Authenticated {
  readonly clientCert: ClientCert
  readonly access: AccessIdentity | null
}

/**
 * Finds out who came, or refuses: read headers ▶ edge signature ▶ Access JWT ▶ ClientCert ▶ trust & validity.
 *
 * The order is that of the proofs. Nothing of a header is believed before the signature over it holds, and nothing of a
 * certificate is parsed before Cloudflare's verdict on it is known to be Cloudflare's.
 *
 * @throws CountersignError of the first check that fails
 */
export async function authenticate(request: FastifyRequest, settings: Settings): Promise<Authenticated> {
  const now = Date.now() / 1000
  const fields = readHeaders(request.raw.rawHeaders)

  if (settings.edge) {
    const { nonce } = verifySignature(request, fields, settings.edge, now)
    await spendNonce(nonce, settings.edge, now)
  }
  const access = settings.access && (await verifyToken(fields.get(ACCESS_TOKEN_HEADER), settings.access, now))

  requireVerdict(fields)
  const { clientCert, issuers } = settings.certificates.get(fields)
  requireValidity(clientCert, now)
  for (const { revocation } of issuers) revocation?.requireNotRevoked(clientCert, now)
  if (access) requireMatch(access, clientCert, settings.access?.matches)
  return { clientCert: viewOf(clientCert), access }
}

/** Verifies a token the first time it comes, and until it expires knows it again as long as the keys are the same. */
async function verifyToken(token: string | undefined, access: ResolvedAccess, now: number): Promise<AccessIdentity> {
  const keySet = access.keySet()
  const known = token !== undefined && keySet && access.tokens.get(token, keySet, now)
  if (known) return known
  const identity = deepFreeze(await verifyAccessToken(token, access, now))
  // Keys that were exchanged meanwhile are not those that have verified it.
  if (token !== undefined && keySet && keySet === access.keySet()) {
    access.tokens.set(token, keySet, (identity.claims.exp as number) + access.clockTolerance, identity)
  }
  return identity
}

function verifySignature(request: FastifyRequest, fields: EdgeFields, edge: EdgeVerifier, now: number): SignatureInput {
  const { headers } = request.raw
  const signed = {
    fields,
    target: requestTarget(request),
    signatureInput: joined(headers['signature-input']),
    signature: joined(headers.signature),
  }
  return verifyEdgeSignature(signed, edge.keys, edge, now)
}

/** Only after the signature was verified: else anybody could fill the memory, or spend another's nonce. */
async function spendNonce(nonce: string, { replay, nonceLifetime }: EdgeVerifier, now: number): Promise<void> {
  if (replay === null) return
  if (!('memory' in replay)) return spendInStore(nonce, nonceLifetime * 1000, replay)
  switch (replay.memory.spend(nonce, now)) {
    case 'replayed':
      throw refusal('CSN_SIGNATURE_REPLAYED', 'the nonce was spent by an earlier request')
    case 'full':
      throw refusal('CSN_REPLAY_STORE_UNAVAILABLE', 'edge.maxRemembered signed requests are remembered already')
  }
}

/**
 * The request line as it came: what a rewriteUrl option or a trusted proxy header makes of it was not signed.
 *
 * The edge writes a URL in printable ASCII. Another character would be cut to a byte where the signature base becomes
 * bytes, and stand for a path that was signed.
 */
function requestTarget(request: FastifyRequest): RequestTarget {
  const { method = '', headers } = request.raw
  const authority = authorityOf(headers)
  if (!/^[\x21-\x7e]*$/.test(authority + request.originalUrl)) {
    throw refusal('CSN_SIGNATURE_INVALID', 'the request target is not printable ASCII')
  }
  return { authority, method, ...splitRequestTarget(request.originalUrl) }
}

/** The edge speaks https, so 443 is the port that goes without saying (RFC 9421, section 2.2.3). */
function authorityOf(headers: IncomingMessage['headers']): string {
  const host = headers[':authority'] ?? headers.host ?? ''
  return String(host).toLowerCase().replace(/:443$/, '')
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value
}

/** Cloudflare has checked the dates, against its clock and perhaps some connections ago. */
function requireValidity(cert: ClientCert, now: number): void {
  if (now * 1000 < cert.validFromDate.getTime()) {
    throw refusal('CSN_CERT_EXPIRED', `the certificate is valid from ${cert.validFrom} on`)
  }
  if (now * 1000 > cert.validToDate.getTime())
    throw refusal('CSN_CERT_EXPIRED', `the certificate expired on ${cert.validTo}`)
}

function requireMatch(
  access: AccessIdentity,
  cert: ClientCert,
  matches: ((access: AccessIdentity, clientCert: ClientCert) => boolean) | undefined,
): void {
  requireSameCertificate(access, cert)
  if (!matches) return
  let matched: unknown
  try {
    matched = matches(access, cert)
  } catch (error) {
    throw refusal('CSN_CERT_MISMATCH', `access.matches threw ${error instanceof Error ? error.name : 'a value'}`)
  }
  ignoreRejection(matched)
  if (matched !== true) throw refusal('CSN_CERT_MISMATCH', 'access.matches did not return true')
}
