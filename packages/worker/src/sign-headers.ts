import {
  ACCESS_TOKEN_HEADER,
  buildSignatureBase,
  formatSignatureInput,
  type RequestTarget,
  SIGNATURE_LABEL,
} from '@countersign/wire'
import type { SigningKey } from './signing-key.ts'
import { stripLabel } from './strip-headers.ts'

/** Seconds from `created` to `expires`: time for a slow connection between edge and origin, too little for a thief. */
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
  // Sent as it is signed: left alone, workerd sends the client's bytes, spaces and broken UTF-8 included.
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

/** Ours first, and in place of what the client wrote under its label; his own signatures behind it. */
function setMember(headers: Headers, name: string, value: string): void {
  const received = headers.get(name)
  const others = received === null ? '' : stripLabel(received)
  headers.set(name, `${SIGNATURE_LABEL}=${value}${others === '' ? '' : `, ${others}`}`)
}

/** Not with toBase64(): the Node versions on which the test kit runs this do not have it. */
function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

function toBase64Url(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
