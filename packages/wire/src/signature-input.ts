import { isLaterHeader, MAX_LATER_HEADERS } from './certificate-headers.ts'
import { COVERED_FIELDS, type CoveredField, DERIVED_COMPONENTS } from './covered-components.ts'
import { splitDictionary } from './dictionary.ts'

/**
 * The label of our signature in `Signature-Input` and `Signature`.
 *
 * @example
 * ```ts
 * const signature = (base64: string) => `${SIGNATURE_LABEL}=:${base64}:`
 * ```
 */
export const SIGNATURE_LABEL = 'countersign'

/**
 * The `tag` parameter, which names the application of the signature (RFC 9421, section 2.3).
 *
 * @example
 * ```ts
 * const parameter = `tag="${SIGNATURE_TAG}"`
 * ```
 */
export const SIGNATURE_TAG = 'countersign'

/**
 * The algorithms of the profile, by their names in RFC 9421's registry.
 *
 * @example
 * ```ts
 * const alg: SignatureAlgorithm = 'ed25519'
 * ```
 */
export type SignatureAlgorithm = 'hmac-sha256' | 'ed25519'

/**
 * The parameters of a signature, in the order in which they are written.
 *
 * @example
 * ```ts
 * const parameters: SignatureParameters = {
 *   created: 1795600000,
 *   expires: 1795600060,
 *   nonce: 'q8Yr2yVxS6a3oC0h4K1mNw',
 *   keyid: '2026-11',
 *   alg: 'hmac-sha256',
 * }
 * ```
 */
export interface SignatureParameters {
  /** The time of signing, in seconds since the epoch. */
  readonly created: number
  /** The time after which a verifier must refuse the signature, in seconds since the epoch. */
  readonly expires: number
  /** 128 random bits in base64url: 22 characters. */
  readonly nonce: string
  /** The `kid` of the key. */
  readonly keyid: string
  /** The algorithm, which must be that of the key. */
  readonly alg: SignatureAlgorithm
}

/**
 * The header fields that a signature covers. All derived components follow them in every signature.
 *
 * @example
 * ```ts
 * const covered: CoveredFields = { fields: ['x-cert-presented'], later: [] }
 * ```
 */
export interface CoveredFields {
  /** The fields of the table, in its order. */
  readonly fields: readonly CoveredField[]
  /** The certificate headers of a later release, which follow those of the table. */
  readonly later: readonly string[]
}

/**
 * A parsed `Signature-Input` member of our profile.
 *
 * @example
 * ```ts
 * const ageOf = ({ created }: SignatureInput) => Date.now() / 1000 - created
 * ```
 */
export interface SignatureInput extends SignatureParameters, CoveredFields {}

const DERIVED = DERIVED_COMPONENTS.map((name) => `"${name}"`).join(' ')

/**
 * Writes the list of covered components, the beginning of a `Signature-Input` member.
 *
 * @param fields - the covered header fields, a subsequence of {@link COVERED_FIELDS}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9421#section-2.3 RFC 9421, section 2.3}
 * @example
 * ```ts
 * formatComponents(['x-cert-presented']) // '("x-cert-presented" "@authority" "@method" "@path" "@query")'
 * ```
 */
export function formatComponents(fields: readonly string[]): string {
  return `(${fields.map((name) => `"${name}" `).join('')}${DERIVED})`
}

/**
 * Writes the value of the signature's `Signature-Input` member, which is also the value of `@signature-params`.
 *
 * @param fields - the covered header fields, a subsequence of {@link COVERED_FIELDS}
 * @param parameters - the parameters; `nonce` and `keyid` contain no character that a quoted string would escape
 * @see {@link https://www.rfc-editor.org/rfc/rfc9421#section-2.3 RFC 9421, section 2.3}
 * @example
 * ```ts
 * const parameters: SignatureParameters = {
 *   created: 1795600000,
 *   expires: 1795600060,
 *   nonce: 'q8Yr2yVxS6a3oC0h4K1mNw',
 *   keyid: '2026-11',
 *   alg: 'hmac-sha256',
 * }
 * const input = formatSignatureInput(['x-cert-presented', 'x-cert-verify', 'x-cert-revoked'], parameters)
 * ```
 */
export function formatSignatureInput(fields: readonly string[], parameters: SignatureParameters): string {
  const { created, expires, nonce, keyid, alg } = parameters
  return `${formatComponents(fields)};created=${created};expires=${expires};nonce="${nonce}";keyid="${keyid}";alg="${alg}";tag="${SIGNATURE_TAG}"`
}

const PARAMETERS =
  /^;created=([1-9]\d{0,10});expires=([1-9]\d{0,10});nonce="([A-Za-z0-9_-]{22})";keyid="([A-Za-z0-9._~-]{1,64})";alg="(hmac-sha256|ed25519)";tag="countersign"$/

/**
 * Reads the parameters of a signature. They must be complete and in order, with nothing else.
 *
 * @param text - the text after the list of components in a `Signature-Input` member
 * @throws SyntaxError if the text is not of the profile
 * @example
 * ```ts
 * const isOld = (text: string) => parseSignatureParameters(text).expires < Date.now() / 1000
 * ```
 */
export function parseSignatureParameters(text: string): SignatureParameters {
  const parameters = PARAMETERS.exec(text)
  if (!parameters) throw new SyntaxError('the signature parameters do not match the profile')
  return {
    created: Number(parameters[1] as string),
    expires: Number(parameters[2] as string),
    nonce: parameters[3] as string,
    keyid: parameters[4] as string,
    alg: parameters[5] as SignatureAlgorithm,
  }
}

/**
 * Reads a `Signature-Input` member of our one profile: the covered fields in the table's order and without parameters,
 * then headers of a later release, all derived components, and the parameters, complete and in order.
 *
 * A general parser would accept more than the edge ever writes, and cost ten times as much.
 *
 * @param value - the member's value, without its label
 * @throws SyntaxError with the reason, if the value is not of the profile
 * @example
 * ```ts
 * const keyidOf = (value: string) => parseSignatureInput(value).keyid
 * ```
 */
export function parseSignatureInput(value: string): SignatureInput {
  const close = value.indexOf(')')
  if (!value.startsWith('(') || close < 0) throw new SyntaxError('the signature does not cover a list of components')

  const components = value.slice(1, close)
  if (!components.endsWith(DERIVED)) {
    throw new SyntaxError(`the signature does not cover ${DERIVED_COMPONENTS.join(', ')} at its end`)
  }
  const covered = parseFields(components.slice(0, -DERIVED.length))
  return { ...covered, ...parseSignatureParameters(value.slice(close + 1)) }
}

/**
 * Reads `"a" "b" ` in one pass over the table, so each name occurs at most once and in the table's order. A later release
 * appends its rows, so its headers follow all that are known.
 */
function parseFields(list: string): CoveredFields {
  const fields: CoveredField[] = []
  const later: string[] = []
  let position = -1
  const items = list.split(' ')
  if (items.pop() !== '') throw new SyntaxError('the signature does not cover a list of components')
  for (const item of items) {
    const name = item.slice(1, -1)
    if (item === `"${name}"` && isLaterHeader(name) && later.length < MAX_LATER_HEADERS && !later.includes(name)) {
      later.push(name)
      continue
    }
    position = COVERED_FIELDS.indexOf(name as CoveredField, position + 1)
    if (position < 0 || item !== `"${name}"` || later.length > 0) {
      throw new SyntaxError('the signature covers a field that is unknown, repeated, parameterised or out of order')
    }
    fields.push(name as CoveredField)
  }
  return { fields, later }
}

/**
 * The certificate headers of a later release that the signature in a `Signature-Input` claims to cover. It proves
 * nothing: the signature is not verified.
 *
 * @param text - the value of `Signature-Input`; `undefined` without one
 * @returns the names in the order of the signature; none for a signature outside the profile, and for two of them
 * @example
 * ```ts
 * listLaterHeaders(undefined) // []
 * ```
 */
export function listLaterHeaders(text: string | undefined): readonly string[] {
  try {
    const [member, ...others] = splitDictionary(text ?? '').filter(({ key }) => key === SIGNATURE_LABEL)
    return member === undefined || others.length > 0 ? [] : parseSignatureInput(member.value).later
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}
