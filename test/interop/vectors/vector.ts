import { createHash } from 'node:crypto'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { type SignatureOverrides, signAsWorker } from '@countersign/test-support/sign-as-worker'
import { type HeaderLine, headerLines, type WireRequest } from '@countersign/test-support/wire-request'
import type { SigningJwk, TlsClientAuth } from '@countersign/wire'

/** The rules of docs/wire.md by which a request is refused, with the code of each refusal. */
export const RULES = {
  'header-repeated': 'CSN_HEADERS_MALFORMED',
  'header-unknown': 'CSN_HEADERS_MALFORMED',
  'header-value': 'CSN_HEADERS_MALFORMED',
  'host-repeated': 'CSN_SIGNATURE_INVALID',
  'target-characters': 'CSN_SIGNATURE_INVALID',
  'host-spelling': 'CSN_SIGNATURE_INVALID',
  'signature-missing': 'CSN_SIGNATURE_MISSING',
  dictionary: 'CSN_SIGNATURE_INVALID',
  'member-repeated': 'CSN_SIGNATURE_INVALID',
  'derived-components': 'CSN_SIGNATURE_INVALID',
  components: 'CSN_SIGNATURE_INVALID',
  'always-covered': 'CSN_SIGNATURE_INVALID',
  coverage: 'CSN_SIGNATURE_INVALID',
  parameters: 'CSN_SIGNATURE_INVALID',
  keyid: 'CSN_SIGNATURE_INVALID',
  alg: 'CSN_SIGNATURE_INVALID',
  'signature-encoding': 'CSN_SIGNATURE_INVALID',
  signature: 'CSN_SIGNATURE_INVALID',
  created: 'CSN_SIGNATURE_INVALID',
  expired: 'CSN_SIGNATURE_EXPIRED',
  'own-host': 'CSN_SIGNATURE_INVALID',
  flags: 'CSN_HEADERS_MALFORMED',
  'not-presented': 'CSN_CERT_MISSING',
  preflight: 'CSN_CERT_MISSING',
  'validity-verdict': 'CSN_CERT_EXPIRED',
  unverified: 'CSN_CERT_UNVERIFIED',
  revoked: 'CSN_CERT_REVOKED',
  description: 'CSN_HEADERS_MALFORMED',
  'ambiguous-name': 'CSN_CERT_UNREADABLE',
  mismatch: 'CSN_CERT_MISMATCH',
  'outside-validity': 'CSN_CERT_EXPIRED',
  replayed: 'CSN_SIGNATURE_REPLAYED',
} as const

/** A rule of docs/wire.md. */
export type Rule = keyof typeof RULES

/** The origin's knowledge when it receives the request of a vector. */
export interface Circumstances {
  /** Seconds since the epoch. */
  readonly now: number
  /** The nonces of requests that the origin accepted before. */
  readonly spent: readonly string[]
  /** Whether the route does without a certificate. */
  readonly certificate: 'required' | 'optional'
}

/** A request, the circumstances, and the text that was signed; `null` without a signature of the Worker. */
export interface Vector extends Circumstances {
  readonly name: string
  readonly request: { readonly method: string; readonly target: string; readonly headers: readonly HeaderLine[] }
  readonly signatureBase: string | null
}

/** The choices of the Worker that made a request, and Cloudflare's description of the certificate. */
export interface WorkerSetting {
  readonly forwardCert: 'leaf' | 'chain' | 'none'
  readonly names: 'all' | 'rfc2253'
  readonly tlsClientAuth: TlsClientAuth
}

/** The client of an accepted request, in the text of the headers. */
export interface VectorClient {
  /** `null` for an empty name. */
  readonly subject: string | null
  readonly serial: string
  readonly fingerprint256: string
  /** Headers of a later release. */
  readonly later: Readonly<Record<string, string>>
}

/** A vector of `accepted.json`. */
export interface AcceptedVector extends Vector {
  /** The Worker that makes this request, except for time and nonce. Left out if no Worker of this release does. */
  readonly worker?: WorkerSetting
  /** `null` if the client presented no certificate. */
  readonly client: VectorClient | null
}

/** A vector of `refused.json`. */
export interface RefusedVector extends Vector {
  readonly rule: Rule
  readonly code: string
}

/** The key of RFC 9421, appendix B.1.5. The prefix `dev-` keeps it out of production: an origin refuses it there. */
export const HMAC: SigningJwk = hmacKey(
  'dev-vectors-hmac',
  Buffer.from('uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==', 'base64'),
).privateJwk

/** The key of RFC 8037, appendix A.1. */
export const ED25519: SigningJwk = {
  kty: 'OKP',
  crv: 'Ed25519',
  kid: 'dev-vectors-ed25519',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
}
const { d: _private, ...ED25519_PUBLIC } = ED25519

/** The configuration of the origin that decides on all vectors. */
export const SETTING = {
  workerKeys: [HMAC, ED25519],
  originKeys: [HMAC, ED25519_PUBLIC],
  hosts: ['app.example.com', 'app.example.com:8443', '[2001:db8::1]'],
  maxAge: 60,
  clockTolerance: 5,
} as const

/** The time of each signature, in seconds since the epoch. */
export const CREATED = 1795600000

/** The nonce of a vector: the same in every run. */
export function nonceOf(name: string): string {
  return createHash('sha256').update(name).digest().subarray(0, 16).toString('base64url')
}

/** Deviations from a vector that the Worker signed just before. */
export interface VectorChanges extends SignatureOverrides, Partial<Circumstances> {
  readonly key?: SigningJwk
  /** Changes the request after it was signed. */
  readonly after?: (request: WireRequest) => WireRequest
}

/** Signs a request, and makes a vector of it. */
export function buildVector(name: string, request: WireRequest, changes: VectorChanges = {}): Vector {
  const { key = HMAC, after = (signed) => signed, base = (text) => text } = changes
  let signatureBase: string | null = null
  const signed = signAsWorker(request, key, {
    created: CREATED,
    nonce: nonceOf(name),
    ...changes,
    base(text) {
      signatureBase = base(text)
      return signatureBase
    },
  })
  const { method, target, ...sent } = after(signed)
  return {
    name,
    request: { method, target, headers: headerLines({ method, target, ...sent }) },
    now: changes.now ?? CREATED + 1,
    spent: changes.spent ?? [],
    certificate: changes.certificate ?? 'required',
    signatureBase,
  }
}
