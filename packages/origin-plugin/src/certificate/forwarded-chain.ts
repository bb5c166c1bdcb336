import { type PathCertificate, parsePathCertificate } from '../certification-path/path-certificate.ts'
import { refusalAt } from '../errors.ts'
import { readByteSequence } from './forwarded-cert.ts'
import type { CertHeaders } from './shareable-cert.ts'

const refuse = refusalAt('certificate')

/** The limit of certificates in `Client-Cert-Chain`. Chains in use have one to three. */
export const MAX_FORWARDED = 10

/** The certificates that the client sent next to its own. Cloudflare neither orders nor verifies them. */
export interface ForwardedChain {
  /** Each certificate once, in the order of the header. */
  readonly certificates: readonly PathCertificate[]
  /** The reason why certificates are missing here, for a refusal; `undefined` if all of them could be read. */
  readonly gap: string | undefined
}

/**
 * Reads the certificates in `Client-Cert-Chain` (RFC 9440).
 *
 * A certificate that cannot be read has no place in a path, as a stranger has none. The client chose to send it, and
 * another one may suffice.
 *
 * @throws CountersignError `CSN_HEADERS_MALFORMED` if the header is not a list of byte sequences
 */
export function readForwardedChain(headers: CertHeaders): ForwardedChain {
  const text = headers.get('client-cert-chain')
  if (text === undefined) return { certificates: [], gap: absentReason(headers) }
  const members = text.split(',').map((member) => member.trim())
  const encoded = members.map((member) => readByteSequence(member) ?? malformed())
  if (encoded.length > MAX_FORWARDED) {
    const gap = `Client-Cert-Chain has ${encoded.length} certificates, and at most ${MAX_FORWARDED} are read; let the client send only its intermediates`
    return { certificates: [], gap }
  }
  const certificates: PathCertificate[] = []
  let gap: string | undefined
  for (const [at, base64] of [...new Set(encoded)].entries()) {
    try {
      certificates.push(parsePathCertificate(Buffer.from(base64, 'base64')))
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      gap ??= `the certificate ${at + 1} in Client-Cert-Chain cannot be read: ${error.message}`
    }
  }
  return { certificates, gap }
}

function malformed(): never {
  throw refuse('CSN_HEADERS_MALFORMED', 'client-cert-chain is not a list of base64 between colons (RFC 9440)')
}

function absentReason(headers: CertHeaders): string {
  if (headers.get('x-cert-chain-too-large') === '1') {
    return 'the intermediates are larger than 16 KiB together, so Cloudflare does not forward them (X-CERT-CHAIN-TOO-LARGE); let the client send only those that lead to the root'
  }
  // Only the Worker sends its own headers. Transform rules write Client-Cert alone (source: 'rfc9440').
  const sender =
    headers.get('x-cert-verify') === undefined
      ? 'write it in the transform rule'
      : 'set COUNTERSIGN_FORWARD_CERT=chain at the Worker'
  return `Client-Cert-Chain is missing; ${sender}, and let the client send its intermediates`
}
