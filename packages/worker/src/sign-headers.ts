import {
  ACCESS_TOKEN_HEADER,
  buildSignatureBase,
  formatSignatureInput,
  type RequestTarget,
  SIGNATURE_LABEL,
} from '@countersign/wire'
import type { SigningKey } from './signing-key.ts'
import type { StampedHeader } from './stamp-headers.ts'

/** Seconds from `created` to `expires`: time for a slow connection between edge and origin, too little for a thief. */
const SIGNATURE_LIFETIME = 60

const latin1 = (byte: number) => String.fromCharCode(byte)

/**
 * Signs the stamped headers, the Access token and the request's target, and adds `Signature-Input` and `Signature`
 * (RFC 9421) to the headers.
 */
export async function signHeaders(
  headers: Headers,
  stamped: readonly StampedHeader[],
  target: RequestTarget,
  key: SigningKey,
): Promise<void> {
  const covered = new Map<string, string>(stamped)
  const token = headers.get(ACCESS_TOKEN_HEADER)?.trim() ?? null
  const fields = token === null ? [...covered.keys()] : [ACCESS_TOKEN_HEADER, ...covered.keys()]
  if (token !== null) {
    // Sent as it is signed: left alone, workerd would send the client's bytes, spaces and broken UTF-8 included.
    headers.set(ACCESS_TOKEN_HEADER, token)
    covered.set(ACCESS_TOKEN_HEADER, token)
  }

  const created = Math.floor(Date.now() / 1000)
  const signatureInput = formatSignatureInput(fields, {
    created,
    expires: created + SIGNATURE_LIFETIME,
    nonce: base64url(crypto.getRandomValues(new Uint8Array(16))),
    keyid: key.keyid,
    alg: key.alg,
  })
  const base = buildSignatureBase(fields, (field) => covered.get(field), target, signatureInput)
  const algorithm = key.alg === 'hmac-sha256' ? 'HMAC' : 'Ed25519'
  const signature = await crypto.subtle.sign(algorithm, key.cryptoKey, new TextEncoder().encode(base))

  addMember(headers, 'signature-input', signatureInput)
  addMember(headers, 'signature', `:${base64(new Uint8Array(signature))}:`)
}

/** Ours first, the client's own signatures under other labels behind it. */
function addMember(headers: Headers, name: string, value: string): void {
  const others = headers.get(name)
  headers.set(name, `${SIGNATURE_LABEL}=${value}${others === null ? '' : `, ${others}`}`)
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, latin1).join(''))
}

function base64url(bytes: Uint8Array): string {
  return base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
