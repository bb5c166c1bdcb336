import {
  ACCESS_TOKEN_HEADER,
  buildSignatureBase,
  formatSignatureInput,
  type RequestTarget,
  SIGNATURE_LABEL,
} from '@countersign/wire'
import type { SigningKey } from './signing-key.ts'
import { stripLabel } from './strip-headers.ts'

/**
 * Seconds from `created` to `expires`: enough for a slow connection between edge and origin, too few to use a stolen
 * request.
 */
const SIGNATURE_LIFETIME = 60

const VISIBLE_ASCII = /^[\x21-\x7e]*$/
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
  const received = headers.get(ACCESS_TOKEN_HEADER)
  const token = received?.trim() ?? null
  const fields = token === null ? [...stamped.keys()] : [ACCESS_TOKEN_HEADER, ...stamped.keys()]
  // Send the token as it is signed. Otherwise workerd would send the client's bytes, with spaces and broken UTF-8.
  if (token !== null && (token !== received || !VISIBLE_ASCII.test(token))) headers.set(ACCESS_TOKEN_HEADER, token)

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

  setMember(headers, 'signature-input', signatureInput)
  setMember(headers, 'signature', `:${toBase64(new Uint8Array(signature))}:`)
}

/** Writes our member first, in place of any member with our label. The client's other signatures follow it. */
function setMember(headers: Headers, name: string, value: string): void {
  const received = headers.get(name)
  const others = received === null ? '' : stripLabel(received)
  headers.set(name, `${SIGNATURE_LABEL}=${value}${others === '' ? '' : `, ${others}`}`)
}

/** Uint8Array.prototype.toBase64() is missing in the Node versions on which the test kit runs this code. */
function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

function toBase64Url(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
