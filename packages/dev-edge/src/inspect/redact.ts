import type { CapturedRequest } from '@countersign/origin-plugin/explain'
import { ACCESS_TOKEN_HEADER, isCertificateFamily, splitDictionary } from '@countersign/wire'
import { decodeJwt, decodeProtectedHeader } from 'jose'

/** A header as it may be shown. */
export interface ShownHeader {
  readonly name: string
  readonly value: string
}

/** The path, whose query may hold anything. */
export function redactTarget(target: string): string {
  const [path = '', query] = splitOnce(target, '?')
  return shorten(path) + (query === undefined ? '' : `?(${count(query)})`)
}

/** The headers that the origin decides on. The token loses its signature, and the edge signature nearly all of it. */
export function redactHeaders({ rawHeaders }: CapturedRequest): ShownHeader[] {
  const shown: ShownHeader[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase()
    const redact = REDACTED[name] ?? (isCertificateFamily(name) ? shorten : undefined)
    if (redact) shown.push({ name: shorten(name), value: redact(rawHeaders[at + 1] as string) })
  }
  return shown
}

const REDACTED: Readonly<Record<string, ((value: string) => string) | undefined>> = Object.assign(Object.create(null), {
  [ACCESS_TOKEN_HEADER]: redactToken,
  signature: redactSignature,
  'signature-input': (value: string) => value,
  'client-cert': count,
  'client-cert-chain': count,
})

/** Enough to tell two applications, two teams or two clocks apart. Of other claims, which are personal, the names. */
const SHOWN_CLAIMS = ['iss', 'aud', 'exp', 'nbf', 'iat', 'type']

/** What a token says of its key and its application, proven or not. Nothing of its signature. */
export function redactToken(token: string): string {
  try {
    const header = decodeProtectedHeader(token)
    const claims = decodeJwt(token)
    const names = Object.keys(claims)
    const shown = names.filter((name) => SHOWN_CLAIMS.includes(name)).map((name) => [name, claims[name]])
    const others = names.filter((name) => !SHOWN_CLAIMS.includes(name))
    return [
      shorten(JSON.stringify({ alg: header.alg, kid: header.kid, typ: header.typ })),
      shorten(JSON.stringify(Object.fromEntries(shown))),
      shorten(`and ${others.join(', ') || 'no other claim'}`),
    ].join(' ')
  } catch {
    return `no JWT (${count(token)})`
  }
}

/** Each member's first characters, which tell two signatures apart. */
function redactSignature(value: string): string {
  try {
    return splitDictionary(value)
      .map(({ key, value }) => `${shorten(key)}=${value.slice(0, 5)}…`)
      .join(', ')
  } catch {
    return `no dictionary (${count(value)})`
  }
}

function count(value: string): string {
  return `${value.length} characters`
}

/** No value is needed in full to recognise it. */
const MAX_SHOWN = 300

function shorten(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${count(text)})` : text
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)]
}
