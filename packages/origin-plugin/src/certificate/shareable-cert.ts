import { X509Certificate } from 'node:crypto'
import { inspect } from 'node:util'
import type { PathCertificate } from '../certification-path/path-certificate.ts'
import { type ChainCert, type ClientCert, describeCert } from '../client-cert.ts'
import type { EdgeFields } from '../read-headers.ts'
import { computeFingerprint } from '../x509/fingerprint.ts'
import { fingerprintOf, readSerialNumber } from '../x509/hex-identifier.ts'
import {
  decodeClientCert,
  ForwardedCert,
  type OwnProperties,
  type RareProperties,
  readOwnProperties,
  readRareProperties,
} from './forwarded-cert.ts'

/** The certificate headers of a request, by the names of the Worker's headers. */
export type CertHeaders = Pick<EdgeFields, 'get' | 'certificateHeaders'>

/**
 * A certificate as the headers of one request describe it. Nothing is known of its issuer yet. `shareableCert` makes the
 * one that requests share.
 */
export interface ParsedCert extends Pick<ClientCert, 'issuer' | 'validFrom' | 'validTo' | 'issuerKeyId'> {
  /** `undefined` for a known certificate: {@link ownOf} reads them from its headers. */
  readonly own: OwnProperties | undefined
  /** Hexadecimal in any spelling; `undefined` for a source that sends the certificate alone. */
  readonly sha1: string | undefined
  /** Hexadecimal in any spelling. */
  readonly sha256: string
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** Reads the certificate itself; `undefined` if it did not come along. */
  readonly whole: (() => ForwardedCert) | undefined
  readonly headers: CertHeaders
}

/**
 * A certificate that requests can share: frozen, and without a part that a handler could change for the others. Dates,
 * bytes and Node's certificates cannot be frozen, so each read returns a new one.
 *
 * Its accessors are properties of its own, so that `JSON.stringify()` and `{ ...clientCert }` contain them. All
 * certificates share the functions. Most requests read few of them, so their values are made when they are read.
 *
 * The plain form is an object literal with accessors. It makes new functions and a new hidden class for each certificate,
 * which takes 3.7 µs for three of them.
 */
class SharedCert implements ClientCert {
  readonly #sha1: string | undefined
  readonly #sha256: string
  readonly #notBefore: number
  readonly #notAfter: number
  readonly #headers: CertHeaders
  #own: OwnProperties | undefined
  #fingerprint256: string | undefined
  #rare: RareProperties | undefined
  #raw: ClientCert['raw'] | undefined
  declare readonly subject: ClientCert['subject']
  readonly issuer: ClientCert['issuer']
  declare readonly serialNumber: string
  declare readonly fingerprint: string
  declare readonly fingerprint256: string
  readonly validFrom: string
  declare readonly validFromDate: Date
  readonly validTo: string
  declare readonly validToDate: Date
  declare readonly keyId: string | undefined
  readonly issuerKeyId: string | undefined
  readonly verified = true
  readonly verification = 'SUCCESS'
  readonly revoked = false
  declare readonly x509: ClientCert['x509']
  readonly chain: ClientCert['chain']
  declare readonly subjectAltName: ClientCert['subjectAltName']
  declare readonly subjectAltNames: ClientCert['subjectAltNames']
  declare readonly spiffeId: string | undefined
  declare readonly spki256: string | undefined
  declare readonly extendedKeyUsage: ClientCert['extendedKeyUsage']
  declare readonly raw: ClientCert['raw']

  constructor(parsed: ParsedCert, chain: ClientCert['chain']) {
    this.#sha1 = parsed.sha1
    this.#sha256 = parsed.sha256
    this.#notBefore = parsed.notBefore
    this.#notAfter = parsed.notAfter
    this.#headers = parsed.headers
    this.#own = parsed.own
    this.issuer = parsed.issuer
    this.validFrom = parsed.validFrom
    this.validTo = parsed.validTo
    this.issuerKeyId = parsed.issuerKeyId
    this.chain = chain
    for (const [name, accessor] of ACCESSORS) Object.defineProperty(this, name, accessor)
    Object.freeze(this)
  }

  /** `console.log` shows the values, and not the names of accessors. */
  [inspect.custom](): object {
    return { ...this }
  }

  /**
   * The bytes are decoded again, because the header is at hand. Kept, they would keep 8 KiB of the pool that Node cuts
   * small buffers from.
   */
  static #derOf(cert: SharedCert): Buffer | undefined {
    return decodeClientCert(cert.#headers)
  }

  static ownOf(cert: SharedCert): OwnProperties {
    cert.#own ??= readOwnProperties(cert.#headers)
    return cert.#own
  }

  static rareOf(cert: SharedCert): RareProperties | undefined {
    if (cert.#rare) return cert.#rare
    const der = SharedCert.#derOf(cert)
    cert.#rare = der && readRareProperties(der)
    return cert.#rare
  }

  /** Without the Access token, because applications log and display certificates. */
  static rawOf(cert: SharedCert): ClientCert['raw'] {
    cert.#raw ??= Object.freeze(Object.fromEntries(cert.#headers.certificateHeaders()))
    return cert.#raw
  }

  static fingerprintOf(cert: SharedCert): string {
    return cert.#sha1 === undefined
      ? computeFingerprint(SharedCert.#derOf(cert) as Buffer, 'sha1')
      : fingerprintOf(cert.#sha1, 20)
  }

  static fingerprint256Of(cert: SharedCert): string {
    cert.#fingerprint256 ??= fingerprintOf(cert.#sha256, 32)
    return cert.#fingerprint256
  }

  static x509Of(cert: SharedCert): X509Certificate | undefined {
    const der = SharedCert.#derOf(cert)
    return der && new X509Certificate(der)
  }

  static readonly notBeforeOf = (cert: SharedCert): Date => new Date(cert.#notBefore)
  static readonly notAfterOf = (cert: SharedCert): Date => new Date(cert.#notAfter)
}

function accessor(read: (cert: SharedCert) => unknown): PropertyDescriptor {
  return {
    enumerable: true,
    get(this: SharedCert) {
      return read(this)
    },
  }
}

const ACCESSORS: readonly (readonly [name: keyof ClientCert, accessor: PropertyDescriptor])[] = [
  ['subject', accessor((cert) => SharedCert.ownOf(cert).subject)],
  ['serialNumber', accessor((cert) => SharedCert.ownOf(cert).serialNumber)],
  ['keyId', accessor((cert) => SharedCert.ownOf(cert).keyId)],
  ['fingerprint', accessor(SharedCert.fingerprintOf)],
  ['fingerprint256', accessor(SharedCert.fingerprint256Of)],
  ['validFromDate', accessor(SharedCert.notBeforeOf)],
  ['validToDate', accessor(SharedCert.notAfterOf)],
  ['x509', accessor(SharedCert.x509Of)],
  ['subjectAltName', accessor((cert) => cert.x509?.subjectAltName)],
  ['subjectAltNames', accessor((cert) => SharedCert.rareOf(cert)?.subjectAltNames)],
  ['spiffeId', accessor((cert) => SharedCert.rareOf(cert)?.spiffeId)],
  ['spki256', accessor((cert) => SharedCert.rareOf(cert)?.spki256)],
  ['extendedKeyUsage', accessor((cert) => SharedCert.rareOf(cert)?.extendedKeyUsage)],
  ['raw', accessor(SharedCert.rawOf)],
]

/**
 * Makes a certificate that requests can share.
 *
 * @param path - the CAs of its certification path, if there is one
 */
export function shareableCert(parsed: ParsedCert, path: readonly PathCertificate[] | undefined): ClientCert {
  return new SharedCert(parsed, path && Object.freeze(path.map(shareableCa)))
}

function shareableCa({ x509, subject, issuer, keyId, validFrom, validTo }: PathCertificate): ChainCert {
  const der = x509.raw
  return Object.freeze({
    subject,
    issuer,
    serialNumber: readSerialNumber(x509.serialNumber),
    fingerprint256: x509.fingerprint256,
    validFrom: x509.validFrom,
    validTo: x509.validTo,
    keyId,
    get validFromDate() {
      return new Date(validFrom)
    },
    get validToDate() {
      return new Date(validTo)
    },
    get x509() {
      return new X509Certificate(der)
    },
  })
}

/** Reads a shared certificate as a parsed one, to look for its issuer again. */
export function reopenCert(cert: ClientCert): ParsedCert {
  const { subject, serialNumber, keyId, issuer, validFrom, validTo, issuerKeyId, raw } = cert
  // Each read of it is a parse.
  const { x509 } = cert
  return {
    own: { subject, serialNumber, keyId },
    ...{ issuer, validFrom, validTo, issuerKeyId },
    sha1: cert.fingerprint,
    sha256: cert.fingerprint256,
    notBefore: cert.validFromDate.getTime(),
    notAfter: cert.validToDate.getTime(),
    whole: x509 && (() => new ForwardedCert(x509.raw, x509)),
    headers: { get: (name) => raw[name], certificateHeaders: () => Object.entries(raw) },
  }
}

/** The properties that name the owner of a certificate. */
export function ownOf({ own, headers }: ParsedCert): OwnProperties {
  return own ?? readOwnProperties(headers)
}

/** Names a certificate in the reason of a refusal. */
export function describeParsed(parsed: ParsedCert): string {
  const { subject, serialNumber } = ownOf(parsed)
  return describeCert({ serialNumber, subject, fingerprint256: fingerprintOf(parsed.sha256, 32) })
}
