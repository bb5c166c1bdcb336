import type { CapturedRequest } from '@countersign/origin-plugin/explain'
import {
  ACCESS_TOKEN_HEADER,
  CERTIFICATE_HEADERS,
  type CertificateHeaderSyntax,
  CF_CERT_HEADERS,
  type DictionaryMember,
  parseSignatureInput,
  SIGNATURE_LABEL,
  splitDictionary,
} from '@countersign/wire'

/** A field name (RFC 9110, section 5.1). No censor of pino in brackets is one. */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/
const AUTHORITY = /^(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/
const BYTES = ':[A-Za-z0-9+/]+={0,2}:'
const SIGNATURE = new RegExp(`^${BYTES}$`)

/** The form of each value that the edge writes. A censor writes one text in place of any of them. */
const FORMS: Readonly<Record<CertificateHeaderSyntax, RegExp>> = {
  flag: /^(?:[01]|true|false)$/,
  verdict: /^(?:SUCCESS|NONE|FAILED(?::.*)?|true|false)$/,
  dn: /=/,
  'legacy-dn': /=/,
  hex: /^[0-9A-Fa-f:]+$/,
  date: /^\w{3} .* GMT$/,
  rfc9440: new RegExp(`^${BYTES}(?:, ?${BYTES})*$`),
}

const FORM_OF: ReadonlyMap<string, RegExp> = new Map([
  ...CERTIFICATE_HEADERS.map(({ name, syntax }): [string, RegExp] => [name, FORMS[syntax]]),
  ...CF_CERT_HEADERS.flatMap(({ name, field }): [string, RegExp][] => {
    const header = CERTIFICATE_HEADERS.find((each) => each.field === field)
    // Cloudflare's managed transform writes its verdict as a flag too.
    return header ? [[name, FORMS[header.syntax]]] : []
  }),
])

/**
 * Requires that a logged request has all that the origin received, as far as a line can show it.
 *
 * A logger that censors a value gives a request that the origin never received, and a decision that it never made. So
 * a request is refused that Node would not accept, that the signature contradicts, or whose values have another form
 * than the edge's. An attacker can send such values too. The origin refuses them, and this error leaves it open.
 *
 * @throws SyntaxError that names the header, and quotes no value
 */
export function requireUnredacted({ method, target, rawHeaders }: CapturedRequest, where: string): void {
  const refuse = (fault: string) => new SyntaxError(`${where} ${fault}, so it may be redacted; ${REMEDY}`)
  if (!TOKEN.test(method) || !/^(?:\/|\*$|https?:\/\/)/i.test(target)) throw refuse('has no method and path')
  const headers = Map.groupBy(pairsOf(rawHeaders), ([name]) => name)
  // Node refuses a request over HTTP/1.1 without it.
  if (!headers.has('host')) throw refuse('lacks Host, which every request has')
  for (const [name, lines] of headers) {
    if (!TOKEN.test(name)) throw refuse('has a header without a name')
    if (lines.some(([, value]) => !hasForm(name, value)))
      throw refuse(`has a value of ${name} that the edge never sends`)
  }
  const lost = findLost(headers)
  if (lost !== undefined) throw refuse(`lacks ${lost}, which its signature needs`)
}

const REMEDY =
  'log rawHeaders unchanged, or write the request as text (request line, header lines, an empty line) if the origin did receive it like this'

/** The names in lower case, with their values. */
function pairsOf(rawHeaders: readonly string[]): [name: string, value: string][] {
  return rawHeaders.flatMap((name, at): [string, string][] =>
    at % 2 === 0 ? [[name.toLowerCase(), rawHeaders[at + 1] as string]] : [],
  )
}

function hasForm(name: string, value: string): boolean {
  switch (name) {
    case ACCESS_TOKEN_HEADER:
      return isToken(value)
    case 'host':
      return AUTHORITY.test(value)
    case 'signature':
      return membersOf(value)?.every((member) => SIGNATURE.test(member.value)) ?? false
    case 'signature-input':
      return membersOf(value)?.every((member) => member.value.startsWith('(')) ?? false
    default:
      return FORM_OF.get(name)?.test(value) ?? true
  }
}

/** Bytes of the shortest signature of Access: RS256 with 2048 bits. A token without it can be a masked one. */
const SHORTEST_SIGNATURE = 256

function isToken(text: string): boolean {
  const parts = text.split('.')
  if (parts.length !== 3 || !parts.every((part) => /^[\w-]+$/.test(part))) return false
  return Buffer.from(parts[2] as string, 'base64url').length >= SHORTEST_SIGNATURE
}

function membersOf(text: string): readonly DictionaryMember[] | undefined {
  try {
    return splitDictionary(text)
  } catch {
    return undefined
  }
}

/** The name of a header that the signature covers or belongs to, and that the request lacks. */
function findLost(
  headers: ReadonlyMap<string, readonly (readonly [name: string, value: string])[]>,
): string | undefined {
  const memberIn = (name: string) =>
    headers
      .get(name)
      ?.flatMap(([, value]) => membersOf(value) ?? [])
      .find(({ key }) => key === SIGNATURE_LABEL)
  const [input, signature] = [memberIn('signature-input'), memberIn('signature')]
  if (input === undefined) return signature === undefined ? undefined : 'signature-input'
  if (signature === undefined) return 'signature'
  return coveredBy(input.value).find((name) => !headers.has(name))
}

function coveredBy(input: string): readonly string[] {
  try {
    const { fields, later } = parseSignatureInput(input)
    return [...fields, ...later]
  } catch {
    // The origin refuses a signature outside the profile, whatever it covers.
    return []
  }
}
