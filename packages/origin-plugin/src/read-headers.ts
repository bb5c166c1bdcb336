import { ACCESS_TOKEN_HEADER, COVERED_FIELDS, isCertificateFamily } from '@countersign/wire'
import { refusal } from './errors.ts'

/** The header fields that the edge speaks for: the certificate family and the Access token, by name in lower case. */
export type EdgeFields = ReadonlyMap<string, string>

const COVERED = new Set(COVERED_FIELDS)
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/

/**
 * Reads the fields that the edge speaks for, from the header lines as they came.
 *
 * Not from `request.headers`: Node joins repeated lines there, and `X-CERT-SUBJECT-DN: CN=evil` before the real line
 * arrives as `CN=evil, CN=good`, which is itself a plausible name.
 *
 * @param rawHeaders - names and values in turn, as `IncomingMessage#rawHeaders`
 * @throws CountersignError `CSN_HEADERS_MALFORMED` for a repeated line, an empty value, a character that the edge never
 *   writes, or a name of the family that is not in the table (`x_cert_subject_dn`, `cf-cert-serial`): something behind
 *   the origin may fold it into one that is
 */
export function readHeaders(rawHeaders: readonly string[]): EdgeFields {
  const fields = new Map<string, string>()
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const rawName = rawHeaders[at] as string
    if (!isEdgeField(rawName)) continue
    const name = rawName.toLowerCase()
    const value = rawHeaders[at + 1] as string
    if (!COVERED.has(name)) throw malformed(name, 'is not one that the edge sends')
    if (fields.has(name)) throw malformed(name, 'is repeated')
    if (!PRINTABLE_ASCII.test(value)) throw malformed(name, 'is empty or not printable ASCII')
    fields.set(name, value)
  }
  return fields
}

function isEdgeField(name: string): boolean {
  return (
    isCertificateFamily(name) ||
    (name.length === ACCESS_TOKEN_HEADER.length && name.toLowerCase() === ACCESS_TOKEN_HEADER)
  )
}

function malformed(name: string, what: string) {
  return refusal('CSN_HEADERS_MALFORMED', `the header ${name.slice(0, 64)} ${what}`)
}
