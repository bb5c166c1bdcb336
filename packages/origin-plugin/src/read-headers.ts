import {
  ACCESS_TOKEN_HEADER,
  CERTIFICATE_HEADERS,
  COVERED_FIELDS,
  type CoveredField,
  isLaterHeader,
  listLaterHeaders,
  MAX_LATER_HEADERS,
} from '@countersign/wire'
import { refusalAt } from './errors.ts'
import { type Fact, factOf } from './facts/facts.ts'
import { slotOf, slotOfSpelling, UNKNOWN_SLOT } from './header-index.ts'
import { HEADER_SOURCES, type HeaderSource, sourceOfHeader } from './header-source.ts'

const refuse = refusalAt('headers')

const EMPTY: readonly (string | undefined)[] = COVERED_FIELDS.map(() => undefined)
const TOKEN_SLOT = slotOf(ACCESS_TOKEN_HEADER)
const CHAIN_SLOT = slotOf('client-cert-chain')

/** A certificate header that a later release of the Worker sends. Its name is in lower case. */
export type LaterHeader = readonly [name: string, value: string]

/** The same list for nearly every request. */
const NO_LATER_HEADERS: readonly LaterHeader[] = []

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
  /** Headers that are not in the table, in the order in which the signature covers them. They decide nothing. */
  later: readonly LaterHeader[] = NO_LATER_HEADERS
  #certificateLines: string | undefined
  #linesFact: Fact | undefined

  constructor(source: HeaderSource) {
    this.source = source
  }

  get token(): string | undefined {
    return this.values[TOKEN_SLOT]
  }

  /**
   * Drops the token, once it is verified. The certificate keeps these fields for its rare properties, and an application
   * can keep the certificate, and with it a secret. A copy without the token would take memory for each client.
   */
  forgetToken(): void {
    this.values[TOKEN_SLOT] = undefined
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

  /** The names of all fields that the signature has to cover, in its order. */
  coveredNames(): string[] {
    return [...this.names(), ...this.later.map(([name]) => name)]
  }

  /** The name of the header with this field, as the operator sees it in the request. */
  headerOf(name: CoveredField): string {
    return this.source.nameOf(name) ?? name
  }

  /**
   * The certificate headers that the request has, by their names in the request, in the order of the signature. Without
   * the Access token, which is a secret.
   */
  certificateHeaders(): (readonly [name: string, value: string])[] {
    const known = COVERED_FIELDS.flatMap((name): [string, string][] => {
      const value = this.get(name)
      return name === ACCESS_TOKEN_HEADER || value === undefined ? [] : [[this.headerOf(name), value]]
    })
    return [...known, ...this.later]
  }

  /**
   * The certificate headers in one text, as the signature covers them (RFC 9421, section 2.5). No other headers have the
   * same text, once they have passed {@link requirePrintable}. Call it when all fields are read.
   */
  get certificateLines(): string {
    this.#certificateLines ??= this.#buildLines(TOKEN_SLOT)
    return this.#certificateLines
  }

  /**
   * The fact that the certificate headers passed {@link requirePrintable}, and agree with the certificate. Without
   * `Client-Cert-Chain`, because a client can send another one each time.
   *
   * Attack: a value with a line feed, so that one header has the lines of two. The fact has the number of lines, so no
   * other headers have the same one, whether they passed the check or not.
   */
  get linesFact(): Fact {
    this.#linesFact ??= factOf('lines', `${this.#countOwn()}`, this.#ownLines())
    return this.#linesFact
  }

  #ownLines(): string {
    return this.values[CHAIN_SLOT] === undefined ? this.certificateLines : this.#buildLines(CHAIN_SLOT)
  }

  #countOwn(): number {
    let count = this.later.length
    for (let slot = 0; slot < this.values.length; slot += 1) {
      if (this.values[slot] !== undefined && slot !== TOKEN_SLOT && slot !== CHAIN_SLOT) count += 1
    }
    return count
  }

  #buildLines(without: number): string {
    const { values, source, later } = this
    let lines = ''
    for (let slot = 0; slot < values.length; slot += 1) {
      const value = values[slot]
      if (value !== undefined && slot !== TOKEN_SLOT && slot !== without)
        lines += `${source.lineStarts[slot]}${value}\n`
    }
    for (const [name, value] of later) lines += `"${name}": ${value}\n`
    return lines
  }
}

/**
 * Reads the certificate headers of one source, and the Access token, from the raw header lines.
 *
 * `request.headers` will not do. Node joins repeated lines there, and `X-CERT-SUBJECT-DN: CN=evil` before the real line
 * arrives as `CN=evil, CN=good`, which is itself a plausible name.
 *
 * @param rawHeaders - names and values in turn, as `IncomingMessage#rawHeaders`
 * @param signatureInput - the value of `Signature-Input`, which names the headers of a later release that are accepted.
 *   The caller has to verify the signature. Without this value none is accepted
 * @throws CountersignError `CSN_HEADERS_MALFORMED` for a repeated line, for a header of another source, and for a name
 *   of the family that no source sends (`x_cert_subject_dn`): a server behind the origin may fold it into a name of the
 *   table
 */
export function readHeaders(
  rawHeaders: readonly string[],
  source: HeaderSource = HEADER_SOURCES.worker,
  signatureInput?: string,
): EdgeFields {
  const fields = new EdgeFields(source)
  const { values } = fields
  const { index } = source
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    const slot = slotOfSpelling(name, index)
    if (slot === undefined) continue
    const value = rawHeaders[at + 1] as string
    if (slot === UNKNOWN_SLOT) {
      const lower = name.toLowerCase()
      if (source.name !== 'worker' || !isLaterHeader(lower)) throw explainUnknown(name, source, rawHeaders)
      fields.later = withLater(fields.later, lower, value)
      continue
    }
    if (values[slot] !== undefined) throw malformed(name, 'is repeated')
    values[slot] = value
  }
  if (fields.later.length > 0) fields.later = inOrderOfSignature(fields.later, signatureInput)
  return fields
}

/**
 * Attack: the client writes the headers of another source, which nobody removes. A program behind the origin could read
 * those. The operator may also have set another source at Cloudflare than here.
 */
function explainUnknown(name: string, { name: expected, index }: HeaderSource, rawHeaders: readonly string[]) {
  const other = sourceOfHeader(name.toLowerCase())
  if (!other) return unsent(name)
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

function withLater(later: readonly LaterHeader[], name: string, value: string): readonly LaterHeader[] {
  if (later.some(([each]) => each === name)) throw malformed(name, 'is repeated')
  // A signature covers no more of them. Here the limit keeps the search short.
  if (later.length === MAX_LATER_HEADERS) throw unsent(name)
  return [...later, [name, value]]
}

/**
 * Attack: an attacker who adds a header of the family to a signed request. Headers that the signature does not cover are
 * refused here. Its verification then proves the others.
 */
function inOrderOfSignature(later: readonly LaterHeader[], signatureInput: string | undefined): LaterHeader[] {
  const covered = listLaterHeaders(signatureInput)
  const uncovered = later.find(([name]) => !covered.includes(name))
  if (uncovered) throw unsent(uncovered[0])
  return later.toSorted(([one], [other]) => covered.indexOf(one) - covered.indexOf(other))
}

const PRINTABLE_ASCII = /^[\x20-\x7e]+$/
const PRINTABLE_BYTES = /^[\x20-\x7e\x80-\xff]+$/
const NAMES: ReadonlySet<string> = new Set(
  CERTIFICATE_HEADERS.filter(({ syntax }) => syntax === 'dn' || syntax === 'legacy-dn').map(({ name }) => name),
)

/**
 * Requires printable ASCII of every value. The edge writes nothing else, except that Cloudflare's managed transform
 * sends names in UTF-8.
 *
 * @throws CountersignError `CSN_HEADERS_MALFORMED`
 */
export function requirePrintable(fields: EdgeFields): void {
  for (let slot = 0; slot < fields.values.length; slot += 1) requirePrintableSlot(fields, slot)
  for (const [name, value] of fields.later) requirePrintableValue(name, value)
}

/** Requires the same of one value, if the request has it. */
export function requirePrintableField(fields: EdgeFields, name: CoveredField): void {
  requirePrintableSlot(fields, slotOf(name))
}

function requirePrintableSlot(fields: EdgeFields, slot: number): void {
  const value = fields.values[slot]
  if (value === undefined) return
  const field = COVERED_FIELDS[slot] as CoveredField
  if (fields.source.name === 'cf-cert' && NAMES.has(field)) requireNoControl(fields.headerOf(field), value)
  else requirePrintableValue(fields.headerOf(field), value)
}

function requirePrintableValue(name: string, value: string): void {
  if (!PRINTABLE_ASCII.test(value)) throw malformed(name, 'is empty or not printable ASCII')
}

function requireNoControl(name: string, value: string): void {
  if (!PRINTABLE_BYTES.test(value)) throw malformed(name, 'is empty or contains control characters')
}

function unsent(name: string) {
  return malformed(name, 'is not sent by the edge')
}

function malformed(name: string, fault: string) {
  return refuse('CSN_HEADERS_MALFORMED', `${name.toLowerCase().slice(0, 64)} ${fault}`)
}
