import { type AttributeTypeAndValue, attributeTypeId, type RelativeDistinguishedName } from '@countersign/wire'
import { readDer } from './der.ts'

type CertificateName = readonly RelativeDistinguishedName[]

const utf8 = new TextEncoder()
const SPECIAL = /[,+"\\<>;]|^[ #]| $/g
const CONTROL = /\p{Cc}/gu
const NOT_PRINTABLE_ASCII = /[^\x20-\x7e]+/gu

/** Formats `certSubjectDN`: most specific RDN first, RFC 2253 escapes, characters outside ASCII unescaped. */
export function formatName(name: CertificateName): string {
  return formatRdns(name, (value) => escapeSpecial(value).replace(CONTROL, escapePairs))
}

/**
 * Formats `certSubjectDNRFC2253`: like {@link formatName}, with `\XX` pairs for every byte outside ASCII, as `openssl
 * -nameopt RFC2253` prints it.
 */
export function formatNameRfc2253(name: CertificateName): string {
  return formatRdns(name, (value) => escapeSpecial(value).replace(NOT_PRINTABLE_ASCII, escapePairs))
}

/**
 * Formats `certSubjectDNLegacy`: OpenSSL's one-line form in the certificate's order, with `\xXX` for bytes that are not
 * printable ASCII. OpenSSL 3 escapes a `/` in a value and writes a `+` within an RDN. Cloudflare documents the older
 * form.
 */
export function formatNameLegacy(name: CertificateName): string {
  return name
    .flat()
    .map(({ type, value }) => `/${shortName(type)}=${legacyValue(value)}`)
    .join('')
}

function formatRdns(name: CertificateName, escapeValue: (value: string) => string): string {
  const attribute = ({ type, value }: AttributeTypeAndValue) =>
    typeof value === 'string' ? `${shortName(type)}=${escapeValue(value)}` : `${type}=#${hex(value)}`
  return name
    .toReversed()
    .map((rdn) => rdn.toReversed().map(attribute).join('+'))
    .join(',')
}

/** Returns OpenSSL's short name, which differs from ours in the case of one type. */
function shortName(type: string): string {
  return attributeTypeId(type) === '2.5.4.9' ? 'street' : type
}

function escapeSpecial(value: string): string {
  return value.replace(SPECIAL, '\\$&')
}

function escapePairs(text: string): string {
  return Array.from(utf8.encode(text), (byte) => `\\${hex(Uint8Array.of(byte))}`).join('')
}

function legacyValue(value: string | Uint8Array): string {
  const bytes = typeof value === 'string' ? utf8.encode(value) : readDer(value).contents
  return Array.from(bytes, (byte) =>
    byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : `\\x${hex(Uint8Array.of(byte))}`,
  ).join('')
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase()
}
