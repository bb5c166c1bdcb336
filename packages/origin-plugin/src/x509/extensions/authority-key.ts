import type { CertificateParts } from '../certificate-parts.ts'
import { type DerValue, readDerChildren, readDerValues, TAG } from '../der.ts'
import { normalizeSerialNumber } from '../hex-identifier.ts'

/** The CA certificate that a certificate names as its issuer's (RFC 5280, section 4.2.1.1). */
export interface AuthorityKey {
  /** The CA's subject key identifier in upper-case hexadecimal. */
  readonly keyId: string | undefined
  /** The serial number of the CA's certificate. It changes if the CA renews its certificate and keeps the key. */
  readonly serialNumber: string | undefined
}

const AUTHORITY_KEY_ID = '2.5.29.35'
const FIELD = { KEY_ID: 0x80, SERIAL_NUMBER: 0x82 } as const

/**
 * Reads the authority key identifier of a certificate.
 *
 * @throws SyntaxError if the extension has another form
 */
export function readAuthorityKey({ extensions }: Pick<CertificateParts, 'extensions'>): AuthorityKey {
  const extension = extensions.get(AUTHORITY_KEY_ID)
  const fields = extension ? readDerChildren(readDerValues(extension.value)[0], TAG.SEQUENCE) : []
  return { keyId: hexOf(fields, FIELD.KEY_ID), serialNumber: serialOf(fields) }
}

function serialOf(fields: readonly DerValue[]): string | undefined {
  const digits = hexOf(fields, FIELD.SERIAL_NUMBER)
  return digits && normalizeSerialNumber(digits)
}

function hexOf(fields: readonly DerValue[], tag: number): string | undefined {
  const field = fields.find((each) => each.tag === tag)
  return field && Buffer.from(field.contents).toString('hex').toUpperCase()
}
