import { generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { formatCertificateDate } from '@countersign/wire'
import { encodeDer } from '../../packages/dev-edge/src/pki/encode-der.ts'

/** Encodes one DER value of several parts. */
export const tlv = (tag: number, ...parts: Uint8Array[]): Buffer => encodeDer(tag, Buffer.concat(parts))

/**
 * A CA that issues certificates faster than an origin can verify them. `createCa` of test-support is too slow for that.
 */
export interface FastCa {
  /** PEM. */
  readonly ca: string
  /** The certificate headers of client `n` as the Worker writes them, by name in lower case. */
  readonly fieldsOf: (n: number) => [name: string, value: string][]
}

const ECDSA_SHA256 = tlv(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))
const BASIC_CONSTRAINTS_CA = tlv(
  0xa3,
  tlv(0x30, tlv(0x30, Buffer.from('0603551d130101ff', 'hex'), tlv(0x04, Buffer.from('30030101ff', 'hex')))),
)
const [NOT_BEFORE, NOT_AFTER] = ['260101000000Z', '490101000000Z']

export function createFastCa(): FastCa {
  const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const client = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  const root = issue(1, 'Bench CA', ca.publicKey, ca.privateKey, BASIC_CONSTRAINTS_CA)
  const toPem = (der: Buffer) =>
    `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
  return {
    ca: toPem(root),
    fieldsOf(n) {
      const der = issue(n + 2, `client-${n}`, client, ca.privateKey)
      const x509 = new X509Certificate(der)
      return [
        ['x-cert-presented', '1'],
        ['x-cert-verify', 'SUCCESS'],
        ['x-cert-revoked', '0'],
        ['x-cert-subject-dn', `CN=client-${n}`],
        ['x-cert-issuer-dn', 'CN=Bench CA'],
        ['x-cert-subject-dn-2253', `CN=client-${n}`],
        ['x-cert-issuer-dn-2253', 'CN=Bench CA'],
        ['x-cert-serial', x509.serialNumber],
        ['x-cert-finger', x509.fingerprint.replaceAll(':', '').toLowerCase()],
        ['x-cert-finger-256', x509.fingerprint256.replaceAll(':', '').toLowerCase()],
        ['x-cert-notbe', formatCertificateDate(new Date(x509.validFrom).getTime())],
        ['x-cert-notaf', formatCertificateDate(new Date(x509.validTo).getTime())],
        ['client-cert', `:${der.toString('base64')}:`],
      ]
    },
  }
}

function issue(
  serial: number,
  name: string,
  key: KeyObject,
  signer: KeyObject,
  extensions: Buffer = Buffer.alloc(0),
): Buffer {
  const serialNumber = Buffer.alloc(5)
  serialNumber.writeUInt8(0x40)
  serialNumber.writeUInt32BE(serial, 1)
  const tbs = tlv(
    0x30,
    Buffer.from('a003020102', 'hex'),
    tlv(0x02, serialNumber),
    ECDSA_SHA256,
    formatName('Bench CA'),
    tlv(0x30, tlv(0x17, Buffer.from(NOT_BEFORE)), tlv(0x17, Buffer.from(NOT_AFTER))),
    formatName(name),
    key.export({ type: 'spki', format: 'der' }),
    extensions,
  )
  return tlv(0x30, tbs, ECDSA_SHA256, tlv(0x03, Buffer.from([0]), sign('sha256', tbs, signer)))
}

function formatName(commonName: string): Buffer {
  return tlv(0x30, tlv(0x31, tlv(0x30, Buffer.from('0603550403', 'hex'), tlv(0x0c, Buffer.from(commonName)))))
}

/** An Access team that signs tokens faster than dev-edge's. */
export interface FastTeam {
  /** For the origin's `access`. */
  readonly access: { readonly issuer: string; readonly audience: string; readonly jwks: { readonly keys: object[] } }
  /** A token of user `n`, about 900 characters long like Cloudflare's. */
  readonly tokenOf: (n: number) => string
}

const ISSUER = 'https://bench.cloudflareaccess.com'
const AUDIENCE = 'a'.repeat(64)

export function createFastTeam(): FastTeam {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = encode({ alg: 'RS256', kid: 'bench', typ: 'JWT' })
  const iat = Math.floor(Date.now() / 1000)
  return {
    access: {
      issuer: ISSUER,
      audience: AUDIENCE,
      jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'RS256', use: 'sig' }] },
    },
    tokenOf(n) {
      const claims = { aud: [AUDIENCE], email: `user-${n}@bench.example`, exp: iat + 86_400, iat, nbf: iat }
      const session = {
        iss: ISSUER,
        type: 'app',
        identity_nonce: 'n'.repeat(16),
        sub: `${n}`.padStart(36, '0'),
        country: 'US',
      }
      const signed = `${header}.${encode({ ...claims, ...session })}`
      return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`
    },
  }
}
