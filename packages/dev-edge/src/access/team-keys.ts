import { createHash, type webcrypto } from 'node:crypto'
import type { JWK } from 'jose'
import { toPem } from '../pki/dev-client.ts'
import { type Identity, issueCertificate } from '../pki/issue-certificate.ts'
import { daysFromNow } from '../pki/pki.ts'

/** The path at which an Access team publishes its keys. */
export const ACCESS_CERTS_PATH = '/cdn-cgi/access/certs'

/** A signing key of Access. */
export interface AccessKey {
  /** 64 hexadecimal digits, as at Cloudflare. */
  readonly kid: string
  readonly privateKey: webcrypto.CryptoKey
  readonly jwk: JWK
  /** PEM of a self-signed certificate over the same key. */
  readonly cert: string
}

/** The document at `/cdn-cgi/access/certs`. */
export interface AccessCerts {
  /** The JWKs, newest first. */
  readonly keys: readonly JWK[]
  /** The newest key again, as a certificate. */
  readonly public_cert: { readonly kid: string; readonly cert: string }
  readonly public_certs: readonly { readonly kid: string; readonly cert: string }[]
}

/** Issues an RSA key for Access, with a certificate over it. */
export function issueAccessIdentity(teamDomain: string): Promise<Identity> {
  return issueCertificate({
    kind: 'server',
    subject: `CN=${teamDomain},O=Countersign Dev Edge`,
    keyType: 'RSA-2048',
    notBefore: daysFromNow(-1),
    notAfter: daysFromNow(365),
  })
}

/** Derives the signing key of Access from an identity. */
export async function toAccessKey({ certificate, keys }: Identity): Promise<AccessKey> {
  const kid = createHash('sha256').update(Buffer.from(certificate.rawData)).digest('hex')
  const { kty, e, n } = await crypto.subtle.exportKey('jwk', keys.publicKey)
  const jwk = { kid, kty, alg: 'RS256', use: 'sig', e, n } as JWK
  return { kid, privateKey: keys.privateKey, jwk, cert: toPem(certificate) }
}

/**
 * Formats the keys as Cloudflare publishes them.
 *
 * @see
 * {@link https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/ Cloudflare: validate JWTs}
 */
export function formatAccessCerts(keys: readonly [AccessKey, ...AccessKey[]]): AccessCerts {
  const publicCerts = keys.map(({ kid, cert }) => ({ kid, cert }))
  const [{ kid, cert }] = keys
  return { keys: keys.map(({ jwk }) => jwk), public_cert: { kid, cert }, public_certs: publicCerts }
}
