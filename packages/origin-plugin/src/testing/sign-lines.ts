import {
  createHmac,
  createPrivateKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import {
  ACCESS_TOKEN_HEADER,
  buildSignatureBase,
  COVERED_FIELDS,
  formatSignatureInput,
  type SignatureAlgorithm,
  type SigningJwk,
  splitRequestTarget,
} from '@countersign/wire'
import type { HeaderLine } from './header-lines.ts'

/** The host name of the test origin. */
export const AUTHORITY = 'origin.example'

/** A key that the edge signs with, and what the origin gets of it. */
export interface EdgeKeyPair {
  readonly alg: SignatureAlgorithm
  readonly kid: string
  readonly signingKey: KeyObject
  /** For the option `edge.keys`. */
  readonly jwk: SigningJwk
}

export function hmacKey(kid = 'hmac-1', secret: Uint8Array = randomBytes(32)): EdgeKeyPair {
  const k = Buffer.from(secret).toString('base64url')
  return { alg: 'hmac-sha256', kid, signingKey: createSecretKey(secret), jwk: { kty: 'oct', kid, k } }
}

export function ed25519Key(kid = 'ed-1'): EdgeKeyPair {
  const { privateKey } = generateKeyPairSync('ed25519')
  const { x = '' } = privateKey.export({ format: 'jwk' })
  return {
    alg: 'ed25519',
    kid,
    signingKey: createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })),
    jwk: { kty: 'OKP', crv: 'Ed25519', kid, x },
  }
}

/** What is signed, and what to sign otherwise than the Worker would. */
export interface Signing {
  readonly key: EdgeKeyPair
  readonly method?: string
  readonly target?: string
  readonly authority?: string
  /** Seconds since the epoch. */
  readonly created?: number
  readonly expires?: number
  readonly nonce?: string
  readonly keyid?: string
  readonly alg?: SignatureAlgorithm
  /** The covered fields. */
  readonly fields?: (carried: readonly string[]) => readonly string[]
  /** Rewrites the `Signature-Input` member before it is signed. */
  readonly input?: (member: string) => string
  /** Rewrites the base before it is signed. */
  readonly base?: (base: string) => string
  /** Rewrites the bytes of the signature. */
  readonly signature?: (bytes: Buffer) => Buffer
}

export const newNonce = (): string => randomBytes(16).toString('base64url')

/** Signs header lines as the Worker does: the lines, then `Signature-Input` and `Signature`. */
export function signLines(lines: readonly HeaderLine[], signing: Signing): HeaderLine[] {
  const { key, method = 'GET', target = '/', authority = AUTHORITY } = signing
  const created = signing.created ?? Math.floor(Date.now() / 1000)
  const lineOf = (name: string) => lines.find(([each]) => each.toLowerCase() === name)?.[1]
  const carried = COVERED_FIELDS.filter((name) => lineOf(name) !== undefined)
  const fields = signing.fields?.(carried) ?? carried
  const parameters = {
    created,
    expires: signing.expires ?? created + 60,
    nonce: signing.nonce ?? newNonce(),
    keyid: signing.keyid ?? key.kid,
    alg: signing.alg ?? key.alg,
  }
  const written = formatSignatureInput(fields, parameters)
  const input = signing.input?.(written) ?? written
  const plain = buildSignatureBase(
    fields,
    (name) => lineOf(name) ?? '',
    { authority, method, ...splitRequestTarget(target) },
    input,
  )
  const bytes = Buffer.from(signing.base?.(plain) ?? plain, 'latin1')
  const signature =
    key.alg === 'ed25519'
      ? sign(null, bytes, key.signingKey)
      : createHmac('sha256', key.signingKey).update(bytes).digest()
  return [
    ...lines,
    ['Signature-Input', `countersign=${input}`],
    ['Signature', `countersign=:${(signing.signature?.(signature) ?? signature).toString('base64')}:`],
  ]
}

/** The line that carries an Access token. */
export const tokenLine = (token: string): HeaderLine => [ACCESS_TOKEN_HEADER, token]
