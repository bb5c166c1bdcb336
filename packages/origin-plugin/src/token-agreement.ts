import { normalizeHex, parsePrintedName } from '@countersign/wire'
import { type AccessIdentity, isServiceTokenId, namesCertificate } from './access-token/access-identity.ts'
import type { ResolvedAccess } from './access-token/access-options.ts'
import type { KnownToken } from './access-token/verify-known-token.ts'
import { type ClientCert, describeCert } from './client-cert.ts'
import { refusalAt } from './errors.ts'
import { askOperator } from './lib/operator-function.ts'
import { readSerialNumber, serialNumbersAgree } from './x509/hex-identifier.ts'
import { namesAgree } from './x509/names-agree.ts'

const refuse = refusalAt('token and certificate')

/**
 * Requires that token and certificate belong together: the certificate that the token names is this one, and
 * `access.matches` returns `true`.
 *
 * @param matches - the operator's function. It is called for every request, since its result may depend on anything
 * @param agreed - a token that agreed with this certificate before. For the same token, only `matches` is called again
 * @throws CountersignError `CSN_CERT_MISMATCH`
 */
export function requireAgreement(
  token: KnownToken,
  cert: ClientCert,
  matches: ResolvedAccess['matches'],
  agreed: KnownToken | undefined,
): void {
  if (token !== agreed) requireSameCertificate(token.identity, cert)
  if (matches) requireMatch(token.identity, cert, matches)
}

/**
 * Requires that a token which names a certificate names this one. Otherwise an attacker could bring their own
 * certificate to a session that Access opened for another.
 *
 * The token of a user or a service names no certificate and agrees with each; `access.matches` can tie those.
 *
 * @throws CountersignError `CSN_CERT_MISMATCH`
 */
export function requireSameCertificate({ kind, claims }: AccessIdentity, cert: ClientCert): void {
  if (kind === 'service') requireUnambiguousService(cert)
  else if (isText(claims.common_name) && claims.common_name !== cert.subject.CN) throw mismatch('common_name', cert)
  if (claims.mtls_auth === undefined || claims.mtls_auth === null) return
  if (typeof claims.mtls_auth !== 'object') throw mismatch('mtls_auth', cert)
  const named = claims.mtls_auth as Record<string, unknown>
  for (const [claim, isOf] of Object.entries(CERTIFICATE_CLAIMS)) {
    if (agrees(named[claim], (text) => isOf(text, cert))) continue
    throw mismatch(`mtls_auth.${claim}${claim === 'cert_issuer_dn' ? missingForm(named[claim], cert) : ''}`, cert)
  }
}

/**
 * Requires that a token names no certificate, because the client did not present one.
 *
 * Attack: the token of a session that Access opened for a certificate is used without that certificate.
 *
 * @throws CountersignError `CSN_CERT_MISMATCH`
 */
export function requireNoCertificate({ kind, claims }: AccessIdentity): void {
  const named = kind === 'certificate' || (kind === 'user' && isText(claims.common_name))
  if (!named && !namesCertificate(claims.mtls_auth)) return
  throw refuse('CSN_CERT_MISMATCH', 'the Access token names a certificate, and the client did not present one')
}

/**
 * Access writes the id of a service token and the common name of a certificate into the same claim. With a certificate
 * whose common name has the form of such an id, an attacker could pass for the service, so we refuse both together.
 */
function requireUnambiguousService(cert: ClientCert): void {
  if (!cert.subject.getAll('CN').some(isServiceTokenId)) return
  throw refuse(
    'CSN_CERT_MISMATCH',
    `the Access token is ambiguous: the common name of the certificate has the form of a service token id (${describeCert(cert)})`,
  )
}

const CERTIFICATE_CLAIMS: Record<string, (text: string, cert: ClientCert) => boolean> = {
  cert_serial: (text, cert) => serialNumbersAgree(readSerialNumber(text), cert.serialNumber),
  cert_issuer_ski: (text, cert) => normalizeHex(text) === cert.issuerKeyId,
  cert_issuer_dn: isIssuer,
}

/** Cloudflare does not document the form of the name in the token, so each form is compared with its like. */
function isIssuer(text: string, cert: ClientCert): boolean {
  if (text.startsWith('/')) return text === legacyIssuer(cert)
  const name = parsePrintedName(text)
  return namesAgree(name, cert.issuer) || namesAgree(name.reverse(), cert.issuer)
}

function legacyIssuer({ raw }: ClientCert): string | undefined {
  return raw['x-cert-issuer-dn-l'] ?? raw['cf-cert-issuer-dn-legacy']
}

/**
 * The Worker's option `names: 'rfc2253'` leaves the legacy form out, and the source `rfc9440` never sends it, so the
 * token's cannot be compared.
 */
function missingForm(claim: unknown, cert: ClientCert): string {
  if (typeof claim !== 'string' || !claim.startsWith('/') || legacyIssuer(cert) !== undefined) return ''
  if (cert.raw['x-cert-verify'] === undefined) return ' has the legacy form, which the certificate does not contain'
  return ' has the legacy form, and x-cert-issuer-dn-l is missing; set COUNTERSIGN_NAMES to "all" in the Worker'
}

/** An absent or empty claim agrees with every certificate. A claim that cannot be read agrees with none. */
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

function mismatch(claim: string, cert: ClientCert) {
  const reason = `the Access token does not match the certificate: ${claim}`
  return refuse('CSN_CERT_MISMATCH', `${reason} (${describeCert(cert)})`)
}

function requireMatch(access: AccessIdentity, cert: ClientCert, matches: NonNullable<ResolvedAccess['matches']>): void {
  const answer = askOperator(() => matches(access, cert))
  if (answer === true) return
  const fault = typeof answer === 'string' ? answer : 'did not return true'
  throw refuse('CSN_CERT_MISMATCH', `access.matches ${fault} (${describeCert(cert)})`)
}
