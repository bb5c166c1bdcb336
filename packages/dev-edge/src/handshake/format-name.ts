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
    `${shortName(type)}=${typeof value === 'string' ? escapeValue(value) : `#${hex(value)}`}`
  return name
    .toReversed()
    .map((rdn) => rdn.toReversed().map(attribute).join('+'))
    .join(',')
}

/** OpenSSL's short names that differ from ours. */
const OPENSSL_NAMES: ReadonlyMap<string, string> = new Map([
  ['2.5.4.9', 'street'],
  ['0.9.2342.19200300.100.1.44', 'uid'],
])

function shortName(type: string): string {
  return OPENSSL_NAMES.get(attributeTypeId(type)) ?? type
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
