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
  /** When it was issued, in milliseconds since the epoch. */
  readonly thisUpdate: number
  /** When the next one is due, in milliseconds since the epoch. */
  readonly nextUpdate: number
  readonly serials: SerialSet
}

/**
 * Reads a complete CRL of one CA and verifies that the CA signed it.
 *
 * In order: it is one list in DER or PEM; its issuer is the CA; the signature is the CA's, by an algorithm that is not
 * broken; it speaks of every certificate of the CA and of no other CA's (a delta, a partial or an indirect list is
 * refused, as is any critical extension that we do not know). Reading a million entries does not hold up the event loop.
 *
 * @param bytes - DER or PEM
 * @param ca - the CA's certificate
 * @throws SyntaxError that says what is wrong with the list
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-5 RFC 5280, section 5}
 */
export async function parseCrl(bytes: Uint8Array, ca: X509Certificate): Promise<RevocationList> {
  const der = toDer(bytes)
  const [list, ...behind] = readDerValues(der)
  if (behind.length > 0) throw new SyntaxError('there is something behind the list')
  const [tbs, algorithm, signature] = readDerChildren(list, TAG.SEQUENCE)
  if (!tbs || !algorithm || !signature) throw new SyntaxError('the list is not signed')
  const parts = readParts(tbs)

  if (!parts.issuer.equals(readCertificateNames(ca.raw).subject))
    throw new SyntaxError(`it is the list of ${parts.issuer}`)
  if (!Buffer.from(parts.algorithm.encoded).equals(algorithm.encoded)) throw new SyntaxError('it names two algorithms')
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
  if (!base64) throw new SyntaxError('it is neither DER nor PEM')
  return Buffer.from(base64, 'base64')
}

/** TBSCertList: version, signature, issuer, thisUpdate, nextUpdate, revokedCertificates, crlExtensions [0]. */
function readParts(tbs: DerValue) {
  const [version, algorithm, issuer, thisUpdate, nextUpdate, ...rest] = readDerChildren(tbs, TAG.SEQUENCE)
  if (version?.tag !== TAG.INTEGER || version.contents[0] !== 1) throw new SyntaxError('it is not a list of version 2')
  if (!algorithm) throw new SyntaxError('it names no algorithm')
  return {
    algorithm,
    issuer: readName(issuer),
    thisUpdate: readDerTime(thisUpdate),
    // Optional in the grammar and required by the profile: without it nobody could tell an old list from a current one.
    nextUpdate: readDerTime(nextUpdate),
    entries: rest.find(({ tag }) => tag === TAG.SEQUENCE),
    extensions: rest.find(({ tag }) => tag === EXTENSIONS),
  }
}

const EXTENSIONS = 0xa0
const verifyAsync = promisify(verify)

/** Signature algorithms by OID, with their digest. SHA-1 is not among them. */
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
    throw new SyntaxError(`its signature algorithm ${oid} is not one of RSA, ECDSA or EdDSA with SHA-2`)
  if (signature.tag !== TAG.BIT_STRING || signature.contents[0] !== 0)
    throw new SyntaxError('its signature is no bit string')
  const verified = await verifyAsync(digest, tbs.encoded, ca.publicKey, signature.contents.subarray(1)).catch(
    () => false,
  )
  if (!verified) throw new SyntaxError("its signature is not the CA's")
}

/** Extensions that do not change what a complete list means: key identifier, number, freshest list. */
const LIST_EXTENSIONS: ReadonlySet<string> = new Set(['2.5.29.35', '2.5.29.20', '2.5.29.46', '1.3.6.1.5.5.7.1.1'])
/** Reason, and the day from which on the key was in wrong hands. */
const ENTRY_EXTENSIONS: ReadonlySet<string> = new Set(['2.5.29.21', '2.5.29.24'])

/** A change to another list, a list of some certificates only, an entry of another CA's: never a complete list of one CA. */
const OTHER_LISTS: ReadonlySet<string> = new Set(['2.5.29.27', '2.5.29.28', '2.5.29.29'])

function requireKnownExtensions(extensions: DerValue | undefined, known: ReadonlySet<string>, where: string): void {
  if (!extensions) return
  const list = extensions.tag === EXTENSIONS ? readDerValues(extensions.contents)[0] : extensions
  for (const extension of readDerChildren(list, TAG.SEQUENCE)) {
    const [id, critical] = readDerChildren(extension, TAG.SEQUENCE)
    const oid = readDerOid(id)
    const isCritical = critical?.tag === TAG.BOOLEAN && critical.contents[0] !== 0
    if (OTHER_LISTS.has(oid) || (isCritical && !known.has(oid))) {
      throw new SyntaxError(`${where} has the extension ${oid}: it is not a complete list of one CA`)
    }
  }
}

/** So many entries are read before others get their turn: one or two milliseconds. */
const ENTRIES_AT_ONCE = 2_000
/** SEQUENCE, INTEGER of one byte, UTCTime: no entry is shorter. */
const SHORTEST_ENTRY = 20

async function readSerials(entries: DerValue | undefined, der: Buffer): Promise<SerialSet> {
  const bytes = entries?.contents ?? new Uint8Array()
  const serials = createSerialSet(der, Math.ceil(bytes.length / SHORTEST_ENTRY))
  let read = 0
  for (let at = 0; at < bytes.length; ) {
    const entry = readDerValue(bytes, at)
    const [serial, , extensions] = readDerChildren(entry, TAG.SEQUENCE)
    // Exactly what the table counts on: room for every entry, and the length of the number in one byte.
    if (serial?.tag !== TAG.INTEGER || serial.encoded.length !== serial.contents.length + 2)
      throw new SyntaxError('an entry has no serial number')
    if (entry.encoded.length < SHORTEST_ENTRY) throw new SyntaxError('an entry has no date')
    requireKnownExtensions(extensions, ENTRY_EXTENSIONS, 'an entry')
    serials.add(serial.encoded.byteOffset - der.byteOffset)
    at += entry.encoded.length
    read += 1
    if (read % ENTRIES_AT_ONCE === 0) await new Promise(setImmediate)
  }
  return serials.build()
}
