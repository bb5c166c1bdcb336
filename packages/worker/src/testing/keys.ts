import { generateKeyPairSync, randomBytes } from 'node:crypto'

/** A fresh HMAC key as a JWK. */
export const hmacJwk = { kty: 'oct', kid: 'hmac-1', k: randomBytes(32).toString('base64url') }

const pair = generateKeyPairSync('ed25519')

/** The private and the public half of a fresh Ed25519 key. */
export const ed25519Jwk = { ...pair.privateKey.export({ format: 'jwk' }), kid: 'ed-1' }
export const ed25519PublicJwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'ed-1' }
