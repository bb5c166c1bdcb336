import { ACCESS_TOKEN_HEADER, type CertificateHeaderName, COVERED_FIELDS, type CoveredField } from '@countersign/wire'
import { refusalAt } from './errors.ts'
import { slotOf, slotOfSpelling, UNKNOWN_SLOT } from './header-index.ts'

const refuse = refusalAt('headers')

const EMPTY: readonly (string | undefined)[] = COVERED_FIELDS.map(() => undefined)
const TOKEN_SLOT = slotOf(ACCESS_TOKEN_HEADER)

/**
 * The header fields that the edge signs: the certificate family and the Access token, by name in lower case.
 *
 * A list in the table's order. A `Map` took two microseconds to fill for every request.
 */
export class EdgeFields {
  /** In the order of {@link COVERED_FIELDS}. */
  readonly values: (string | undefined)[] = EMPTY.slice()

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

  /**
   * The certificate headers that the request has, in the table's order. Without the Access token, which is a secret.
   */
  certificateHeaders(): [name: CertificateHeaderName, value: string][] {
    return COVERED_FIELDS.flatMap((name): [CertificateHeaderName, string][] => {
      const value = this.get(name)
      return name === ACCESS_TOKEN_HEADER || value === undefined ? [] : [[name, value]]
    })
  }
}

/**
 * Reads the fields that the edge signs from the raw header lines.
 *
 * `request.headers` will not do. Node joins repeated lines there, and `X-CERT-SUBJECT-DN: CN=evil` before the real line
 * arrives as `CN=evil, CN=good`, which is itself a plausible name.
 *
 * @param rawHeaders - names and values in turn, as `IncomingMessage#rawHeaders`
 * @throws CountersignError `CSN_HEADERS_MALFORMED` for a repeated line, and for a name of the family that is not in the
 *   table (`x_cert_subject_dn`, `cf-cert-serial`): a server behind the origin may fold it into a name of the table
 */
export function readHeaders(rawHeaders: readonly string[]): EdgeFields {
  const fields = new EdgeFields()
  const { values } = fields
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    const slot = slotOfSpelling(name)
    if (slot === undefined) continue
    if (slot === UNKNOWN_SLOT) throw malformed(name, 'is not sent by the edge')
    if (values[slot] !== undefined) throw malformed(name, 'is repeated')
    values[slot] = rawHeaders[at + 1] as string
  }
  return fields
}

const PRINTABLE_ASCII = /^[\x20-\x7e]+$/

/**
 * Requires printable ASCII of every value. The edge writes nothing else.
 *
 * @param checked - fields with the same certificate headers that passed this check before
 * @throws CountersignError `CSN_HEADERS_MALFORMED`
 */
export function requirePrintable({ values, token }: EdgeFields, checked?: EdgeFields): void {
  if (checked) {
    if (token !== checked.token && token !== undefined) requirePrintableValue(ACCESS_TOKEN_HEADER, token)
    return
  }
  for (const [slot, value] of values.entries()) {
    if (value !== undefined) requirePrintableValue(COVERED_FIELDS[slot] as string, value)
  }
}

function requirePrintableValue(name: string, value: string): void {
  if (!PRINTABLE_ASCII.test(value)) throw malformed(name, 'is empty or not printable ASCII')
}

function malformed(name: string, fault: string) {
  return refuse('CSN_HEADERS_MALFORMED', `${name.toLowerCase().slice(0, 64)} ${fault}`)
}
