import type { ClientCert } from '../client-cert.ts'
import { refusalAt } from '../errors.ts'
import type { EdgeFields } from '../read-headers.ts'
import type { CertificateParts } from '../x509/certificate-parts.ts'
import { readOrUndefined } from '../x509/der.ts'
import { readAuthorityKey } from '../x509/extensions/authority-key.ts'
import { ownProperties, readForwardedCert } from './forwarded-cert.ts'

const refuse = refusalAt('certificate')

/**
 * Parses the certificate of a source that sends nothing else: every value comes from its DER.
 *
 * @param fields - the fields of the source `rfc9440`, after {@link requireVerdict}
 * @throws CountersignError `CSN_HEADERS_MALFORMED` or `CSN_CERT_UNREADABLE`
 */
export function parseWholeCert(fields: EdgeFields): ClientCert {
  const forwarded = readForwardedCert(fields, undefined)
  if (!forwarded) throw refuse('CSN_HEADERS_MALFORMED', 'client-cert is missing')
  const { x509, parts, names, serialNumber, validFrom, validTo } = forwarded
  return {
    subject: names.subject,
    issuer: names.issuer,
    serialNumber,
    fingerprint: x509.fingerprint,
    fingerprint256: x509.fingerprint256,
    validFrom: x509.validFrom,
    validFromDate: new Date(validFrom),
    validTo: x509.validTo,
    validToDate: new Date(validTo),
    keyId: names.subjectKeyId,
    issuerKeyId: readIssuerKeyId(parts),
    verified: true,
    verification: 'SUCCESS',
    revoked: false,
    ...ownProperties(forwarded),
    raw: Object.freeze(Object.fromEntries(fields.certificateHeaders())),
  }
}

/** One that cannot be read counts as unknown: trust by `keyId` alone then refuses the certificate. */
function readIssuerKeyId(parts: CertificateParts): string | undefined {
  return readOrUndefined(() => readAuthorityKey(parts))?.keyId
}
