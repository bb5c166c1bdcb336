import type { TestCa } from '@countersign/test-support/certificates'
import { der } from '@countersign/test-support/write-der'
import { readDerChildren, readDerValue, TAG } from '../../src/x509/der.ts'

/** The parts of a list in the order of RFC 5280, section 5.1. Each is in DER, valid or not, and empty if it is missing. */
export interface CrlParts {
  readonly version?: Uint8Array
  /** The algorithm in the signed part. */
  readonly innerAlgorithm?: Uint8Array
  readonly issuer?: Uint8Array
  readonly thisUpdate?: Uint8Array
  readonly nextUpdate?: Uint8Array
  /** The entries. `null` omits their sequence. */
  readonly entries?: readonly Uint8Array[] | null
  readonly extensions?: readonly Uint8Array[]
  /** A value at the end of the signed part. */
  readonly last?: Uint8Array
  /** The algorithm beside the signature. */
  readonly outerAlgorithm?: Uint8Array
  /** The BIT STRING, instead of the CA's signature. */
  readonly signature?: Uint8Array
}

export const TIME = der(TAG.UTC_TIME, '300101000000Z')
export const ECDSA_WITH_SHA256 = algorithm('2a8648ce3d040302')

/** An AlgorithmIdentifier without parameters. The argument is the contents of the OID in hexadecimal. */
export function algorithm(oid: string): Buffer {
  return der(TAG.SEQUENCE, der(TAG.OID, Buffer.from(oid, 'hex')))
}

/** An entry. The serial number is the contents of the INTEGER in hexadecimal. */
export function entry(serial: string, ...extensions: readonly Uint8Array[]): Buffer {
  const tail = extensions.length > 0 ? der(TAG.SEQUENCE, ...extensions) : ''
  return der(TAG.SEQUENCE, der(TAG.INTEGER, Buffer.from(serial, 'hex')), TIME, tail)
}

/** An extension. The arguments are the contents of the OID in hexadecimal, and the value in DER. */
export function extension(oid: string, value: Uint8Array, { critical = false } = {}): Buffer {
  const flag = critical ? der(TAG.BOOLEAN, '\xff') : ''
  return der(TAG.SEQUENCE, der(TAG.OID, Buffer.from(oid, 'hex')), flag, der(TAG.OCTET_STRING, value))
}

/** Writes a list that OpenSSL would not write. The CA's key signs it. */
export function writeCrl(ca: Pick<TestCa, 'cert' | 'sign'>, parts: CrlParts = {}): Buffer {
  const {
    version = der(TAG.INTEGER, '\x01'),
    innerAlgorithm = ECDSA_WITH_SHA256,
    issuer = subjectOf(ca),
    thisUpdate = TIME,
    nextUpdate = TIME,
    entries = [],
    extensions,
    last = '',
    outerAlgorithm = ECDSA_WITH_SHA256,
  } = parts
  const tbs = der(
    TAG.SEQUENCE,
    version,
    innerAlgorithm,
    issuer,
    thisUpdate,
    nextUpdate,
    entries ? der(TAG.SEQUENCE, ...entries) : '',
    extensions ? der(0xa0, der(TAG.SEQUENCE, ...extensions)) : '',
    last,
  )
  const signature = parts.signature ?? der(TAG.BIT_STRING, '\0', ca.sign(tbs))
  return der(TAG.SEQUENCE, tbs, outerAlgorithm, signature)
}

/** The name of the CA in DER. */
export function subjectOf({ cert }: Pick<TestCa, 'cert'>): Uint8Array {
  const [tbsCertificate] = readDerChildren(readDerValue(cert.raw, 0), TAG.SEQUENCE)
  return readDerChildren(tbsCertificate, TAG.SEQUENCE)[5]?.encoded ?? Buffer.alloc(0)
}

/** A list in PEM. */
export function crlPem(list: Uint8Array): string {
  const lines = Buffer.from(list).toString('base64').replace(/.{64}/g, '$&\n')
  return `-----BEGIN X509 CRL-----\n${lines}\n-----END X509 CRL-----\n`
}
