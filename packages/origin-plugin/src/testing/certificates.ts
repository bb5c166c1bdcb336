import { execFileSync } from 'node:child_process'
import { KeyObject, sign, type webcrypto, X509Certificate } from 'node:crypto'
import { attributeTypeId, parseDistinguishedName } from '@countersign/wire'
import { readDerChildren, readDerValue, TAG } from '../x509/der.ts'
import type { IssuedCert } from './header-lines.ts'
import * as x509 from './x509.ts'

type KeyPair = x509.X509CertificateCreateSelfSignedParams['keys']

/** What a certificate is to say; everything has a default. */
export interface Template {
  /** RFC 4514 text, or the DER of a Name, for what no library writes. */
  readonly subject?: string | Uint8Array
  readonly serialNumber?: string
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly san?: x509.JsonGeneralNames
  readonly extensions?: readonly x509.Extension[]
  /** Leave the key identifiers out. */
  readonly bare?: boolean
}

/** A certificate authority of the tests. */
export interface TestCa extends IssuedCert {
  issue(template?: Template): Promise<IssuedCert>
  /** Another CA below this one. */
  issueCa(template?: Template): Promise<TestCa>
  /** Signs anything with the CA's key: ECDSA with SHA-256, in DER. */
  sign(bytes: Uint8Array): Buffer
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY = 86_400_000

const newKeys = () => crypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']) as Promise<KeyPair>

/** Makes a root CA with an EC key. */
export async function createCa(subject = 'CN=Acme Client CA,O=Acme,C=US'): Promise<TestCa> {
  const keys = await newKeys()
  return caOf(await issue({ subject }, 'ca', keys, { name: encodeName(subject), keys }), keys)
}

function caOf(cert: x509.X509Certificate, keys: KeyPair, above?: x509.X509Certificate): TestCa {
  const below = { name: cert.subjectName, keys }
  return {
    ...issued(cert, above ?? cert),
    issue: async (template = {}) => issued(await issue(template, 'client', await newKeys(), below), cert),
    sign: (bytes) => signWith(keys, bytes),
    async issueCa(template = {}) {
      const own = await newKeys()
      return caOf(await issue(template, 'ca', own, below), own, cert)
    },
  }
}

async function issue(
  template: Template,
  kind: 'ca' | 'client',
  keys: KeyPair,
  issuer: { readonly name: x509.Name; readonly keys: KeyPair },
): Promise<x509.X509Certificate> {
  const { subject = 'CN=pay-1,OU=Ops,O=Acme\\, Inc.,C=US' } = template
  const extensions: x509.Extension[] = [new x509.BasicConstraintsExtension(kind === 'ca', undefined, true)]
  if (!template.bare) {
    extensions.push(
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
    )
  }
  if (template.san) extensions.push(new x509.SubjectAlternativeNameExtension(template.san))
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber:
      template.serialNumber ?? `4${Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex')}0`,
    subject: encodeName(typeof subject === 'string' ? subject : 'CN=placeholder'),
    issuer: issuer.name,
    notBefore: template.notBefore ?? new Date(Date.now() - DAY),
    notAfter: template.notAfter ?? new Date(Date.now() + DAY),
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: ECDSA,
    extensions: [...extensions, ...(template.extensions ?? [])],
  })
  return typeof subject === 'string' ? cert : withSubject(cert, subject, issuer.keys)
}

/** The certificate with another subject, signed again: the library writes string types as it likes. */
function withSubject(cert: x509.X509Certificate, subject: Uint8Array, keys: KeyPair): x509.X509Certificate {
  const [tbs, algorithm] = readDerChildren(readDerValue(new Uint8Array(cert.rawData), 0), TAG.SEQUENCE)
  const parts = readDerChildren(tbs, TAG.SEQUENCE).map(({ encoded }, at) => (at === SUBJECT ? subject : encoded))
  const changed = der(TAG.SEQUENCE, ...parts)
  const signature = signWith(keys, changed)
  const encoded = der(TAG.SEQUENCE, changed, algorithm?.encoded ?? '', der(TAG.BIT_STRING, '\0', signature))
  return new x509.X509Certificate(encoded)
}

function signWith({ privateKey }: KeyPair, bytes: Uint8Array): Buffer {
  return sign('sha256', bytes, KeyObject.from(privateKey as webcrypto.CryptoKey))
}

/** version, serial number, algorithm, issuer, validity, subject */
const SUBJECT = 5

function issued(cert: x509.X509Certificate, issuer: x509.X509Certificate): IssuedCert {
  return {
    cert: new X509Certificate(Buffer.from(cert.rawData)),
    issuer: new X509Certificate(Buffer.from(issuer.rawData)),
    pem: cert.toString('pem'),
  }
}

/** RFC 4514 has the most specific RDN first, a certificate the most general one. */
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

/** One DER value, for what no library writes. */
export function der(tag: number, ...contents: readonly (Uint8Array | string)[]): Buffer {
  const bytes = Buffer.concat(contents.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)))
  const { length } = bytes
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Uint8Array.from(head), bytes])
}

/** One attribute of a name: its type in hexadecimal contents, and its DER value. */
export type RawAttribute = readonly [type: string, value: Uint8Array]

/** A Name in DER: the RDNs in the certificate's order. */
export function derName(...rdns: readonly (readonly RawAttribute[])[]): Buffer {
  const attribute = ([type, value]: RawAttribute) => der(TAG.SEQUENCE, der(TAG.OID, Buffer.from(type, 'hex')), value)
  return der(TAG.SEQUENCE, ...rdns.map((rdn) => der(TAG.SET, ...rdn.map(attribute).sort(Buffer.compare))))
}

/** Runs `openssl x509` on a certificate. */
export function opensslX509(pem: string, ...options: readonly string[]): string {
  return execFileSync('openssl', ['x509', '-noout', ...options], { input: pem, encoding: 'utf8' }).replace(/\n$/, '')
}

/** The subject as Cloudflare writes it, which is as OpenSSL does. */
export const opensslSubject = (pem: string): string =>
  opensslX509(pem, '-subject', '-nameopt', 'RFC2253').slice('subject='.length)
