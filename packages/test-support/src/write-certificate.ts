import { createHash, randomBytes, sign, X509Certificate } from 'node:crypto'
import { type TestKey, testKey } from './test-key.ts'
import { der, derName } from './write-der.ts'

/** An extension to write: the contents of its OID in hexadecimal, and the DER of its value. */
export interface RawExtension {
  readonly oid: string
  readonly critical?: boolean
  readonly value: Uint8Array
}

/** A certificate to write, valid or not. */
export interface CertificateSpec {
  /** Common names. The default issuer is the subject. */
  readonly subject: string
  readonly issuer?: string
  readonly key?: TestKey
  /** The key that signs. The default is the certificate's own. */
  readonly signer?: TestKey
  readonly notBefore?: Date
  readonly notAfter?: Date
  /** `null` omits the extension. The default is that of a client. */
  readonly basicConstraints?: { readonly ca: boolean; readonly pathLength?: number } | null
  /** The names of RFC 5280. `null` omits the extension, and it is the default. */
  readonly keyUsage?: readonly (keyof typeof KEY_USAGES)[] | null
  readonly extendedKeyUsage?: readonly (keyof typeof PURPOSES)[] | null
  /** `false` omits the key identifiers of subject and issuer. */
  readonly keyIds?: boolean
  readonly extensions?: readonly RawExtension[]
  readonly digest?: 'sha1' | 'sha256'
}

/** A written certificate with its key, ready to issue others. */
export interface WrittenCertificate {
  readonly spec: CertificateSpec
  readonly key: TestKey
  readonly der: Buffer
  readonly cert: X509Certificate
  readonly pem: string
}

const KEY_USAGES = { digitalSignature: 0, keyEncipherment: 2, keyAgreement: 4, keyCertSign: 5, cRLSign: 6 } as const
const PURPOSES = {
  serverAuth: '2b06010505070301',
  clientAuth: '2b06010505070302',
  codeSigning: '2b06010505070303',
  anyExtendedKeyUsage: '551d2500',
} as const

const COMMON_NAME = '550403'
const DAY = 86_400_000

/** Writes a certificate as its specification demands, without any check of its sense. */
export function writeCertificate(spec: CertificateSpec): WrittenCertificate {
  const key = spec.key ?? testKey()
  const signer = spec.signer ?? key
  const algorithm = signer.algorithms[spec.digest ?? 'sha256']
  const validity = der(
    0x30,
    time(spec.notBefore ?? new Date(Date.now() - DAY)),
    time(spec.notAfter ?? new Date(Date.now() + DAY)),
  )
  const signed = der(
    0x30,
    der(0xa0, der(0x02, '\x02')),
    der(0x02, Buffer.concat([Buffer.of(0x40), randomBytes(8)])),
    algorithm,
    name(spec.issuer ?? spec.subject),
    validity,
    name(spec.subject),
    key.spki,
    der(0xa3, der(0x30, ...extensionsOf(spec, key, signer).map(extension))),
  )
  const signature = sign(signer.digestOf(spec.digest ?? 'sha256'), signed, signer.privateKey)
  const bytes = der(0x30, signed, algorithm, der(0x03, '\0', signature))
  const cert = new X509Certificate(bytes)
  return { spec, key, der: bytes, cert, pem: cert.toString() }
}

/** Writes the certificate of a CA, self-signed without an issuer. */
export function writeCaCert(subject: string, issuer?: WrittenCertificate, spec: Partial<CertificateSpec> = {}) {
  return writeCertificate({
    subject,
    ...(issuer && { issuer: issuer.spec.subject, signer: issuer.key }),
    basicConstraints: { ca: true },
    keyUsage: ['keyCertSign', 'cRLSign'],
    ...spec,
  })
}

/** Writes the certificate of a client. */
export function writeClientCert(issuer: WrittenCertificate, spec: Partial<CertificateSpec> = {}) {
  return writeCertificate({
    subject: 'client',
    issuer: issuer.spec.subject,
    signer: issuer.key,
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['clientAuth'],
    ...spec,
  })
}

function extensionsOf(spec: CertificateSpec, key: TestKey, signer: TestKey): RawExtension[] {
  const { basicConstraints = { ca: false }, keyUsage, extendedKeyUsage, extensions = [] } = spec
  const own: RawExtension[] = []
  if (basicConstraints) {
    const { ca, pathLength } = basicConstraints
    const length = pathLength === undefined ? '' : der(0x02, Buffer.of(pathLength))
    own.push({ oid: '551d13', critical: true, value: der(0x30, ca ? der(0x01, '\xff') : '', length) })
  }
  if (keyUsage) {
    const bits = keyUsage.reduce((all, usage) => all | (0x80 >> KEY_USAGES[usage]), 0)
    own.push({ oid: '551d0f', critical: true, value: der(0x03, Buffer.of(unusedBits(bits), bits)) })
  }
  if (extendedKeyUsage) {
    const oids = extendedKeyUsage.map((purpose) => der(0x06, Buffer.from(PURPOSES[purpose], 'hex')))
    own.push({ oid: '551d25', value: der(0x30, ...oids) })
  }
  if (spec.keyIds !== false) {
    own.push({ oid: '551d0e', value: der(0x04, keyId(key)) })
    own.push({ oid: '551d23', value: der(0x30, der(0x80, keyId(signer))) })
  }
  return [...own, ...extensions]
}

const keyId = ({ spki }: TestKey) => createHash('sha256').update(spki).digest().subarray(0, 20)

function unusedBits(bits: number): number {
  let unused = 0
  while (unused < 7 && (bits & (1 << unused)) === 0) unused += 1
  return unused
}

function extension({ oid, critical = false, value }: RawExtension): Buffer {
  return der(0x30, der(0x06, Buffer.from(oid, 'hex')), critical ? der(0x01, '\xff') : '', der(0x04, value))
}

function name(commonName: string): Buffer {
  return derName([[COMMON_NAME, der(0x0c, Buffer.from(commonName))]])
}

function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/\D/g, '')
  const year = date.getUTCFullYear()
  return year >= 1950 && year < 2050 ? der(0x17, `${digits.slice(2, 14)}Z`) : der(0x18, `${digits.slice(0, 14)}Z`)
}
