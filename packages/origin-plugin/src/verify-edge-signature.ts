import {
  buildSignatureBase,
  CERTIFICATE_HEADERS,
  COVERED_FIELDS,
  parseSignatureInput,
  type RequestTarget,
  SIGNATURE_LABEL,
  type SignatureInput,
  splitDictionary,
} from '@countersign/wire'
import type { EdgeKey, EdgeKeys } from './edge-keys.ts'
import { refusal } from './errors.ts'
import type { EdgeFields } from './read-headers.ts'
import { verifyBytes } from './verify-bytes.ts'

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

/**
 * Verifies that the edge signed this very request: RFC 9421 in our one profile.
 *
 * In order: the signature under our label is there; it follows the profile; its key is known and of its algorithm; it
 * covers exactly the family headers that the request carries; the bytes verify; it is of this minute. Age comes last, so
 * that `CSN_SIGNATURE_EXPIRED` is said of authentic signatures only.
 *
 * @param now - seconds since the epoch
 * @returns the signature's parameters, whose nonce the caller has to spend
 * @throws CountersignError `CSN_SIGNATURE_MISSING`, `CSN_SIGNATURE_INVALID` or `CSN_SIGNATURE_EXPIRED`
 * @see {@link https://www.rfc-editor.org/rfc/rfc9421#section-3.2 RFC 9421, section 3.2}
 */
export function verifyEdgeSignature(
  request: SignedRequest,
  keys: EdgeKeys,
  lifetime: SignatureLifetime,
  now: number,
): SignatureInput {
  const inputText = labelledMember(request.signatureInput, 'Signature-Input')
  const signatureText = labelledMember(request.signature, 'Signature')
  const input = parseInput(inputText)
  const key = selectKey(input, keys)
  checkCoverage(input, request.fields)
  const base = buildSignatureBase(input.fields, (field) => request.fields.get(field), request.target, inputText)
  if (!verifyBytes(base, parseByteSequence(signatureText), key)) throw invalid('the signature does not verify')
  checkAge(input, lifetime, now)
  return input
}

function labelledMember(text: string | undefined, header: string): string {
  if (text === undefined) throw refusal('CSN_SIGNATURE_MISSING', `there is no ${header} header`)
  const members = explain(() => splitDictionary(text)).filter(({ key }) => key === SIGNATURE_LABEL)
  const [member] = members
  if (!member) throw refusal('CSN_SIGNATURE_MISSING', `${header} has no member ${SIGNATURE_LABEL}`)
  // The dictionary rule "the last one wins" would let two readers see two signatures.
  if (members.length > 1) throw invalid(`${header} has several members ${SIGNATURE_LABEL}`)
  return member.value
}

function parseInput(text: string): SignatureInput {
  return explain(() => parseSignatureInput(text))
}

function selectKey(input: SignatureInput, keys: EdgeKeys): EdgeKey {
  const key = keys.get(input.keyid)
  if (!key) throw invalid('the keyid is not one of edge.keys')
  // The key says the algorithm. Else an Ed25519 public key, which is no secret, could be used as an HMAC secret.
  if (key.alg !== input.alg) throw invalid('the alg is not that of the key')
  return key
}

const MANDATORY = CERTIFICATE_HEADERS.filter((header) => header.when === 'always').map((header) => header.name)

/** Both lists are in the table's order without repeats, so "the same" is one walk. */
function checkCoverage(input: SignatureInput, fields: EdgeFields): void {
  const missing = MANDATORY.find((name) => !input.fields.includes(name))
  if (missing) throw invalid(`the signature does not cover ${missing}`)
  const carried = COVERED_FIELDS.filter((name) => fields.has(name))
  for (const [position, name] of carried.entries()) {
    if (input.fields[position] !== name)
      throw invalid(`the signature does not cover ${name}, or covers what is not there`)
  }
  if (input.fields.length > carried.length) throw invalid('the signature covers a header that is not there')
}

/** In front of the padding only letters whose spare bits are zero: else one signature has four or sixteen spellings. */
const BYTE_SEQUENCE = /^:([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/]{85}[AQgw]==):$/

function parseByteSequence(text: string): Buffer {
  const match = BYTE_SEQUENCE.exec(text)
  if (!match) throw invalid('the signature is not 32 or 64 bytes in base64 between colons')
  return Buffer.from(match[1] as string, 'base64')
}

function checkAge(input: SignatureInput, { maxAge, clockTolerance }: SignatureLifetime, now: number): void {
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
