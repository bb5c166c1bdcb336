import { ACCESS_TOKEN_HEADER, COVERED_FIELDS, isCertificateFamily } from '@countersign/wire'
import type { KnownCertificate } from './client-memory.ts'
import { EdgeFields, slotOf } from './edge-fields.ts'
import { refusal } from './errors.ts'

const PRINTABLE_ASCII = /^[\x20-\x7e]+$/

/**
 * Reads the fields that the edge speaks for, from the header lines as they came.
 *
 * Not from `request.headers`: Node joins repeated lines there, and `X-CERT-SUBJECT-DN: CN=evil` before the real line
 * arrives as `CN=evil, CN=good`, which is itself a plausible name.
 *
 * @param rawHeaders - names and values in turn, as `IncomingMessage#rawHeaders`
 * @throws CountersignError `CSN_HEADERS_MALFORMED` for a repeated line, or a name of the family that is not in the table
 *   (`x_cert_subject_dn`, `cf-cert-serial`): something behind the origin may fold it into one that is
 */
export function readHeaders(rawHeaders: readonly string[]): EdgeFields {
  const fields = new EdgeFields()
  const { values } = fields
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    const slot = slotOfSpelling(name)
    if (slot === undefined) continue
    if (values[slot] !== undefined) throw malformed(name, 'is repeated')
    values[slot] = rawHeaders[at + 1] as string
  }
  return fields
}

/**
 * Requires printable ASCII of every value: the edge writes nothing else.
 *
 * @param known - what is known of the same certificate headers, if they were seen before
 * @throws CountersignError `CSN_HEADERS_MALFORMED`
 */
export function requirePrintable({ values, token }: EdgeFields, known?: KnownCertificate<unknown>): void {
  if (known) {
    if (token !== known.last?.token && token !== undefined) requirePrintableValue(ACCESS_TOKEN_HEADER, token)
    return
  }
  for (const [slot, value] of values.entries()) {
    if (value !== undefined) requirePrintableValue(COVERED_FIELDS[slot] as string, value)
  }
}

function requirePrintableValue(name: string, value: string): void {
  if (!PRINTABLE_ASCII.test(value)) throw malformed(name, 'is empty or not printable ASCII')
}

interface Spelling {
  readonly name: string
  /** The code of its last letter: strings that differ take several times as long to compare as equal ones. */
  readonly last: number
  readonly slot: number
}

const byLength = (spell: (name: string) => string): readonly (readonly Spelling[])[] => {
  const longest = Math.max(...COVERED_FIELDS.map((name) => name.length))
  const spellings = COVERED_FIELDS.map((field, slot) => {
    const name = spell(field)
    return { name, last: name.charCodeAt(name.length - 1), slot }
  })
  return Array.from({ length: longest + 1 }, (_, length) => spellings.filter(({ name }) => name.length === length))
}

/** The two spellings in use. A fresh string is compared with another of its length faster than it is hashed. */
const LOWER_CASE = byLength((name) => name)
const TITLE_CASE = byLength((name) => name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()))
const NONE: readonly Spelling[] = []

/**
 * The slot of a field name in any case; `undefined` for a header that is no concern of ours.
 *
 * @throws CountersignError `CSN_HEADERS_MALFORMED` for a name that is only similar
 */
function slotOfSpelling(name: string): number | undefined {
  const first = name.charCodeAt(0)
  // C or X: nearly every other header stops here.
  if ((first | 0x20) !== 0x63 && (first | 0x20) !== 0x78) return undefined
  const last = name.charCodeAt(name.length - 1)
  const spellings = (first < 0x61 ? TITLE_CASE : LOWER_CASE)[name.length] ?? NONE
  for (let at = 0; at < spellings.length; at += 1) {
    const spelling = spellings[at] as Spelling
    if (spelling.last === last && spelling.name === name) return spelling.slot
  }
  const inFamily = isCertificateFamily(name)
  if (!inFamily && name.length !== ACCESS_TOKEN_HEADER.length) return undefined
  const slot = slotOf(name.toLowerCase())
  if (slot === undefined && inFamily) throw malformed(name, 'is not one that the edge sends')
  return slot
}

function malformed(name: string, what: string) {
  return refusal('CSN_HEADERS_MALFORMED', `the header ${name.toLowerCase().slice(0, 64)} ${what}`)
}
