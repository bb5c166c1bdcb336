import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { id_pbeWithSHAAnd3_KeyTripleDES_CBC, MacData } from '@peculiar/asn1-pfx'
import { DigestInfo, sha1 } from '@peculiar/asn1-rsa'
import { AsnConvert, AsnProp, AsnPropTypes, OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'

/** The default of OpenSSL. */
const ITERATIONS = 2048
const SALT_BYTES = 8

/** The uses of a derived key (RFC 7292, appendix B.3). */
const PURPOSE = { key: 1, iv: 2, mac: 3 } as const

/** The parameters of an encryption with a password (RFC 7292, appendix C). The library has no schema of them. */
class Pkcs12PbeParams {
  readonly salt: OctetString
  readonly iterations: number = ITERATIONS

  constructor(salt: Uint8Array) {
    this.salt = new OctetString(salt)
  }
}
AsnProp({ type: OctetString })(Pkcs12PbeParams.prototype, 'salt')
AsnProp({ type: AsnPropTypes.Integer })(Pkcs12PbeParams.prototype, 'iterations')

/** Encrypted bytes, and the algorithm with its parameters. */
export interface Encrypted {
  readonly algorithm: AlgorithmIdentifier
  readonly bytes: OctetString
}

/**
 * Encrypts with triple DES and a password (RFC 7292, appendix C).
 *
 * @param secret - the password in the form of {@link encodePassword}
 */
export function encryptWithPassword(data: ArrayBuffer | Uint8Array, secret: Uint8Array): Encrypted {
  const salt = randomBytes(SALT_BYTES)
  const cipher = createCipheriv(
    'des-ede3-cbc',
    deriveKey(secret, salt, PURPOSE.key, 24),
    deriveKey(secret, salt, PURPOSE.iv, 8),
  )
  return {
    algorithm: new AlgorithmIdentifier({
      algorithm: id_pbeWithSHAAnd3_KeyTripleDES_CBC,
      parameters: AsnConvert.serialize(new Pkcs12PbeParams(salt)),
    }),
    bytes: new OctetString(Buffer.concat([cipher.update(new Uint8Array(data)), cipher.final()])),
  }
}

/**
 * Authenticates bytes with HMAC-SHA-1 and a password (RFC 7292, section 4).
 *
 * @param secret - the password in the form of {@link encodePassword}
 */
export function authenticateWithPassword(data: ArrayBuffer, secret: Uint8Array): MacData {
  const salt = randomBytes(SALT_BYTES)
  const mac = createHmac('sha1', deriveKey(secret, salt, PURPOSE.mac, 20))
    .update(new Uint8Array(data))
    .digest()
  return new MacData({
    mac: new DigestInfo({ digestAlgorithm: sha1, digest: new OctetString(mac) }),
    macSalt: new OctetString(salt),
    iterations: ITERATIONS,
  })
}

/** Encodes UTF-16, most significant byte first, with a zero character at the end (RFC 7292, appendix B.1). */
export function encodePassword(password: string): Uint8Array {
  return Buffer.from(`${password}\0`, 'utf16le').swap16()
}

const HASH_BYTES = 20
const BLOCK_BYTES = 64

/** Derives a key by RFC 7292, appendix B.2, which neither `node:crypto` nor the library has. */
function deriveKey(secret: Uint8Array, salt: Uint8Array, purpose: number, bytes: number): Buffer {
  const diversifier = Buffer.alloc(BLOCK_BYTES, purpose)
  const input = Buffer.concat([fillBlocks(salt), fillBlocks(secret)])
  const blocks: Buffer[] = []
  while (blocks.length * HASH_BYTES < bytes) {
    let block = createHash('sha1').update(diversifier).update(input).digest()
    for (let round = 1; round < ITERATIONS; round += 1) block = createHash('sha1').update(block).digest()
    blocks.push(block)
    addToEachBlock(input, fillBlocks(block))
  }
  return Buffer.concat(blocks).subarray(0, bytes)
}

/** Repeats bytes until they fill whole blocks. */
function fillBlocks(bytes: Uint8Array): Buffer {
  return Buffer.alloc(Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES, bytes)
}

/** Adds a number plus one to every block of the input. Each block is a number itself. */
function addToEachBlock(input: Buffer, addend: Buffer): void {
  for (let start = 0; start < input.length; start += BLOCK_BYTES) {
    let carry = 1
    for (let at = BLOCK_BYTES - 1; at >= 0; at -= 1) {
      const sum = (input[start + at] ?? 0) + (addend[at] ?? 0) + carry
      input[start + at] = sum & 0xff
      carry = sum >> 8
    }
  }
}
