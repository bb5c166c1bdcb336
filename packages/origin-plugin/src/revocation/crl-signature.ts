import { constants, type KeyObject, type VerifyKeyObjectInput, verify } from 'node:crypto'
import { readDerOid, TAG } from '../x509/der.ts'
import { DerCursor } from '../x509/der-cursor.ts'

/** The parts of a list whose signature was verified. */
export interface VerifiedCrl {
  /** TBSCertList with tag and length: the signed bytes. */
  readonly signed: Uint8Array
  /** The AlgorithmIdentifier beside the signature, with tag and length. */
  readonly algorithm: Uint8Array
}

/** The longest AlgorithmIdentifier in use is that of RSA-PSS, with some 70 bytes. */
export const MAX_ALGORITHM_BYTES = 128

/** The list is not signed by this key. Every other fault of a list is a plain `SyntaxError`. */
export class UnverifiedCrlError extends SyntaxError {
  override readonly name = 'UnverifiedCrlError'
}

/**
 * Verifies the signature of one list in DER.
 *
 * An attacker on the network can write an unsigned list. So the signature is verified over the raw bytes before any of them
 * are parsed. Before that, only the outermost value is split into its three parts, and the algorithm is read. It has at
 * most {@link MAX_ALGORITHM_BYTES}.
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
  const signed = parts.encoded()
  parts.expect(TAG.SEQUENCE, 'the signature algorithm of the list')
  const algorithm = parts.encoded()
  const parameters = readAlgorithm(algorithm)
  parts.expect(TAG.BIT_STRING, 'the signature of the list')
  const signature = parts.contents()
  if (parts.next()) throw new SyntaxError('the signature of the list is followed by another value')
  if (signature[0] !== 0) throw new SyntaxError('the signature of the list does not consist of whole bytes')
  if (!isSignedBy(key, signed, signature.subarray(1), parameters)) {
    throw new UnverifiedCrlError(
      'the signature does not verify with the key of this CA: the list is of another CA, or was changed',
    )
  }
  return { signed, algorithm }
}

interface Algorithm {
  /** The type of the key, as Node names it. */
  readonly keys: readonly string[]
  readonly digest: string | null
  /** For RSA-PSS: the length of the salt. */
  readonly saltLength?: number
}

const RSA_KEYS = ['rsa']
const EC_KEYS = ['ec']

/** Each accepted algorithm, by its OID. SHA-1 and MD5 are not accepted: lists could be forged by collisions. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ['1.2.840.113549.1.1.11', { keys: RSA_KEYS, digest: 'sha256' }],
  ['1.2.840.113549.1.1.12', { keys: RSA_KEYS, digest: 'sha384' }],
  ['1.2.840.113549.1.1.13', { keys: RSA_KEYS, digest: 'sha512' }],
  ['1.2.840.10045.4.3.2', { keys: EC_KEYS, digest: 'sha256' }],
  ['1.2.840.10045.4.3.3', { keys: EC_KEYS, digest: 'sha384' }],
  ['1.2.840.10045.4.3.4', { keys: EC_KEYS, digest: 'sha512' }],
  ['1.3.101.112', { keys: ['ed25519'], digest: null }],
  ['1.3.101.113', { keys: ['ed448'], digest: null }],
])
const RSA_PSS = '1.2.840.113549.1.1.10'
/** The context tags of RSASSA-PSS-params. */
const [HASH, MASK, SALT_LENGTH] = [0xa0, 0xa1, 0xa2]
const DEFAULT_SALT_LENGTH = 20
const MGF1 = '1.2.840.113549.1.1.8'
const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
])

function readAlgorithm(encoded: Uint8Array): Algorithm {
  if (encoded.length > MAX_ALGORITHM_BYTES) throw new SyntaxError('the signature algorithm of the list is too long')
  const outer = new DerCursor(encoded)
  outer.next()
  const parts = outer.inside()
  const oid = readOid(parts)
  if (oid === RSA_PSS) return readPss(parts)
  const algorithm = ALGORITHMS.get(oid)
  if (!algorithm) {
    throw new SyntaxError(
      `the list is signed with the algorithm ${oid}; let the CA sign it with RSA, ECDSA or EdDSA, and SHA-256 or longer`,
    )
  }
  return algorithm
}

/** Moves to an OID and reads it. The caller has bounded its length. */
function readOid(parts: DerCursor): string {
  parts.expect(TAG.OID, 'the OID of an algorithm')
  return readDerOid({ tag: TAG.OID, contents: parts.contents(), encoded: parts.encoded() })
}

/**
 * RSASSA-PSS-params: hash [0], mask generation [1], length of the salt [2]. The defaults of the first two are SHA-1, so
 * both must be present.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4055#section-3.1 RFC 4055, section 3.1}
 */
function readPss(parts: DerCursor): Algorithm {
  const parameters = enter(parts, TAG.SEQUENCE)
  const digest = DIGESTS.get(readOid(enter(enter(parameters, HASH), TAG.SEQUENCE)))
  const mask = enter(enter(parameters, MASK), TAG.SEQUENCE)
  const isMgf1 = readOid(mask) === MGF1
  if (!digest || !isMgf1 || DIGESTS.get(readOid(enter(mask, TAG.SEQUENCE))) !== digest)
    throw new SyntaxError(PSS_ADVICE)
  return { keys: ['rsa', 'rsa-pss'], digest, saltLength: readSaltLength(parameters) }
}

const PSS_ADVICE =
  'the list is signed with RSA-PSS of another form; let the CA use SHA-256, SHA-384 or SHA-512, and the same one for MGF1'

/** Moves to the next value, which must have the tag, and returns a cursor for the values inside. */
function enter(parts: DerCursor, tag: number): DerCursor {
  if (!parts.next() || parts.tag !== tag) throw new SyntaxError(PSS_ADVICE)
  return parts.inside()
}

function readSaltLength(parameters: DerCursor): number {
  if (!parameters.next()) return DEFAULT_SALT_LENGTH
  const tagged = parameters.inside()
  if (parameters.tag !== SALT_LENGTH || !tagged.next() || tagged.tag !== TAG.INTEGER) throw new SyntaxError(PSS_ADVICE)
  const length = tagged.contents()
  // Two bytes are enough for every key. A trailer field [3] would mean another form of signature.
  if (length.length === 0 || length.length > 2 || parameters.next()) throw new SyntaxError(PSS_ADVICE)
  return length.reduce((value, byte) => value * 256 + byte, 0)
}

function isSignedBy(
  key: KeyObject,
  signed: Uint8Array,
  signature: Uint8Array,
  { keys, digest, saltLength }: Algorithm,
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
