import { normalizeHex } from '@countersign/wire'
import type { AccessIdentity } from './access-token/access-identity.ts'
import { normalizeSerialNumber } from './certificate/parse-client-cert.ts'
import type { ClientCert } from './client-cert.ts'
import { refusal } from './errors.ts'
import { DistinguishedName } from './x509/distinguished-name.ts'

/**
 * Requires that a token which names a certificate names this one: else somebody could bring his own certificate to a
 * session that Access opened for another.
 *
 * A user's or a service's token names none and agrees with every certificate; `access.matches` is for tying those.
 *
 * @throws CountersignError `CSN_CERT_MISMATCH`
 */
export function requireSameCertificate({ kind, claims }: AccessIdentity, cert: ClientCert): void {
  if (kind !== 'service' && isText(claims.common_name) && claims.common_name !== cert.subject.CN) {
    throw mismatch('common_name')
  }
  if (claims.mtls_auth === undefined) return
  if (typeof claims.mtls_auth !== 'object' || claims.mtls_auth === null) throw mismatch('mtls_auth')
  const named = claims.mtls_auth as Record<string, unknown>
  for (const [claim, isOf] of Object.entries(CERTIFICATE_CLAIMS)) {
    if (!agrees(named[claim], (text) => isOf(text, cert))) throw mismatch(`mtls_auth.${claim}`)
  }
}

const CERTIFICATE_CLAIMS: Record<string, (text: string, cert: ClientCert) => boolean> = {
  cert_serial: (text, cert) => normalizeSerialNumber(text) === cert.serialNumber,
  cert_issuer_ski: (text, cert) => normalizeHex(text) === cert.issuerKeyId,
  cert_issuer_dn: isIssuer,
}

/** Which of its forms Cloudflare writes into the token is not documented: each is compared with its like. */
function isIssuer(text: string, cert: ClientCert): boolean {
  if (text.startsWith('/')) return text === cert.raw['x-cert-issuer-dn-l']
  const name = DistinguishedName.parse(text)
  return name.equals(cert.issuer) || new DistinguishedName([...name.rdns].reverse()).equals(cert.issuer)
}

/** A claim that says nothing agrees with everything; one that cannot be read, with nothing. */
function agrees(claim: unknown, compare: (text: string) => boolean): boolean {
  if (claim === undefined || claim === null || claim === '') return true
  try {
    return typeof claim === 'string' && compare(claim)
  } catch {
    return false
  }
}

function isText(claim: unknown): claim is string {
  return typeof claim === 'string' && claim !== ''
}

function mismatch(claim: string) {
  return refusal('CSN_CERT_MISMATCH', `the Access token names another certificate: ${claim}`)
}
