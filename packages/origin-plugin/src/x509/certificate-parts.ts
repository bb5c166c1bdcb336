import { type DerValue, readDerChildren, readDerOid, readDerValues, TAG } from './der.ts'

/** The parts of a certificate from which its names and its uses are read. */
export interface CertificateParts {
  readonly issuer: DerValue | undefined
  readonly subject: DerValue | undefined
  /** SubjectPublicKeyInfo. */
  readonly publicKey: DerValue | undefined
  /** The contents of each extension's OCTET STRING, by the extension's OID. */
  readonly extensions: ReadonlyMap<string, Uint8Array>
}

const EXPLICIT_0 = 0xa0
const EXTENSIONS = 0xa3

/**
 * Splits a certificate into its parts.
 *
 * @param der - a certificate that `node:crypto` parsed before
 * @throws SyntaxError if it has another form, or an extension is repeated
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.1 RFC 5280, section 4.1}
 */
export function readCertificateParts(der: Uint8Array): CertificateParts {
  const [certificate] = readDerValues(der)
  const [tbs] = readDerChildren(certificate, TAG.SEQUENCE)
  const parts = readDerChildren(tbs, TAG.SEQUENCE)
  // version [0], which a v1 certificate omits, serial, algorithm, issuer, validity, subject, key, extensions [3].
  const [, , issuer, , subject, publicKey] = parts[0]?.tag === EXPLICIT_0 ? parts.slice(1) : parts
  return { issuer, subject, publicKey, extensions: readExtensions(parts) }
}

/**
 * Returns the DER of a certificate's SubjectPublicKeyInfo.
 *
 * @throws SyntaxError if there is none
 */
export function readPublicKey({ publicKey }: CertificateParts): Uint8Array {
  if (publicKey?.tag !== TAG.SEQUENCE) throw new SyntaxError('the certificate has no public key')
  return publicKey.encoded
}

function readExtensions(parts: readonly DerValue[]): Map<string, Uint8Array> {
  const extensions = parts.find((part) => part.tag === EXTENSIONS)
  if (!extensions) return new Map()
  const [list] = readDerValues(extensions.contents)
  const entries = readDerChildren(list, TAG.SEQUENCE).map(readExtension)
  const byId = new Map(entries)
  // RFC 5280, section 4.2. Of two lists of alternative names, two readers could use different ones.
  if (byId.size < entries.length) throw new SyntaxError('an extension is repeated')
  return byId
}

function readExtension(extension: DerValue): [oid: string, contents: Uint8Array] {
  const [id, ...rest] = readDerChildren(extension, TAG.SEQUENCE)
  const value = rest.at(-1)
  if (value?.tag !== TAG.OCTET_STRING) throw new SyntaxError('an extension has no value')
  return [readDerOid(id), value.contents]
}
