import type { CapturedRequest } from '@countersign/origin-plugin/explain'
import { ACCESS_TOKEN_HEADER, isCertificateFamily, splitDictionary } from '@countersign/wire'
import { decodeJwt, decodeProtectedHeader } from 'jose'

/** A header in a form that is safe to print. */
export interface ShownHeader {
  readonly name: string
  readonly value: string
}

/** Returns the path, and the length of the query. A query may contain personal data. */
export function redactTarget(target: string): string {
  const [path = '', query] = splitOnce(target, '?')
  return shorten(path) + (query === undefined ? '' : `?(${count(query)})`)
}

/** Returns the headers that decide. The token loses its signature, and the edge signature loses most of it. */
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

/**
 * These claims distinguish two applications, two teams or two clocks. Other claims are personal, so only their names
 * are shown.
 */
const SHOWN_CLAIMS = ['iss', 'aud', 'exp', 'nbf', 'iat', 'type']

/** Returns the key and the application that a token names, verified or not. Omits its signature. */
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
    return `not a JWT (${count(token)})`
  }
}

/** Keeps the first characters of each member, which distinguish two signatures. */
function redactSignature(value: string): string {
  try {
    return splitDictionary(value)
      .map(({ key, value }) => `${shorten(key)}=${value.slice(0, 5)}…`)
      .join(', ')
  } catch {
    return `not a dictionary (${count(value)})`
  }
}

function count(value: string): string {
  return `${value.length} characters`
}

/** Characters. A longer value is recognisable by its beginning. */
const MAX_SHOWN = 300

function shorten(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${count(text)})` : text
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)]
}
