import { createPublicKey, generateKeyPairSync, hash, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { der } from '@countersign/test-support/write-der'
import { formatCertificateDate } from '@countersign/wire'

/**
 * A CA that issues certificates faster than an origin can verify them. `createCa` of test-support is too slow for that.
 */
export interface FastCa {
  /** PEM. */
  readonly ca: string
  /** Its private key. Another process makes the same CA of it. */
  readonly key: KeyObject
  /** Issues a certificate to client `n`, in DER. */
  readonly issueTo: (n: number) => Buffer
  /** The certificate headers of client `n` as the Worker writes them, by name in lower case. */
  readonly fieldsOf: (n: number, certificate?: Buffer) => [name: string, value: string][]
}

const ECDSA_SHA256 = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))
const BASIC_CONSTRAINTS_CA = der(
  0xa3,
  der(0x30, der(0x30, Buffer.from('0603551d130101ff', 'hex'), der(0x04, Buffer.from('30030101ff', 'hex')))),
)
const [NOT_BEFORE, NOT_AFTER] = ['260101000000Z', '490101000000Z']

/** @param key - of the same CA in another process */
export function createFastCa(key: KeyObject = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey): FastCa {
  const publicKey = createPublicKey(key.export({ type: 'pkcs8', format: 'pem' }))
  const client = publicKey
  const root = issue(1, 'Bench CA', publicKey, key, BASIC_CONSTRAINTS_CA)
  const issueTo = (n: number) => issue(n + 2, `client-${n}`, client, key)
  return {
    ca: new X509Certificate(root).toString(),
    key,
    issueTo,
    fieldsOf: (n, certificate = issueTo(n)) => [
      ['x-cert-presented', '1'],
      ['x-cert-verify', 'SUCCESS'],
      ['x-cert-revoked', '0'],
      ['x-cert-subject-dn', `CN=client-${n}`],
      ['x-cert-issuer-dn', 'CN=Bench CA'],
      ['x-cert-subject-dn-2253', `CN=client-${n}`],
      ['x-cert-issuer-dn-2253', 'CN=Bench CA'],
      [
        'x-cert-serial',
        formatSerial(n + 2)
          .toString('hex')
          .toUpperCase(),
      ],
      ['x-cert-finger', hash('sha1', certificate)],
      ['x-cert-finger-256', hash('sha256', certificate)],
      ['x-cert-notbe', formatCertificateDate(Date.UTC(2026, 0))],
      ['x-cert-notaf', formatCertificateDate(Date.UTC(2049, 0))],
      ['client-cert', `:${certificate.toString('base64')}:`],
    ],
  }
}

function formatSerial(serial: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes.writeUInt8(0x40)
  bytes.writeUInt32BE(serial, 1)
  return bytes
}

function issue(
  serial: number,
  name: string,
  key: KeyObject,
  signer: KeyObject,
  extensions: Buffer = Buffer.alloc(0),
): Buffer {
  const tbs = der(
    0x30,
    Buffer.from('a003020102', 'hex'),
    der(0x02, formatSerial(serial)),
    ECDSA_SHA256,
    formatName('Bench CA'),
    der(0x30, der(0x17, Buffer.from(NOT_BEFORE)), der(0x17, Buffer.from(NOT_AFTER))),
    formatName(name),
    key.export({ type: 'spki', format: 'der' }),
    extensions,
  )
  return der(0x30, tbs, ECDSA_SHA256, der(0x03, Buffer.from([0]), sign('sha256', tbs, signer)))
}

function formatName(commonName: string): Buffer {
  return der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from(commonName)))))
}

/** An Access team that signs tokens faster than dev-edge's. */
export interface FastTeam {
  /** For the origin's `access`. */
  readonly access: { readonly issuer: string; readonly audience: string; readonly jwks: { readonly keys: object[] } }
  readonly key: KeyObject
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** Signs the token of user `n`. This takes most of the time of a token. */
  readonly signFor: (n: number) => Buffer
  /** The token of user `n`, about 900 characters long like Cloudflare's. */
  readonly tokenOf: (n: number, signature?: Buffer) => string
}

/** A team whose tokens another process or a rotation continues. */
export interface FastTeamOptions {
  /** The id of the key. Teams with other ids are one team whose keys rotate. */
  readonly kid?: string
  readonly key?: KeyObject
  readonly issuedAt?: number
}

const ISSUER = 'https://bench.cloudflareaccess.com'
const AUDIENCE = 'a'.repeat(64)

export function createFastTeam({
  kid = 'bench',
  key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  issuedAt = Math.floor(Date.now() / 1000),
}: FastTeamOptions = {}): FastTeam {
  const publicJwk = createPublicKey(key.export({ type: 'pkcs8', format: 'pem' })).export({ format: 'jwk' })
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = encode({ alg: 'RS256', kid, typ: 'JWT' })
  const iat = issuedAt
  const signedPart = (n: number) => {
    const claims = { aud: [AUDIENCE], email: `user-${n}@bench.example`, exp: iat + 86_400, iat, nbf: iat }
    const session = {
      iss: ISSUER,
      type: 'app',
      identity_nonce: 'n'.repeat(16),
      sub: `${n}`.padStart(36, '0'),
      country: 'US',
    }
    return `${header}.${encode({ ...claims, ...session })}`
  }
  const signFor = (n: number) => sign('sha256', Buffer.from(signedPart(n)), key)
  return {
    access: {
      issuer: ISSUER,
      audience: AUDIENCE,
      jwks: { keys: [{ ...publicJwk, kid, alg: 'RS256', use: 'sig' }] },
    },
    key,
    issuedAt,
    signFor,
    tokenOf: (n, signature = signFor(n)) => `${signedPart(n)}.${signature.toString('base64url')}`,
  }
}
