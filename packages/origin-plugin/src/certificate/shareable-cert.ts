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

/** The key of the values of a certificate that are made when they are read. */
const LATE = Symbol('late values')

/** The values that most requests do not read. None of them can be changed through its object. */
class LateValues {
  readonly #sha1: string | undefined
  readonly #sha256: string
  readonly #notBefore: number
  readonly #notAfter: number
  readonly #headers: CertHeaders
  #own: OwnProperties | undefined
  #fingerprint256: string | undefined
  #rare: RareProperties | undefined
  #raw: ClientCert['raw'] | undefined

  constructor({ sha1, sha256, notBefore, notAfter, headers, own }: ParsedCert) {
    this.#sha1 = sha1
    this.#sha256 = sha256
    this.#notBefore = notBefore
    this.#notAfter = notAfter
    this.#headers = headers
    this.#own = own
    Object.freeze(this)
  }

  /**
   * The bytes are decoded again, because the header is at hand. Kept, they would keep 8 KiB of the pool that Node cuts
   * small buffers from.
   */
  #der(): Buffer | undefined {
    return decodeClientCert(this.#headers)
  }

  get own(): OwnProperties {
    this.#own ??= readOwnProperties(this.#headers)
    return this.#own
  }

  get rare(): RareProperties | undefined {
    if (this.#rare) return this.#rare
    const der = this.#der()
    this.#rare = der && readRareProperties(der)
    return this.#rare
  }

  /** Without the Access token, because applications log and display certificates. */
  get raw(): ClientCert['raw'] {
    this.#raw ??= Object.freeze(Object.fromEntries(this.#headers.certificateHeaders()))
    return this.#raw
  }

  get fingerprint(): string {
    return this.#sha1 === undefined ? computeFingerprint(this.#der() as Buffer, 'sha1') : fingerprintOf(this.#sha1, 20)
  }

  get fingerprint256(): string {
    this.#fingerprint256 ??= fingerprintOf(this.#sha256, 32)
    return this.#fingerprint256
  }

  get x509(): X509Certificate | undefined {
    const der = this.#der()
    return der && new X509Certificate(der)
  }

  get notBefore(): Date {
    return new Date(this.#notBefore)
  }

  get notAfter(): Date {
    return new Date(this.#notAfter)
  }
}

/**
 * A certificate that requests can share: frozen, and without a part that a handler could change for the others. Dates,
 * bytes and Node's certificates cannot be frozen, so each read returns a new one.
 *
 * Its accessors are properties of its own, so that `JSON.stringify()` and `{ ...clientCert }` contain them, in the order
 * of the interface. All certificates share the functions. Most requests read few of them, so their values are made when
 * they are read. They find them by a symbol, because a private field is not that of a `Proxy` or of
 * `Object.create(clientCert)`.
 *
 * The plain form is an object literal with accessors. It makes new functions and a new hidden class for each certificate,
 * which takes 3.7 µs for three of them.
 */
class SharedCert implements ClientCert {
  declare readonly [LATE]: LateValues
  declare readonly subject: ClientCert['subject']
  declare readonly issuer: ClientCert['issuer']
  declare readonly serialNumber: string
  declare readonly validFrom: string
  declare readonly validTo: string
  declare readonly keyId: string | undefined
  declare readonly issuerKeyId: string | undefined
  declare readonly verified: true
  declare readonly verification: 'SUCCESS'
  declare readonly revoked: false
  declare readonly chain: ClientCert['chain']
  declare readonly fingerprint: string
  declare readonly fingerprint256: string
  declare readonly validFromDate: Date
  declare readonly validToDate: Date
  declare readonly x509: ClientCert['x509']
  declare readonly subjectAltName: ClientCert['subjectAltName']
  declare readonly subjectAltNames: ClientCert['subjectAltNames']
  declare readonly spiffeId: string | undefined
  declare readonly spki256: string | undefined
  declare readonly extendedKeyUsage: ClientCert['extendedKeyUsage']
  declare readonly raw: ClientCert['raw']

  constructor(parsed: ParsedCert, chain: ClientCert['chain']) {
    Object.defineProperty(this, LATE, { value: new LateValues(parsed) })
    Object.defineProperty(this, 'subject', SUBJECT)
    this.issuer = parsed.issuer
    Object.defineProperty(this, 'serialNumber', SERIAL_NUMBER)
    this.validFrom = parsed.validFrom
    this.validTo = parsed.validTo
    Object.defineProperty(this, 'keyId', KEY_ID)
    this.issuerKeyId = parsed.issuerKeyId
    this.verified = true
    this.verification = 'SUCCESS'
    this.revoked = false
    this.chain = chain
    for (const [name, accessor] of ACCESSORS) Object.defineProperty(this, name, accessor)
    Object.freeze(this)
  }

  /** `console.log` shows the values, and not the names of accessors. */
  [inspect.custom](): object {
    return { ...this }
  }
}

function accessor(read: (late: LateValues) => unknown): PropertyDescriptor {
  return {
    enumerable: true,
    get(this: SharedCert) {
      return read(this[LATE])
    },
  }
}

const SUBJECT = accessor(({ own }) => own.subject)
const SERIAL_NUMBER = accessor(({ own }) => own.serialNumber)
const KEY_ID = accessor(({ own }) => own.keyId)
/** The others, which come last. */
const ACCESSORS: readonly (readonly [name: keyof ClientCert, accessor: PropertyDescriptor])[] = [
  ['fingerprint', accessor((late) => late.fingerprint)],
  ['fingerprint256', accessor((late) => late.fingerprint256)],
  ['validFromDate', accessor((late) => late.notBefore)],
  ['validToDate', accessor((late) => late.notAfter)],
  ['x509', accessor((late) => late.x509)],
  ['subjectAltName', accessor((late) => late.x509?.subjectAltName)],
  ['subjectAltNames', accessor((late) => late.rare?.subjectAltNames)],
  ['spiffeId', accessor((late) => late.rare?.spiffeId)],
  ['spki256', accessor((late) => late.rare?.spki256)],
  ['extendedKeyUsage', accessor((late) => late.rare?.extendedKeyUsage)],
  ['raw', accessor((late) => late.raw)],
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
