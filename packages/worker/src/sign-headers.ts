import {
  ACCESS_TOKEN_HEADER,
  buildSignatureBase,
  formatSignatureInput,
  type RequestTarget,
  SIGNATURE_LABEL,
} from '@countersign/wire'
import type { SigningKey } from './signing-key.ts'

/** Seconds from `created` to `expires`: time for a slow connection between edge and origin, too little for a thief. */
const SIGNATURE_LIFETIME = 60

const utf8 = new TextEncoder()

/**
 * Signs the stamped headers, the Access token and the request's target, and adds `Signature-Input` and `Signature`
 * (RFC 9421) to the headers.
 */
export async function signHeaders(
  headers: Headers,
  stamped: ReadonlyMap<string, string>,
  target: RequestTarget,
  key: SigningKey,
): Promise<void> {
  const token = headers.get(ACCESS_TOKEN_HEADER)?.trim() ?? null
  const fields = token === null ? [...stamped.keys()] : [ACCESS_TOKEN_HEADER, ...stamped.keys()]
  // Sent as it is signed: left alone, workerd would send the client's bytes, spaces and broken UTF-8 included.
  if (token !== null) headers.set(ACCESS_TOKEN_HEADER, token)

  const created = Math.floor(Date.now() / 1000)
  const signatureInput = formatSignatureInput(fields, {
    created,
    expires: created + SIGNATURE_LIFETIME,
    nonce: toBase64Url(toBase64(crypto.getRandomValues(new Uint8Array(16)))),
    keyid: key.keyid,
    alg: key.alg,
  })
  const base = buildSignatureBase(
    fields,
    (field) => (field === ACCESS_TOKEN_HEADER ? token : stamped.get(field)),
    target,
    signatureInput,
  )
  const algorithm = key.alg === 'hmac-sha256' ? 'HMAC' : 'Ed25519'
  const signature = await crypto.subtle.sign(algorithm, key.cryptoKey, utf8.encode(base))

  addMember(headers, 'signature-input', signatureInput)
  addMember(headers, 'signature', `:${toBase64(new Uint8Array(signature))}:`)
}

/** Ours first, the client's own signatures under other labels behind it. */
function addMember(headers: Headers, name: string, value: string): void {
  const others = headers.get(name)
  headers.set(name, `${SIGNATURE_LABEL}=${value}${others === null ? '' : `, ${others}`}`)
}

/** Not with toBase64(): the Node versions on which the test kit runs this do not have it. */
function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

function toBase64Url(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
