import * as crypto from 'node:crypto'
import { formatCertificateDate } from '@countersign/wire'
import { type Facts, NO_FACTS } from '../facts/facts.ts'
import type { EdgeFields } from '../read-headers.ts'
import type { CertificateParts } from '../x509/certificate-parts.ts'
import { readOrUndefined } from '../x509/der.ts'
import { readAuthorityKey } from '../x509/extensions/authority-key.ts'
import { readForwardedCert, readKnownCert } from './forwarded-cert.ts'
import type { ParsedCert } from './shareable-cert.ts'

/**
 * Parses the certificate of a source that sends nothing else: every value comes from its DER.
 *
 * @param fields - the fields of the source `rfc9440`, after {@link requireVerdict}
 * @param facts - the lines of headers that are known to be readable
 * @throws CountersignError `CSN_HEADERS_MALFORMED` or `CSN_CERT_UNREADABLE`
 */
export function parseWholeCert(fields: EdgeFields, facts: Facts = NO_FACTS): ParsedCert {
  const isKnown = facts.has(fields.linesFact)
  const forwarded = isKnown ? readKnownCert(fields) : readForwardedCert(fields, undefined)
  if (!isKnown) facts.note(fields.linesFact)
  const { der, parts, names, notBefore, notAfter } = forwarded
  return {
    own: { subject: names.subject, serialNumber: parts.serialNumber, keyId: names.subjectKeyId },
    issuer: names.issuer,
    sha1: undefined,
    sha256: crypto.hash('sha256', der),
    validFrom: formatCertificateDate(notBefore),
    validTo: formatCertificateDate(notAfter),
    notBefore,
    notAfter,
    issuerKeyId: readIssuerKeyId(parts),
    headers: fields,
    whole: () => forwarded,
  }
}

/** One that cannot be read counts as unknown: trust by `keyId` alone then refuses the certificate. */
function readIssuerKeyId(parts: CertificateParts): string | undefined {
  return readOrUndefined(() => readAuthorityKey(parts))?.keyId
}
