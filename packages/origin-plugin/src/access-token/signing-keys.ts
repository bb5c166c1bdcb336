import type { JWK } from 'jose'
import { quoteValue } from '../lib/quote-value.ts'

/** The keys of a JWK Set that can verify Access tokens. */
export interface SigningKeys {
  readonly keys: readonly JWK[]
  /** A sentence for each RSA key that must not be used. */
  readonly faults: readonly string[]
}

/** RFC 7518, section 3.3, and the limit of OpenSSL. */
const MODULUS_BITS = { min: 2048, max: 16_384 }
/** NIST SP 800-56B, section 6.2. OpenSSL takes no longer exponent with a long modulus. */
const EXPONENT = { min: 65_537n, bits: 64 }

/**
 * Selects the RSA keys of a JWK Set that can verify RS256.
 *
 * Attack: with the exponent 1, everybody can write a signature without the private key. Such a key is not used.
 *
 * A key that is listed twice is one key. Keys for other purposes are left out without a word.
 *
 * @param listed - the `keys` of a JWK Set, not yet checked
 * @see {@link https://www.rfc-editor.org/rfc/rfc7518#section-6.3 RFC 7518, section 6.3}
 */
export function selectSigningKeys(listed: readonly unknown[]): SigningKeys {
  const keys = new Map<string, JWK>()
  const faults: string[] = []
  for (const key of listed.filter(isForRs256)) {
    const [modulus, exponent] = [readInteger(key.n), readInteger(key.e)]
    const fault = faultOf(key, modulus, exponent)
    if (fault !== undefined) faults.push(`the key ${quoteValue(key.kid)} ${fault}`)
    else keys.set(JSON.stringify([key.kid, modulus.toString(16), exponent.toString(16)]), key)
  }
  return { keys: [...keys.values()], faults }
}

function isForRs256(key: unknown): key is JWK {
  if (typeof key !== 'object' || key === null) return false
  const { kty, alg = 'RS256', use = 'sig', key_ops: operations = ['verify'] } = key as JWK
  return kty === 'RSA' && alg === 'RS256' && use === 'sig' && Array.isArray(operations) && operations.includes('verify')
}

function faultOf(key: JWK, modulus: bigint, exponent: bigint): string | undefined {
  if (key.d !== undefined) return 'is private, and whoever reads it can sign tokens; list its public half'
  const bits = bitsOf(modulus)
  if (bits < MODULUS_BITS.min || bits > MODULUS_BITS.max) {
    return `has a modulus of ${bits} bits; RS256 requires ${MODULUS_BITS.min} to ${MODULUS_BITS.max}`
  }
  if (exponent < EXPONENT.min || exponent % 2n === 0n || bitsOf(exponent) > EXPONENT.bits) {
    return `has an exponent of ${bitsOf(exponent)} bits that is not an odd number from 65537 to 2^64; anybody might sign for it`
  }
  return undefined
}

const bitsOf = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length)

/** Reads Base64urlUInt (RFC 7518, section 2): 0 for anything else, which is too small for a key. */
function readInteger(value: unknown): bigint {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_-]+$/.test(value)) return 0n
  return BigInt(`0x0${Buffer.from(value, 'base64url').toString('hex')}`)
}
