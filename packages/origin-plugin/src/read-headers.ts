import { ACCESS_TOKEN_HEADER, COVERED_FIELDS, type CoveredField } from '@countersign/wire'
import { refusalAt } from './errors.ts'
import { slotOf, slotOfSpelling, UNKNOWN_SLOT } from './header-index.ts'
import { HEADER_SOURCES, type HeaderSource, sourceOfHeader } from './header-source.ts'

const refuse = refusalAt('headers')

const EMPTY: readonly (string | undefined)[] = COVERED_FIELDS.map(() => undefined)
const TOKEN_SLOT = slotOf(ACCESS_TOKEN_HEADER)

/**
 * The header fields that describe the certificate, and the Access token. They have the names of the Worker's headers,
 * whatever the source.
 *
 * A list in the table's order. A `Map` took two microseconds to fill for every request.
 */
export class EdgeFields {
  /** In the order of {@link COVERED_FIELDS}. */
  readonly values: (string | undefined)[] = EMPTY.slice()
  readonly source: HeaderSource

  constructor(source: HeaderSource) {
    this.source = source
  }

  get token(): string | undefined {
    return this.values[TOKEN_SLOT]
  }

  get(name: CoveredField): string | undefined {
    return this.values[slotOf(name)]
  }

  has(name: CoveredField): boolean {
    return this.get(name) !== undefined
  }

  /** The names of the fields that the request has, in the table's order. */
  names(): CoveredField[] {
    return COVERED_FIELDS.filter((name) => this.has(name))
  }

  /** The name of the header with this field, as the operator sees it in the request. */
  headerOf(name: CoveredField): string {
    return this.source.nameOf(name) ?? name
  }

  /**
   * The certificate headers that the request has, by their names in the request, in the table's order. Without the
   * Access token, which is a secret.
   */
  certificateHeaders(): [name: string, value: string][] {
    return COVERED_FIELDS.flatMap((name): [string, string][] => {
      const value = this.get(name)
      return name === ACCESS_TOKEN_HEADER || value === undefined ? [] : [[this.headerOf(name), value]]
    })
  }
}

/**
 * Reads the certificate headers of one source, and the Access token, from the raw header lines.
 *
 * `request.headers` will not do. Node joins repeated lines there, and `X-CERT-SUBJECT-DN: CN=evil` before the real line
 * arrives as `CN=evil, CN=good`, which is itself a plausible name.
 *
 * @param rawHeaders - names and values in turn, as `IncomingMessage#rawHeaders`
 * @throws CountersignError `CSN_HEADERS_MALFORMED` for a repeated line, for a header of another source, and for a name
 *   of the family that no source sends (`x_cert_subject_dn`): a server behind the origin may fold it into a name of the
 *   table
 */
export function readHeaders(rawHeaders: readonly string[], source: HeaderSource = HEADER_SOURCES.worker): EdgeFields {
  const fields = new EdgeFields(source)
  const { values } = fields
  const { index } = source
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    const slot = slotOfSpelling(name, index)
    if (slot === undefined) continue
    if (slot === UNKNOWN_SLOT) throw explainUnknown(name, source, rawHeaders)
    if (values[slot] !== undefined) throw malformed(name, 'is repeated')
    values[slot] = rawHeaders[at + 1] as string
  }
  return fields
}

/**
 * Attack: the client writes the headers of another source, which nobody removes. A program behind the origin could read
 * those. The operator may also have set another source at Cloudflare than here.
 */
function explainUnknown(name: string, { name: expected, index }: HeaderSource, rawHeaders: readonly string[]) {
  const other = sourceOfHeader(name.toLowerCase())
  if (!other) return malformed(name, 'is not sent by the edge')
  const own = rawHeaders.find((each, at) => {
    const slot = at % 2 === 0 ? slotOfSpelling(each, index) : undefined
    return slot !== undefined && slot !== UNKNOWN_SLOT && slot !== TOKEN_SLOT
  })
  return own === undefined
    ? malformed(name, `is a header of the source '${other}', and this origin reads the source '${expected}'`)
    : malformed(
        name,
        `and ${own.toLowerCase()} are headers of two sources, '${other}' and '${expected}', and this origin reads '${expected}'`,
      )
}

const PRINTABLE_ASCII = /^[\x20-\x7e]+$/

/**
 * Requires printable ASCII of every value. The edge writes nothing else.
 *
 * @param checked - fields with the same certificate headers that passed this check before
 * @throws CountersignError `CSN_HEADERS_MALFORMED`
 */
export function requirePrintable(fields: EdgeFields, checked?: EdgeFields): void {
  const { values, token } = fields
  if (checked) {
    if (token !== checked.token && token !== undefined) requirePrintableValue(ACCESS_TOKEN_HEADER, token)
    return
  }
  for (const [slot, value] of values.entries()) {
    if (value !== undefined) requirePrintableValue(fields.headerOf(COVERED_FIELDS[slot] as CoveredField), value)
  }
}

function requirePrintableValue(name: string, value: string): void {
  if (!PRINTABLE_ASCII.test(value)) throw malformed(name, 'is empty or not printable ASCII')
}

function malformed(name: string, fault: string) {
  return refuse('CSN_HEADERS_MALFORMED', `${name.toLowerCase().slice(0, 64)} ${fault}`)
}
