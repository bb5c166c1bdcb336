import { TAG } from '../der.ts'
import { DerCursor } from '../der-cursor.ts'
import { readDerOid } from '../der-oid.ts'

/** The longest AlgorithmIdentifier in use is that of RSA-PSS, with some 70 bytes. */
export const MAX_ALGORITHM_BYTES = 128

/** The algorithm of a signature by a CA. */
export interface X509Algorithm {
  /** The type of the key, as Node names it. */
  readonly keys: readonly string[]
  readonly digest: string | null
  /** For RSA-PSS: the length of the salt. */
  readonly saltLength?: number
}

const RSA_KEYS = ['rsa']
const EC_KEYS = ['ec']

/** Each accepted algorithm, by its OID. SHA-1 and MD5 are not accepted: signatures could be forged by collisions. */
const ALGORITHMS: ReadonlyMap<string, X509Algorithm> = new Map([
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

/**
 * Reads the AlgorithmIdentifier beside a signature.
 *
 * @param encoded - with tag and length
 * @param thing - the signed thing, for the error
 * @throws SyntaxError for another form, and for an algorithm that is not accepted
 */
export function readX509Algorithm(encoded: Uint8Array, thing: string): X509Algorithm {
  if (encoded.length > MAX_ALGORITHM_BYTES) throw new SyntaxError(`the signature algorithm of ${thing} is too long`)
  const outer = new DerCursor(encoded)
  outer.next()
  const parts = outer.inside()
  const oid = readOid(parts)
  if (oid === RSA_PSS) return readPss(parts, thing)
  const algorithm = ALGORITHMS.get(oid)
  if (!algorithm) {
    throw new SyntaxError(
      `${thing} is signed with the algorithm ${oid}; let the CA sign it with RSA, ECDSA or EdDSA, and SHA-256 or longer`,
    )
  }
  return algorithm
}

/** Moves to an OID and reads it. The caller has bounded its length. */
function readOid(parts: DerCursor): string {
  parts.expect(TAG.OID, 'the OID of an algorithm')
  return readDerOid(parts)
}

/**
 * RSASSA-PSS-params: hash [0], mask generation [1], length of the salt [2]. The defaults of the first two are SHA-1, so
 * both must be present.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4055#section-3.1 RFC 4055, section 3.1}
 */
function readPss(parts: DerCursor, thing: string): X509Algorithm {
  const fault = `${thing} is signed with RSA-PSS of another form; let the CA use SHA-256, SHA-384 or SHA-512, and the same one for MGF1`
  const parameters = enter(parts, TAG.SEQUENCE, fault)
  const digest = DIGESTS.get(readOid(enter(enter(parameters, HASH, fault), TAG.SEQUENCE, fault)))
  const mask = enter(enter(parameters, MASK, fault), TAG.SEQUENCE, fault)
  const isMgf1 = readOid(mask) === MGF1
  if (!digest || !isMgf1 || DIGESTS.get(readOid(enter(mask, TAG.SEQUENCE, fault))) !== digest) {
    throw new SyntaxError(fault)
  }
  return { keys: ['rsa', 'rsa-pss'], digest, saltLength: readSaltLength(parameters, fault) }
}

/** Moves to the next value, which must have the tag, and returns a cursor for the values inside. */
function enter(parts: DerCursor, tag: number, fault: string): DerCursor {
  if (!parts.next() || parts.tag !== tag) throw new SyntaxError(fault)
  return parts.inside()
}

function readSaltLength(parameters: DerCursor, fault: string): number {
  if (!parameters.next()) return DEFAULT_SALT_LENGTH
  const tagged = parameters.inside()
  if (parameters.tag !== SALT_LENGTH || !tagged.next() || tagged.tag !== TAG.INTEGER) throw new SyntaxError(fault)
  const length = tagged.contents()
  // Two bytes are enough for every key. A trailer field [3] would mean another form of signature.
  if (length.length === 0 || length.length > 2 || parameters.next()) throw new SyntaxError(fault)
  return length.reduce((value, byte) => value * 256 + byte, 0)
}
