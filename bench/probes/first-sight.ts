import { createPublicKey, hash, type JsonWebKey, verify, X509Certificate } from 'node:crypto'
import { argv } from 'node:process'
import { formatCertificateDate, normalizeHex, parseCertificateDate, parsePrintedName } from '@countersign/wire'
import { createFastTeam } from '../lib/fast-identities.ts'
import { createWholeCa } from '../lib/whole-certificates.ts'
import {
  computeFingerprint,
  deepFreeze,
  findSpiffeId,
  fingerprintOf,
  isSigningCertificate,
  namesAgree,
  parseTokenPart,
  readCertificateParts,
  readExtendedKeyUsage,
  readNames,
  readSerialNumber,
} from './internals.ts'

/**
 * `node bench/probes/first-sight.ts [clients] [rounds]`: measures each step of reading one certificate and one token
 * that the origin does not remember, in microseconds.
 *
 * Each step runs over many different clients, with fresh texts in each round. A loop over one client would measure the
 * caches of V8: it computes the hash of a text once, and remembers the last text that it looked up.
 */
const [clients, rounds] = [Number(argv[2] ?? 1000), Number(argv[3] ?? 15)]

const { ca, certificateOf } = createWholeCa()
const team = createFastTeam()
const [jwk] = team.access.jwks.keys as [Parameters<typeof importKey>[0]]
const teamKey = importKey(jwk)

/** The texts of one client's request, each with memory of its own. */
interface Client {
  readonly base64: string
  readonly der: Buffer
  readonly parts: ReturnType<typeof readCertificateParts>
  readonly x509: X509Certificate
  readonly names: ReturnType<typeof readNames>
  readonly headers: Readonly<
    Record<'subject' | 'issuer' | 'serial' | 'sha1' | 'sha256' | 'keyId' | 'from' | 'to', string>
  >
  readonly printed: ReturnType<typeof parsePrintedName>
  readonly printedIssuer: ReturnType<typeof parsePrintedName>
  readonly token: string
  readonly claims: Record<string, unknown>
}

function importKey(key: object) {
  return createPublicKey({ key: key as JsonWebKey, format: 'jwk' })
}

/** A text of the same characters, as the parser of HTTP makes it. */
const fresh = (text: string) => Buffer.from(text, 'latin1').toString('latin1')

const TEXTS = Array.from({ length: clients }, (_, n) => {
  const der = certificateOf(n)
  const x509 = new X509Certificate(der)
  const { subject, issuer, subjectKeyId = '' } = readNames(readCertificateParts(der))
  return {
    der,
    base64: der.toString('base64'),
    token: team.tokenOf(n),
    headers: {
      subject: String(subject),
      issuer: String(issuer),
      serial: x509.serialNumber,
      sha1: x509.fingerprint.replaceAll(':', '').toLowerCase(),
      sha256: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
      keyId: subjectKeyId,
      from: x509.validFrom,
      to: x509.validTo,
    },
  }
})

function prepare(): Client[] {
  return TEXTS.map(({ der, base64, token, headers }) => {
    const own = Buffer.from(der)
    const parts = readCertificateParts(own)
    const texts = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, fresh(text)]))
    return {
      base64: fresh(base64),
      der: own,
      parts,
      x509: new X509Certificate(own),
      names: readNames(parts),
      headers: texts as typeof headers,
      printed: parsePrintedName(fresh(headers.subject)),
      printedIssuer: parsePrintedName(fresh(headers.issuer)),
      token: fresh(token),
      claims: JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()),
    }
  })
}

const payloadOf = (token: string) => token.slice(token.indexOf('.') + 1, token.lastIndexOf('.'))

/** Public-key cryptography, and the objects of OpenSSL that it needs. A client that was verified before needs neither. */
const VERIFICATION: Readonly<Record<string, (client: Client) => unknown>> = {
  'new X509Certificate': ({ der }) => new X509Certificate(der),
  checkIssued: ({ x509 }) => x509.checkIssued(ca),
  'signature of the certificate': ({ x509 }) => x509.verify(ca.publicKey),
  'signature of the token': ({ token }) => {
    const end = token.lastIndexOf('.')
    const signature = Buffer.from(token.slice(end + 1), 'base64url')
    return verify('sha256', Buffer.from(token.slice(0, end)), teamKey, signature)
  },
}

const READING: Readonly<Record<string, (client: Client) => unknown>> = {
  'base64 of the certificate': ({ base64 }) => Buffer.from(base64, 'base64'),
  'parts of the DER': ({ der }) => readCertificateParts(der),
  'names, alternative names': ({ parts }) => readNames(parts),
  'extended key usage': ({ parts }) => readExtendedKeyUsage(parts),
  'is it a CA': ({ parts }) => isSigningCertificate(parts),
  'SPIFFE ID': ({ names }) => findSpiffeId(names.subjectAltNames),
  'SHA-256 of the key': ({ parts }) => hash('sha256', parts.publicKey, 'base64'),
  'both fingerprints': ({ der }) => [computeFingerprint(der, 'sha1'), computeFingerprint(der, 'sha256')],
  'both dates in text': ({ parts }) => [
    formatCertificateDate(parts.validity?.notBefore ?? 0),
    formatCertificateDate(parts.validity?.notAfter ?? 0),
  ],
  'header: both names': ({ headers }) => [parsePrintedName(headers.subject), parsePrintedName(headers.issuer)],
  'header: both names agree': ({ printed, printedIssuer, names }) =>
    namesAgree(printed, names.subject) && namesAgree(printedIssuer, names.issuer),
  'header: serial number': ({ headers }) => readSerialNumber(headers.serial),
  'header: fingerprints': ({ headers }) => [fingerprintOf(headers.sha1, 20), fingerprintOf(headers.sha256, 32)],
  'header: key identifier': ({ headers }) => normalizeHex(headers.keyId),
  'header: both dates': ({ headers }) => [parseCertificateDate(headers.from), parseCertificateDate(headers.to)],
  'freezing alternative names': ({ names }) => deepFreeze(names.subjectAltNames),
  'JSON of the token': ({ token }) => parseTokenPart(payloadOf(token), 'payload'),
  'freezing claims': ({ claims }) => deepFreeze(claims),
}

/** Microseconds a client. */
function measure(step: (client: Client) => unknown, all: readonly Client[]): number {
  const start = performance.now()
  for (const client of all) kept = step(client)
  return ((performance.now() - start) * 1000) / all.length
}
/** Keeps the result, so that the compiler does not remove the step. */
let kept: unknown

const STEPS = Object.entries({ ...READING, ...VERIFICATION })
/** The shortest of all rounds: other work on the machine only adds to it. The first round compiles the code. */
const fastest = new Map<string, number>()
for (let round = 0; round <= rounds; round += 1) {
  const all = prepare()
  for (const [name, step] of STEPS) {
    fastest.set(name, Math.min(fastest.get(name) ?? Number.POSITIVE_INFINITY, measure(step, all)))
  }
}

const row = (name: string, time: number) => console.log(`${time.toFixed(2).padStart(8)} µs  ${name}`)
for (const [name, time] of fastest) row(name, time)
const sum = Object.keys(READING).reduce((all, name) => all + (fastest.get(name) ?? 0), 0)
row('sum of the steps without objects and signatures of OpenSSL', sum)
if (kept === undefined) throw new Error('a step did nothing')
