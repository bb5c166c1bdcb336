import { verify, type X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { readCertificateNames, readName } from '../x509/certificate-names.ts'
import {
  type DerValue,
  readDerChildren,
  readDerOid,
  readDerTime,
  readDerValue,
  readDerValues,
  TAG,
} from '../x509/der.ts'
import { createSerialSet, type SerialSet } from './serial-set.ts'

/** A certificate revocation list whose signature was verified. */
export interface RevocationList {
  /** The time of issue, in milliseconds since the epoch. */
  readonly thisUpdate: number
  /** The time at which the next list is due, in milliseconds since the epoch. */
  readonly nextUpdate: number
  readonly serials: SerialSet
}

/**
 * Reads a complete CRL of one CA and verifies that the CA signed it.
 *
 * It checks in this order:
 * 1. The bytes are one list, in DER or PEM.
 * 2. Its issuer is the CA.
 * 3. The CA signed it, with an algorithm that is not broken.
 * 4. It covers every certificate of this CA and of no other. A delta, a partial and an indirect list are refused, and
 *    so is a list with an unknown critical extension.
 *
 * It reads a million entries without blocking the event loop.
 *
 * @param bytes - DER or PEM
 * @param ca - the CA's certificate
 * @throws SyntaxError with the fault of the list
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-5 RFC 5280, section 5}
 */
export async function parseCrl(bytes: Uint8Array, ca: X509Certificate): Promise<RevocationList> {
  const der = toDer(bytes)
  const [list, ...behind] = readDerValues(der)
  if (behind.length > 0) throw new SyntaxError('the list is followed by other bytes')
  const [tbs, algorithm, signature] = readDerChildren(list, TAG.SEQUENCE)
  if (!tbs || !algorithm || !signature) throw new SyntaxError('the list is not signed')
  const parts = readParts(tbs)

  if (!parts.issuer.equals(readCertificateNames(ca.raw).subject))
    throw new SyntaxError(`the issuer of the list is not this CA: ${parts.issuer}`)
  if (!Buffer.from(parts.algorithm.encoded).equals(algorithm.encoded))
    throw new SyntaxError('the list names two algorithms')
  await verifySignature(tbs, readDerOid(readDerChildren(algorithm, TAG.SEQUENCE)[0]), signature, ca)
  requireKnownExtensions(parts.extensions, LIST_EXTENSIONS, 'the list')
  const { thisUpdate, nextUpdate } = parts
  return { thisUpdate, nextUpdate, serials: await readSerials(parts.entries, der) }
}

const PEM = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/

function toDer(bytes: Uint8Array): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer[0] === TAG.SEQUENCE) return buffer
  const base64 = PEM.exec(buffer.toString('latin1'))?.[1]
  if (!base64) throw new SyntaxError('the list is neither DER nor PEM')
  return Buffer.from(base64, 'base64')
}

/** TBSCertList: version, signature, issuer, thisUpdate, nextUpdate, revokedCertificates, crlExtensions [0]. */
function readParts(tbs: DerValue) {
  const [version, algorithm, issuer, thisUpdate, nextUpdate, ...rest] = readDerChildren(tbs, TAG.SEQUENCE)
  if (version?.tag !== TAG.INTEGER || version.contents[0] !== 1) throw new SyntaxError('the list is not of version 2')
  if (!algorithm) throw new SyntaxError('the list does not name an algorithm')
  return {
    algorithm,
    issuer: readName(issuer),
    thisUpdate: readDerTime(thisUpdate),
    // Optional in the grammar, required by the profile (RFC 5280, section 5.1.2.5): without it an old list passes as
    // current.
    nextUpdate: readDerTime(nextUpdate),
    entries: rest.find(({ tag }) => tag === TAG.SEQUENCE),
    extensions: rest.find(({ tag }) => tag === EXTENSIONS),
  }
}

const EXTENSIONS = 0xa0
const verifyAsync = promisify(verify)

/** The digest of each accepted signature algorithm, by its OID. SHA-1 is not accepted. */
const DIGESTS: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
  '1.3.101.113': null,
}

async function verifySignature(tbs: DerValue, oid: string, signature: DerValue, ca: X509Certificate): Promise<void> {
  const digest = DIGESTS[oid]
  if (digest === undefined)
    throw new SyntaxError(`the signature algorithm ${oid} is not RSA, ECDSA or EdDSA with SHA-2`)
  if (signature.tag !== TAG.BIT_STRING || signature.contents[0] !== 0)
    throw new SyntaxError('the signature is not a bit string')
  const verified = await verifyAsync(digest, tbs.encoded, ca.publicKey, signature.contents.subarray(1)).catch(
    () => false,
  )
  if (!verified) throw new SyntaxError('the signature does not verify with the key of the CA')
}

/**
 * Extensions that do not change the meaning of a complete list: key identifier, number, freshest list, authority
 * information.
 */
const LIST_EXTENSIONS: ReadonlySet<string> = new Set(['2.5.29.35', '2.5.29.20', '2.5.29.46', '1.3.6.1.5.5.7.1.1'])
/** The reason, and the time since which the key may be compromised. */
const ENTRY_EXTENSIONS: ReadonlySet<string> = new Set(['2.5.29.21', '2.5.29.24'])

/** A delta list, a list of some certificates, an entry of another CA: none of them is in a complete list of one CA. */
const OTHER_LISTS: ReadonlySet<string> = new Set(['2.5.29.27', '2.5.29.28', '2.5.29.29'])

function requireKnownExtensions(extensions: DerValue | undefined, known: ReadonlySet<string>, where: string): void {
  if (!extensions) return
  const list = extensions.tag === EXTENSIONS ? readDerValues(extensions.contents)[0] : extensions
  for (const extension of readDerChildren(list, TAG.SEQUENCE)) {
    const [id, critical] = readDerChildren(extension, TAG.SEQUENCE)
    const oid = readDerOid(id)
    const isCritical = critical?.tag === TAG.BOOLEAN && critical.contents[0] !== 0
    if (OTHER_LISTS.has(oid) || (isCritical && !known.has(oid))) {
      throw new SyntaxError(`${where} has the extension ${oid}, so this is not a complete list of one CA`)
    }
  }
}

/** The number of entries between two yields to the event loop. They take one or two milliseconds. */
const ENTRIES_AT_ONCE = 2_000
/** In bytes: a SEQUENCE with an INTEGER of one byte and a UTCTime. */
const SHORTEST_ENTRY = 20

async function readSerials(entries: DerValue | undefined, der: Buffer): Promise<SerialSet> {
  const bytes = entries?.contents ?? new Uint8Array()
  const serials = createSerialSet(der, Math.ceil(bytes.length / SHORTEST_ENTRY))
  let read = 0
  for (let at = 0; at < bytes.length; ) {
    const entry = readDerValue(bytes, at)
    const [serial, , extensions] = readDerChildren(entry, TAG.SEQUENCE)
    // The table relies on these two checks: it has room for every entry, and reads the number's length from one byte.
    if (serial?.tag !== TAG.INTEGER || serial.encoded.length !== serial.contents.length + 2)
      throw new SyntaxError('the serial number of an entry is missing')
    if (entry.encoded.length < SHORTEST_ENTRY) throw new SyntaxError('the date of an entry is missing')
    requireKnownExtensions(extensions, ENTRY_EXTENSIONS, 'an entry')
    serials.add(serial.encoded.byteOffset - der.byteOffset)
    at += entry.encoded.length
    read += 1
    if (read % ENTRIES_AT_ONCE === 0) await new Promise(setImmediate)
  }
  return serials.build()
}
