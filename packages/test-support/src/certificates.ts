import { KeyObject, sign, type webcrypto, X509Certificate } from 'node:crypto'
// The library registers its algorithms through decorators and refuses to load without this polyfill, so it comes first.
import 'reflect-metadata'
import { attributeTypeId, parseDistinguishedName } from '@countersign/wire'
import * as x509 from '@peculiar/x509'
import { der, splitDer } from './write-der.ts'

export { x509 }

type KeyPair = x509.X509CertificateCreateSelfSignedParams['keys']

/** A certificate with the certificate of its issuer. */
export interface IssuedCert {
  readonly cert: X509Certificate
  readonly issuer: X509Certificate
  readonly pem: string
}

/** Deviations from the usual certificate. */
export interface IssueOverrides {
  /** RFC 4514 text, or the DER of a Name for names that no library writes. */
  readonly subject?: string | Uint8Array
  readonly serialNumber?: string
  /** The contents of the serial number's INTEGER, for numbers that no library writes. */
  readonly rawSerialNumber?: Uint8Array
  readonly notBefore?: Date
  readonly notAfter?: Date
  /** The DER of the Validity, for times that no library writes. */
  readonly rawValidity?: Uint8Array
  readonly san?: x509.JsonGeneralNames
  readonly extensions?: readonly x509.Extension[]
  /** Omits the key identifiers. */
  readonly bare?: boolean
}

/** A certificate authority of the tests. */
export interface TestCa extends IssuedCert {
  issue(overrides?: IssueOverrides): Promise<IssuedCert>
  /** Issues an intermediate CA. */
  issueCa(overrides?: IssueOverrides): Promise<TestCa>
  /** Signs bytes with the CA's key: ECDSA with SHA-256, in DER. */
  sign(bytes: Uint8Array): Buffer
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY = 86_400_000

const newKeys = () => crypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']) as Promise<KeyPair>

/** Creates a root CA with an EC key. */
export async function createCa(subject = 'CN=Acme Client CA,O=Acme,C=US'): Promise<TestCa> {
  const keys = await newKeys()
  return caOf(await issue({ subject }, 'ca', keys, { name: encodeName(subject), keys }), keys)
}

function caOf(cert: x509.X509Certificate, keys: KeyPair, above?: x509.X509Certificate): TestCa {
  const below = { name: cert.subjectName, keys }
  return {
    ...issued(cert, above ?? cert),
    issue: async (overrides = {}) => issued(await issue(overrides, 'client', await newKeys(), below), cert),
    sign: (bytes) => signWith(keys, bytes),
    async issueCa(overrides = {}) {
      const own = await newKeys()
      return caOf(await issue(overrides, 'ca', own, below), own, cert)
    },
  }
}

async function issue(
  overrides: IssueOverrides,
  kind: 'ca' | 'client',
  keys: KeyPair,
  issuer: { readonly name: x509.Name; readonly keys: KeyPair },
): Promise<x509.X509Certificate> {
  const { subject = 'CN=pay-1,OU=Ops,O=Acme\\, Inc.,C=US' } = overrides
  const extensions: x509.Extension[] = [new x509.BasicConstraintsExtension(kind === 'ca', undefined, true)]
  if (!overrides.bare) {
    extensions.push(
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
    )
  }
  if (overrides.san) extensions.push(new x509.SubjectAlternativeNameExtension(overrides.san))
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber:
      overrides.serialNumber ?? `4${Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex')}0`,
    subject: encodeName(typeof subject === 'string' ? subject : 'CN=placeholder'),
    issuer: issuer.name,
    notBefore: overrides.notBefore ?? new Date(Date.now() - DAY),
    notAfter: overrides.notAfter ?? new Date(Date.now() + DAY),
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: ECDSA,
    extensions: [...extensions, ...(overrides.extensions ?? [])],
  })
  const serial = overrides.rawSerialNumber && der(0x02, overrides.rawSerialNumber)
  const parts: [number, Uint8Array | undefined][] = [
    [PART.SERIAL_NUMBER, serial],
    [PART.VALIDITY, overrides.rawValidity],
    [PART.SUBJECT, typeof subject === 'string' ? undefined : subject],
  ]
  return parts.some(([, part]) => part) ? withParts(cert, parts, issuer.keys) : cert
}

/** Version, serial number, algorithm, issuer, validity, subject. */
const PART = { SERIAL_NUMBER: 1, VALIDITY: 4, SUBJECT: 5 } as const

/** The certificate with other parts, signed again. The library chooses the string types of a name itself. */
function withParts(
  cert: x509.X509Certificate,
  parts: readonly (readonly [at: number, part: Uint8Array | undefined])[],
  keys: KeyPair,
): x509.X509Certificate {
  const [tbs = Buffer.alloc(0), algorithm = ''] = splitDer(new Uint8Array(cert.rawData))
  const all = splitDer(tbs)
  for (const [at, part] of parts) if (part) all[at] = Buffer.from(part)
  const changed = der(0x30, ...all)
  return new x509.X509Certificate(der(0x30, changed, algorithm, der(0x03, '\0', signWith(keys, changed))))
}

function signWith({ privateKey }: KeyPair, bytes: Uint8Array): Buffer {
  return sign('sha256', bytes, KeyObject.from(privateKey as webcrypto.CryptoKey))
}

function issued(cert: x509.X509Certificate, issuer: x509.X509Certificate): IssuedCert {
  return {
    cert: new X509Certificate(Buffer.from(cert.rawData)),
    issuer: new X509Certificate(Buffer.from(issuer.rawData)),
    pem: cert.toString('pem'),
  }
}

/** Encodes RFC 4514 text, which begins with the most specific RDN. A certificate begins with the most general one. */
function encodeName(text: string): x509.Name {
  const rdns = parseDistinguishedName(text).map((rdn) => {
    const attributes: Record<string, { utf8String: string }[]> = {}
    for (const { type, value } of rdn) {
      const id = attributeTypeId(type)
      attributes[id] = [...(attributes[id] ?? []), { utf8String: String(value) }]
    }
    return attributes
  })
  return new x509.Name(rdns.reverse() as x509.JsonNameParams)
}
