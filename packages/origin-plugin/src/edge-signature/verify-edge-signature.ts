import {
  ACCESS_TOKEN_HEADER,
  buildFieldLines,
  buildTargetLines,
  CERTIFICATE_HEADERS,
  COVERED_FIELDS,
  formatComponents,
  parseSignatureInput,
  parseSignatureParameters,
  type RequestTarget,
  SIGNATURE_LABEL,
  type SignatureParameters,
  splitDictionary,
} from '@countersign/wire'
import type { EdgeFields } from '../edge-fields.ts'
import { refusal } from '../errors.ts'
import type { EdgeKey, EdgeKeys } from './edge-keys.ts'

/** A request as its signature sees it. */
export interface SignedRequest {
  readonly fields: EdgeFields
  readonly target: RequestTarget
  /** The values of `Signature-Input` and `Signature`, repeated lines joined by `, `. */
  readonly signatureInput: string | undefined
  readonly signature: string | undefined
}

/** How old a signature may be. */
export interface SignatureLifetime {
  /** Seconds after `created` at which a signature expires, whatever it says itself. */
  readonly maxAge: number
  /** Seconds by which the clocks of edge and origin may differ. */
  readonly clockTolerance: number
}

/** What signatures over the same certificate headers have in common. It says nothing of whether any of them is good. */
export interface SignedFields {
  readonly token: string | undefined
  /** The list of components that covers exactly these fields. */
  readonly components: string
  /** The lines of the certificate headers. */
  readonly certificateLines: string
  /** The lines of all fields. */
  readonly lines: string
}

/** A signature that holds. */
export interface EdgeSignature {
  readonly parameters: SignatureParameters
  /** For the next signature over the same certificate headers. */
  readonly signedFields: SignedFields
}

/**
 * Verifies that the edge signed this very request: RFC 9421 in our one profile.
 *
 * In order: the signature under our label is there; it covers exactly the family headers that the request carries, and
 * follows the profile; its key is known and of its algorithm; the bytes verify; it is of this minute. Age comes last, so
 * that `CSN_SIGNATURE_EXPIRED` is said of authentic signatures only.
 *
 * @param now - seconds since the epoch
 * @param before - what was made of the same certificate headers before: saves making it, and no check
 * @returns among others the signature's parameters, whose nonce the caller has to spend
 * @throws CountersignError `CSN_SIGNATURE_MISSING`, `CSN_SIGNATURE_INVALID` or `CSN_SIGNATURE_EXPIRED`
 * @see {@link https://www.rfc-editor.org/rfc/rfc9421#section-3.2 RFC 9421, section 3.2}
 */
export function verifyEdgeSignature(
  { fields, target, signatureInput, signature }: SignedRequest,
  keys: EdgeKeys,
  lifetime: SignatureLifetime,
  now: number,
  before?: SignedFields,
): EdgeSignature {
  const input = labelledMember(signatureInput, 'Signature-Input')
  const bytes = labelledMember(signature, 'Signature')
  const components = componentsOf(fields, before)
  // A slice is compared five times as fast as startsWith() does it.
  if (input.slice(0, components.length) !== components) throw explainCoverage(input, fields)
  const parameters = parseParameters(input.slice(components.length))
  const key = selectKey(parameters, keys)
  const signedFields = signFields(fields, components, before)
  if (!key.verify(signedFields.lines, buildTargetLines(target, input), byteSequence(bytes))) {
    throw explainSignature(bytes)
  }
  requireAge(parameters, lifetime, now)
  return { parameters, signedFields }
}

const OUR_MEMBER = `${SIGNATURE_LABEL}=`

function labelledMember(text: string | undefined, header: string): string {
  if (text === undefined) throw refusal('CSN_SIGNATURE_MISSING', `there is no ${header} header`)
  // Nearly always ours is the only one. Without a comma there is no other; what is no member is refused as its value.
  if (text.startsWith(OUR_MEMBER) && !text.includes(',')) return text.slice(OUR_MEMBER.length)
  const members = explain(() => splitDictionary(text)).filter(({ key }) => key === SIGNATURE_LABEL)
  const [member] = members
  if (!member) throw refusal('CSN_SIGNATURE_MISSING', `${header} has no member ${SIGNATURE_LABEL}`)
  // The dictionary rule "the last one wins" would let two readers see two signatures.
  if (members.length > 1) throw invalid(`${header} has several members ${SIGNATURE_LABEL}`)
  return member.value
}

/** The names of the certificate headers are the same as before: what can differ is whether there is a token. */
function componentsOf(fields: EdgeFields, before: SignedFields | undefined): string {
  const same = before && (before.token === undefined) === (fields.token === undefined)
  return same ? before.components : formatComponents(fields.names())
}

function signFields(fields: EdgeFields, components: string, before: SignedFields | undefined): SignedFields {
  const { token } = fields
  if (before && before.token === token) return before
  const certificateLines = before?.certificateLines ?? buildCertificateLines(fields)
  const tokenLine = token === undefined ? '' : buildFieldLines([ACCESS_TOKEN_HEADER], () => token)
  // In the order of COVERED_FIELDS.
  return { token, components, certificateLines, lines: tokenLine + certificateLines }
}

const MANDATORY = CERTIFICATE_HEADERS.filter((header) => header.when === 'always').map((header) => header.name)

/** What the edge always writes is signed always: its absence would not be noticed else. */
function buildCertificateLines(fields: EdgeFields): string {
  const missing = MANDATORY.find((name) => !fields.has(name))
  if (missing) throw invalid(`the signature does not cover ${missing}`)
  const names = fields.names().filter((name) => name !== ACCESS_TOKEN_HEADER)
  return buildFieldLines(names, (field) => fields.get(field))
}

/** Why a list of components is not the one that covers exactly the fields that are there. */
function explainCoverage(text: string, fields: EdgeFields) {
  const input = explain(() => parseSignatureInput(text))
  const missing = MANDATORY.find((name) => !input.fields.includes(name))
  if (missing) return invalid(`the signature does not cover ${missing}`)
  const different = COVERED_FIELDS.find((name) => fields.has(name) !== input.fields.includes(name))
  return invalid(`the signature does not cover ${different}, or covers what is not there`)
}

function parseParameters(text: string): SignatureParameters {
  return explain(() => parseSignatureParameters(text))
}

function selectKey({ keyid, alg }: SignatureParameters, keys: EdgeKeys): EdgeKey {
  const key = keys.get(keyid)
  if (!key) throw invalid('the keyid is not one of edge.keys')
  // The key says the algorithm. Else an Ed25519 public key, which is no secret, could be used as an HMAC secret.
  if (key.alg !== alg) throw invalid('the alg is not that of the key')
  return key
}

/** The base64 between the colons (RFC 8941, section 3.3.5), not yet looked at. */
function byteSequence(text: string): string {
  if (!text.startsWith(':') || !text.endsWith(':')) throw explainSignature(text)
  return text.slice(1, -1)
}

/** In front of the padding only letters whose spare bits are zero: else one signature has four or sixteen spellings. */
const BYTE_SEQUENCE = /^:(?:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/]{85}[AQgw]==):$/

function explainSignature(text: string) {
  const isBytes = BYTE_SEQUENCE.test(text)
  return invalid(
    isBytes ? 'the signature does not verify' : 'the signature is not 32 or 64 bytes in base64 between colons',
  )
}

function requireAge(input: SignatureParameters, { maxAge, clockTolerance }: SignatureLifetime, now: number): void {
  if (input.created > now + clockTolerance) throw invalid('created lies in the future')
  if (now > Math.min(input.expires, input.created + maxAge) + clockTolerance) {
    throw refusal('CSN_SIGNATURE_EXPIRED', `the signature was made ${Math.round(now - input.created)} s ago`)
  }
}

function explain<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw invalid((error as SyntaxError).message)
  }
}

function invalid(reason: string) {
  return refusal('CSN_SIGNATURE_INVALID', reason)
}
