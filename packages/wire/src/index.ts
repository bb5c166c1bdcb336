/**
 * The wire contract between the two ends of Countersign. It uses no I/O, no clock and no cryptography, and runs in
 * workerd and in Node.
 *
 * @module
 */

export { attributeTypeId, attributeTypeName } from './attribute-types.ts'
export { decodeBerString, isBerString } from './ber-string.ts'
export { formatCertificateDate, parseCertificateDate } from './certificate-date.ts'
export {
  CERTIFICATE_HEADERS,
  type CertificateHeader,
  type CertificateHeaderName,
  type CertificateHeaderSyntax,
  CF_CERT_HEADERS,
  type CfCertHeader,
  isCertificateFamily,
  isLaterHeader,
  MAX_LATER_HEADERS,
} from './certificate-headers.ts'
export {
  ACCESS_TOKEN_HEADER,
  COVERED_FIELDS,
  type CoveredField,
  DERIVED_COMPONENTS,
  type RequestTarget,
  splitRequestTarget,
} from './covered-components.ts'
export { type DictionaryMember, splitDictionary } from './dictionary.ts'
export {
  type AttributeTypeAndValue,
  formatDistinguishedName,
  isAmbiguousType,
  MAX_DISTINGUISHED_NAME_LENGTH,
  parseDistinguishedName,
  parsePrintedName,
  type RelativeDistinguishedName,
} from './distinguished-name.ts'
export { encodeHeaderValue } from './header-value.ts'
export { normalizeHex } from './hex.ts'
export { buildFieldLines, buildSignatureBase, buildTargetLines } from './signature-base.ts'
export {
  type CoveredFields,
  formatComponents,
  formatSignatureInput,
  listLaterHeaders,
  parseSignatureInput,
  parseSignatureParameters,
  SIGNATURE_LABEL,
  SIGNATURE_TAG,
  type SignatureAlgorithm,
  type SignatureInput,
  type SignatureParameters,
} from './signature-input.ts'
export { checkSigningKey, listSigningKeys, type SigningJwk, type SigningKeyInfo } from './signing-key.ts'
export type { TlsClientAuth } from './tls-client-auth.ts'
