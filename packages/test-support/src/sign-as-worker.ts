import { createHmac, createPrivateKey, createSecretKey, randomBytes, sign } from 'node:crypto'
import {
  buildSignatureBase,
  COVERED_FIELDS,
  formatSignatureInput,
  type SignatureAlgorithm,
  type SigningJwk,
  splitRequestTarget,
} from '@countersign/wire'
import { type WireRequest, withHeader } from './wire-request.ts'

/** Deviations from the signature that the Worker makes. */
export interface SignatureOverrides {
  /** Chooses the covered fields. By default these are the covered fields that the request carries. */
  readonly fields?: (carried: readonly string[]) => readonly string[]
  /** The default is the request's `Host`. */
  readonly authority?: string
  /** Seconds since the epoch. */
  readonly created?: number
  /** Seconds since the epoch. The default is 60 seconds after `created`. */
  readonly expires?: number
  readonly nonce?: string
  readonly keyid?: string
  /** The name of the algorithm. The key decides which one is used. */
  readonly alg?: SignatureAlgorithm
  /** Rewrites the `Signature-Input` member before it is signed. */
  readonly input?: (member: string) => string
  /** Rewrites the base before it is signed. */
  readonly base?: (base: string) => string
  /** Rewrites the bytes of the signature. */
  readonly signature?: (bytes: Buffer, base: string) => Buffer
}

/**
 * Signs a request as the Worker does, except for the overrides: as an attacker with the key would, or a faulty edge.
 *
 * A signature that the request already has is replaced.
 *
 * @param key - the private half of the edge's key
 */
export function signAsWorker(request: WireRequest, key: SigningJwk, overrides: SignatureOverrides = {}): WireRequest {
  const { created = Math.floor(Date.now() / 1000), signature = (bytes: Buffer) => bytes } = overrides
  const values = firstValues(request)
  const carried = COVERED_FIELDS.filter((field) => values.has(field))
  const fields = overrides.fields?.(carried) ?? carried
  const member = formatSignatureInput(fields, {
    created,
    expires: overrides.expires ?? created + 60,
    nonce: overrides.nonce ?? randomBytes(16).toString('base64url'),
    keyid: overrides.keyid ?? key.kid ?? '',
    alg: overrides.alg ?? (key.kty === 'oct' ? 'hmac-sha256' : 'ed25519'),
  })
  const input = overrides.input?.(member) ?? member
  const target = {
    authority: overrides.authority ?? values.get('host') ?? '',
    method: request.method,
    ...splitRequestTarget(request.target),
  }
  const built = buildSignatureBase(fields, (field) => values.get(field) ?? '', target, input)
  const base = overrides.base?.(built) ?? built
  const bytes = signature(signerOf(key)(base), base)
  const [inputLine, signatureLine] = [`countersign=${input}`, `countersign=:${bytes.toString('base64')}:`]
  if (!values.has('signature-input') && !values.has('signature')) {
    return { ...request, headers: [...request.headers, 'Signature-Input', inputLine, 'Signature', signatureLine] }
  }
  return withHeader(withHeader(request, 'Signature-Input', inputLine), 'Signature', signatureLine)
}

/** The value of each header's first line, by name in lower case. */
function firstValues({ headers }: WireRequest): Map<string, string> {
  const values = new Map<string, string>()
  for (let at = headers.length - 2; at >= 0; at -= 2)
    values.set((headers[at] as string).toLowerCase(), headers[at + 1] as string)
  return values
}

/** Imported keys: benchmarks sign some 100,000 requests with one key, and its import takes longer than a signature. */
const SIGNERS = new WeakMap<SigningJwk, (base: string) => Buffer>()

function signerOf(key: SigningJwk): (base: string) => Buffer {
  const signer = SIGNERS.get(key) ?? createSigner(key)
  SIGNERS.set(key, signer)
  return signer
}

function createSigner(key: SigningJwk): (base: string) => Buffer {
  if (key.kty === 'oct') {
    const secret = createSecretKey(String(key.k), 'base64url')
    return (base) => createHmac('sha256', secret).update(base, 'latin1').digest()
  }
  const privateKey = createPrivateKey({ format: 'jwk', key: { ...key } })
  return (base) => sign(null, Buffer.from(base, 'latin1'), privateKey)
}
