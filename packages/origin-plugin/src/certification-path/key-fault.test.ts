import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { testKey } from '@countersign/test-support/test-key'
import { describe, expect, it } from 'vitest'
import { keyFault } from './key-fault.ts'

/** A public key that needs no private half. */
function rsa(bits: number, e: string) {
  const n = Buffer.alloc(bits / 8, 0xc5)
  return createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: n.toString('base64url'), e } })
}

const faultOf = (key: KeyObject) => keyFault(key, key.export({ type: 'spki', format: 'der' }))

describe('keyFault', () => {
  it('accepts RSA from 2048 bits on', () => {
    expect(faultOf(rsa(2048, 'AQAB'))).toBeUndefined()
    expect(faultOf(rsa(2040, 'AQAB'))).toBe('has an RSA key of 2040 bits; 2048 or more are required')
  })

  it('refuses an RSA exponent of 1, or an even one', () => {
    expect(faultOf(rsa(2048, 'Aw'))).toBeUndefined()
    expect(faultOf(rsa(2048, 'AQ'))).toBe('has an RSA key with the exponent 1')
    expect(faultOf(rsa(2048, 'Ag'))).toBe('has an RSA key with the exponent 2')
    expect(faultOf(rsa(2048, 'AQAA'))).toBe('has an RSA key with the exponent 65536')
  })

  it.each([
    'prime256v1',
    'secp384r1',
    'secp521r1',
    'secp256k1',
    'brainpoolP256r1',
    'brainpoolP384r1',
    'brainpoolP512r1',
  ])('accepts the curve %s', (curve) => {
    expect(faultOf(testKey(curve).publicKey)).toBeUndefined()
  })

  it('accepts keys of EdDSA', () => {
    expect(faultOf(generateKeyPairSync('ed25519').publicKey)).toBeUndefined()
    expect(faultOf(generateKeyPairSync('ed448').publicKey)).toBeUndefined()
  })

  it('refuses a small curve, parameters without a name, and every other type of key', () => {
    expect(faultOf(testKey('secp224r1').publicKey)).toBe('has a key on the curve secp224r1; use P-256 or a larger one')
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' })
    expect(faultOf(createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })))).toBe(
      'has a key that spells out the parameters of its curve; use a named curve',
    )
    expect(faultOf(generateKeyPairSync('x25519').publicKey)).toBe(
      'has a key of the type x25519; use RSA, EC, Ed25519 or Ed448',
    )
  })
})
