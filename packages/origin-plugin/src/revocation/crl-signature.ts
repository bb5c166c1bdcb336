import { constants, type KeyObject, type VerifyKeyObjectInput, verify } from 'node:crypto'
import { TAG } from '../x509/der.ts'
import { DerCursor } from '../x509/der-cursor.ts'
import { readX509Algorithm, type X509Algorithm } from '../x509/signatures/x509-algorithm.ts'

/** The parts of a list whose signature was verified. */
export interface VerifiedCrl {
  /** TBSCertList with tag and length: the signed bytes. */
  readonly signed: Uint8Array
  /** The AlgorithmIdentifier beside the signature, with tag and length. */
  readonly algorithm: Uint8Array
}

/** The list is not signed by this key. Every other fault of a list is a plain `SyntaxError`. */
export class UnverifiedCrlError extends SyntaxError {
  override readonly name = 'UnverifiedCrlError'
}

/** The tag of a certificate's version, its first field. A list has none of this form. */
export const CERTIFICATE_VERSION = 0xa0

/**
 * Verifies the signature of one list in DER.
 *
 * An attacker on the network can write an unsigned list. So the signature is verified over the raw bytes before any of them
 * are parsed. Before that, only the outermost value is split into its three parts, and the algorithm is read. It has at
 * most 128 bytes.
 *
 * @throws UnverifiedCrlError if the key did not sign the list; SyntaxError with another fault
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-5.1.1 RFC 5280, section 5.1.1}
 */
export function verifyCrl(der: Uint8Array, key: KeyObject): VerifiedCrl {
  const list = new DerCursor(der)
  if (!list.next() || list.tag !== TAG.SEQUENCE) throw new SyntaxError('the list is not a DER sequence')
  if (list.end !== der.length) throw new SyntaxError('the list is followed by other bytes')
  const parts = list.inside()
  parts.expect(TAG.SEQUENCE, 'the signed part of the list')
  const isCertificate = parts.contents()[0] === CERTIFICATE_VERSION
  const signed = parts.encoded()
  parts.expect(TAG.SEQUENCE, 'the signature algorithm of the list')
  const algorithm = parts.encoded()
  const parameters = readX509Algorithm(algorithm, 'the list')
  parts.expect(TAG.BIT_STRING, 'the signature of the list')
  const signature = parts.contents()
  if (parts.next()) throw new SyntaxError('the signature of the list is followed by another value')
  if (signature[0] !== 0) throw new SyntaxError('the signature of the list does not consist of whole bytes')
  if (!isSignedBy(key, signed, signature.subarray(1), parameters)) {
    const cause = isCertificate ? 'it is a certificate, and not a list' : 'the list is of another CA, or was changed'
    throw new UnverifiedCrlError(`the signature does not verify with the key of this CA: ${cause}`)
  }
  return { signed, algorithm }
}

function isSignedBy(
  key: KeyObject,
  signed: Uint8Array,
  signature: Uint8Array,
  { keys, digest, saltLength }: X509Algorithm,
): boolean {
  if (!keys.includes(key.asymmetricKeyType ?? '')) return false
  const input: VerifyKeyObjectInput = { key }
  if (saltLength !== undefined) Object.assign(input, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })
  try {
    return verify(digest, signed, input, signature)
  } catch {
    // OpenSSL throws for some signatures of a wrong form.
    return false
  }
}
