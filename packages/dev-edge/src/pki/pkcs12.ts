import { createCipheriv, createHash, createHmac, createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { type DevClient, splitPem } from './dev-client.ts'
import {
  bmpString,
  integer,
  nullValue,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  tagged,
  taggedOctetString,
} from './encode-der.ts'

const OID = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  keyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  sha1With3Des: '1.2.840.113549.1.12.1.3',
  sha1: '1.3.14.3.2.26',
}

/** The default of OpenSSL. */
const ITERATIONS = 2048
const SALT_BYTES = 8

/** The uses of a derived key (RFC 7292, appendix B.3). */
const PURPOSE = { key: 1, iv: 2, mac: 3 } as const

/**
 * Formats a client as a PKCS #12 file for browsers: its key, its certificate, and the intermediates that it sends.
 *
 * Uses triple DES and SHA-1: the keychain of macOS reads no newer algorithms, and all other readers still read these.
 * They protect nothing here, because the folder contains the same key in PEM without a password.
 *
 * @param password - the password that the importer asks for. macOS refuses an empty one.
 * @returns DER
 * @see {@link https://www.rfc-editor.org/rfc/rfc7292 RFC 7292}
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises'
 *
 * await writeFile('alice.p12', formatPkcs12(edge.clients.alice, 'countersign'), { mode: 0o600 })
 * ```
 */
export function formatPkcs12({ name, cert, key }: DevClient, password: string): Uint8Array {
  const [leaf, ...chain] = splitPem(cert).map((pem) => new X509Certificate(pem))
  if (!leaf) throw new TypeError('cert must be a certificate in PEM')
  const secret = encodePassword(password)
  const attributes = setOf(
    attribute(OID.localKeyId, octetString(createHash('sha1').update(leaf.raw).digest())),
    attribute(OID.friendlyName, bmpString(name)),
  )
  const certificates = sequence(certBag(leaf, attributes), ...chain.map((certificate) => certBag(certificate)))
  const keys = sequence(keyBag(key, secret, attributes))
  const safe = sequence(encryptedContent(certificates, secret), content(keys))
  return sequence(integer(3), content(safe), macData(safe, secret))
}

function content(data: Uint8Array): Buffer {
  return sequence(objectIdentifier(OID.data), tagged(octetString(data)))
}

function encryptedContent(data: Uint8Array, secret: Uint8Array): Buffer {
  const { algorithm, encrypted } = encrypt(data, secret)
  const encryptedContentInfo = sequence(objectIdentifier(OID.data), algorithm, taggedOctetString(encrypted))
  return sequence(objectIdentifier(OID.encryptedData), tagged(sequence(integer(0), encryptedContentInfo)))
}

function certBag({ raw }: X509Certificate, ...attributes: Uint8Array[]): Buffer {
  const bag = sequence(objectIdentifier(OID.x509Certificate), tagged(octetString(raw)))
  return sequence(objectIdentifier(OID.certBag), tagged(bag), ...attributes)
}

function keyBag(pem: string, secret: Uint8Array, attributes: Uint8Array): Buffer {
  const pkcs8 = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' })
  const { algorithm, encrypted } = encrypt(pkcs8, secret)
  return sequence(objectIdentifier(OID.keyBag), tagged(sequence(algorithm, octetString(encrypted))), attributes)
}

function attribute(type: string, value: Uint8Array): Buffer {
  return sequence(objectIdentifier(type), setOf(value))
}

function encrypt(data: Uint8Array, secret: Uint8Array): { readonly algorithm: Buffer; readonly encrypted: Buffer } {
  const salt = randomBytes(SALT_BYTES)
  const cipher = createCipheriv(
    'des-ede3-cbc',
    deriveKey(secret, salt, PURPOSE.key, 24),
    deriveKey(secret, salt, PURPOSE.iv, 8),
  )
  return {
    algorithm: sequence(objectIdentifier(OID.sha1With3Des), sequence(octetString(salt), integer(ITERATIONS))),
    encrypted: Buffer.concat([cipher.update(data), cipher.final()]),
  }
}

function macData(safe: Uint8Array, secret: Uint8Array): Buffer {
  const salt = randomBytes(SALT_BYTES)
  const mac = createHmac('sha1', deriveKey(secret, salt, PURPOSE.mac, 20))
    .update(safe)
    .digest()
  const digest = sequence(sequence(objectIdentifier(OID.sha1), nullValue()), octetString(mac))
  return sequence(digest, octetString(salt), integer(ITERATIONS))
}

/** Encodes UTF-16, most significant byte first, with a zero character at the end (RFC 7292, appendix B.1). */
function encodePassword(password: string): Buffer {
  return Buffer.from(`${password}\0`, 'utf16le').swap16()
}

const HASH_BYTES = 20
const BLOCK_BYTES = 64

/** Derives a key by RFC 7292, appendix B.2. */
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
