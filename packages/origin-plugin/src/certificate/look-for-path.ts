import type { X509Certificate } from 'node:crypto'
import { describeNoPath, type NoPath } from '../certification-path/describe-no-path.ts'
import { type Anchor, findPath, type Presented } from '../certification-path/find-path.ts'
import { createIssuedBy, MAX_VERIFICATIONS, TooManySignaturesError } from '../certification-path/issued-by.ts'
import { type PathCertificate, readPathCertificate } from '../certification-path/path-certificate.ts'
import type { Facts } from '../facts/facts.ts'
import type { ForwardedCert } from './forwarded-cert.ts'
import { readForwardedChain } from './forwarded-chain.ts'
import type { ParsedCert } from './shareable-cert.ts'

/** The client's own certificate cannot be read as a part of a path. */
export interface UnreadableClient {
  readonly kind: 'unreadable'
  readonly reason: string
}

/** A certification path that was verified. */
export interface VerifiedPath {
  /** The CAs, with the client's issuer first and the root last. */
  readonly cas: readonly PathCertificate[]
  /** The time in which all of these CAs are valid, in milliseconds since the epoch. */
  readonly validFrom: number
  readonly validTo: number
}

/**
 * Looks for a certification path from one of the roots to the client's certificate, through the certificates that the
 * client sent.
 *
 * @param time - milliseconds since the epoch
 * @param facts - the signatures that are known to verify
 * @returns the path, or the reason why there is none
 * @throws CountersignError `CSN_HEADERS_MALFORMED`
 */
export function lookForPath(
  { headers }: Pick<ParsedCert, 'headers'>,
  { x509 }: Pick<ForwardedCert, 'x509'>,
  anchors: readonly Anchor[],
  time: number,
  facts?: Facts,
): VerifiedPath | NoPath | UnreadableClient {
  const { certificates, gap } = readForwardedChain(headers)
  const client = readClient(x509)
  if (!('subject' in client)) return client
  const isIssuedBy = createIssuedBy(MAX_VERIFICATIONS, facts)
  try {
    for (const anchor of anchors) {
      const cas = findPath(presentedTo(anchor, client, certificates), anchor, isIssuedBy, time)
      if (cas) return verified(cas)
    }
    const faults = anchors.map((anchor) =>
      describeNoPath(presentedTo(anchor, client, certificates), anchor, isIssuedBy, time),
    )
    const [closest] = faults.toSorted((one, other) => KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind))
    const { kind, reason } = closest as NoPath
    return { kind, reason: kind === 'missing' && gap !== undefined ? gap : reason }
  } catch (error) {
    if (!(error instanceof TooManySignaturesError)) throw error
    return { kind: 'missing', reason: TOO_MANY }
  }
}

const KINDS: readonly NoPath['kind'][] = ['signed', 'unsigned', 'missing']

const TOO_MANY = `Client-Cert-Chain needs more than ${MAX_VERIFICATIONS} verified signatures; let the client send only its intermediates`

/** A client may send the root too. Its own certificate counts, because it was not sent by a client. */
function presentedTo({ root }: Anchor, client: PathCertificate, certificates: readonly PathCertificate[]): Presented {
  return { client, others: certificates.filter(({ x509 }) => x509.fingerprint256 !== root.x509.fingerprint256) }
}

function readClient(x509: X509Certificate): PathCertificate | UnreadableClient {
  try {
    return readPathCertificate(x509)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { kind: 'unreadable', reason: `the certificate cannot be read: ${error.message}` }
  }
}

function verified(cas: readonly PathCertificate[]): VerifiedPath {
  return {
    cas,
    validFrom: Math.max(...cas.map((ca) => ca.validFrom)),
    validTo: Math.min(...cas.map((ca) => ca.validTo)),
  }
}
