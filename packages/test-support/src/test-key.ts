import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { der } from './write-der.ts'

/** A key pair of the tests, with the parts of a certificate that follow from it. */
export interface TestKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** The DER of the SubjectPublicKeyInfo. */
  readonly spki: Buffer
  /** The DER of the AlgorithmIdentifier of its signatures, by digest. */
  readonly algorithms: Readonly<Record<'sha1' | 'sha256', Buffer>>
  /** The digest as `node:crypto` wants it: `null` for an algorithm that has its own. */
  digestOf(digest: 'sha1' | 'sha256'): 'sha1' | 'sha256' | null
}

const NULL = der(0x05)
const oid = (hex: string, ...parameters: Buffer[]) => der(0x30, der(0x06, Buffer.from(hex, 'hex')), ...parameters)
const RSA = { sha1: oid('2a864886f70d010105', NULL), sha256: oid('2a864886f70d01010b', NULL) }
const ECDSA = { sha1: oid('2a8648ce3d0401'), sha256: oid('2a8648ce3d040302') }
const ED25519 = oid('2b6570')

/** Generates a key: a curve's name, `ed25519`, or the bits of an RSA key. */
export function testKey(kind: string | number = 'P-256', publicExponent = 65_537): TestKey {
  if (typeof kind === 'number') {
    return keyOf(generateKeyPairSync('rsa', { modulusLength: kind, publicExponent }), RSA)
  }
  if (kind === 'ed25519') return keyOf(generateKeyPairSync('ed25519'), { sha1: ED25519, sha256: ED25519 }, true)
  return keyOf(generateKeyPairSync('ec', { namedCurve: kind }), ECDSA)
}

function keyOf(
  { privateKey, publicKey }: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
  algorithms: TestKey['algorithms'],
  hasOwnDigest = false,
): TestKey {
  return {
    privateKey,
    publicKey,
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    algorithms,
    digestOf: (digest) => (hasOwnDigest ? null : digest),
  }
}
