import type { KeyObject } from 'node:crypto'
import { TAG } from '../x509/der.ts'
import { DerCursor } from '../x509/der-cursor.ts'

const MIN_RSA_BITS = 2048
/** The names of OpenSSL for the curves of 256 bits or more. */
const CURVES: ReadonlySet<string> = new Set([
  'prime256v1',
  'secp384r1',
  'secp521r1',
  'secp256k1',
  'brainpoolP256r1',
  'brainpoolP384r1',
  'brainpoolP512r1',
])

/**
 * The weakness of a public key, as the end of a sentence that begins with its certificate.
 *
 * Attack: a CA certified a weak key. An attacker who finds its private half issues certificates of any client.
 *
 * @param publicKey - SubjectPublicKeyInfo in DER, as the certificate has it
 * @returns `undefined` for a key that is strong enough
 * @see NIST SP 800-57, part 1, table 2: 112 bits of strength
 */
export function keyFault(key: KeyObject, publicKey: Uint8Array): string | undefined {
  const { modulusLength = 0, publicExponent = 0n, namedCurve } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      if (modulusLength < MIN_RSA_BITS) {
        return `has an RSA key of ${modulusLength} bits; ${MIN_RSA_BITS} or more are required`
      }
      // With the exponent 1, every message is its own signature.
      return publicExponent < 3n || publicExponent % 2n === 0n
        ? `has an RSA key with the exponent ${publicExponent}`
        : undefined
    case 'ec':
      if (!namesItsCurve(publicKey)) return 'has a key that spells out the parameters of its curve; use a named curve'
      return namedCurve !== undefined && CURVES.has(namedCurve)
        ? undefined
        : `has a key on the curve ${namedCurve ?? 'of its own'}; use P-256 or a larger one`
    case 'ed25519':
    case 'ed448':
      return undefined
    default:
      return `has a key of the type ${key.asymmetricKeyType}; use RSA, EC, Ed25519 or Ed448`
  }
}

/**
 * Whether the SubjectPublicKeyInfo has the OID of a curve. Node names a curve that is spelt out too, and RFC 5480, section
 * 2.1.1, forbids this form: readers of it have accepted a generator of the attacker's choice.
 */
function namesItsCurve(publicKey: Uint8Array): boolean {
  const outer = new DerCursor(publicKey)
  outer.next()
  const parts = outer.inside()
  parts.next()
  const algorithm = parts.inside()
  algorithm.expect(TAG.OID, 'the algorithm of the key')
  return algorithm.next() && algorithm.tag === TAG.OID
}
