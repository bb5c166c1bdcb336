import type { KeyObject } from 'node:crypto'
import { TAG } from '../x509/der.ts'
import { UnverifiedCrlError, type VerifiedCrl, verifyCrl } from './crl-signature.ts'
import { UncoveredCrlError } from './issuing-distribution-point.ts'
import { type CrlContents, parseCrl } from './parse-crl.ts'
import type { Scratch } from './serial-set.ts'

/** A bundle has one list for each CA of an organisation. */
export const MAX_LISTS = 100

/**
 * Reads the list of one CA, from one list in DER or from a PEM file with one or more lists.
 *
 * The signature chooses among several lists: a list counts if the CA's key signed it. Of several such lists, those for
 * other certificates are skipped, and the newest of the rest counts. A fault in any of these is an error, because the
 * faulty one may be the newest. So is a second list of the same age, because either may have the revoked certificate.
 *
 * A list of CA certificates alone counts only without another list that the key signed.
 *
 * @param bytes - DER or PEM
 * @param key - the key of the CA
 * @param acceptsCaList - whether a list of CA certificates alone is of use, because other CAs stand below this one
 * @param scratch - memory for the table: see {@link buildSerialTable}
 * @throws SyntaxError with the fault of the list
 */
export function readCrl(bytes: Uint8Array, key: KeyObject, acceptsCaList = false, scratch?: Scratch): CrlContents {
  const parsed: Candidate[] = []
  let uncovered: unknown
  for (const each of verifyLists(splitLists(bytes), key)) {
    try {
      parsed.push({ ...parseCrl(each, acceptsCaList, scratch), signed: each.signed })
    } catch (error) {
      if (!(error instanceof UncoveredCrlError)) throw error
      uncovered = error
    }
  }
  const general = parsed.filter(({ scope }) => scope.certificates !== 'cas')
  const covering = general.length > 0 ? general : parsed
  const [first, ...others] = covering
  if (!first) throw uncovered
  const { signed, ...newest } = others.reduce((best, each) => (isOlder(best, each) ? each : best), first)
  const isRival = (each: Candidate) => !isOlder(each, newest) && Buffer.compare(each.issuer, newest.issuer) === 0
  if (covering.some((each) => isRival(each) && Buffer.compare(each.signed, signed) !== 0)) {
    throw new SyntaxError(
      'the file has two lists of this CA with the same thisUpdate and number, so neither is the newest; keep the current one',
    )
  }
  return newest
}

/** A list that may count, with its signed bytes, because a file can contain the same list twice. */
interface Candidate extends CrlContents {
  readonly signed: Uint8Array
}

/**
 * Returns the lists that the key signed.
 *
 * @throws SyntaxError if there is none
 */
function verifyLists(lists: readonly Uint8Array[], key: KeyObject): readonly VerifiedCrl[] {
  const verified: VerifiedCrl[] = []
  let fault: unknown
  for (const der of lists) {
    try {
      verified.push(verifyCrl(der, key))
    } catch (error) {
      // Another CA's list may have a form that is refused here.
      if (!(error instanceof UnverifiedCrlError) || lists.length === 1) fault ??= error
    }
  }
  if (verified.length > 0) return verified
  throw fault ?? new SyntaxError(`the file has ${lists.length} lists, and the key of this CA signed none of them`)
}

/** Whether a list is older than another list of the same CA. */
export function isOlder(
  list: Pick<CrlContents, 'thisUpdate' | 'number'>,
  other: Pick<CrlContents, 'thisUpdate' | 'number'>,
): boolean {
  if (list.thisUpdate !== other.thisUpdate) return list.thisUpdate < other.thisUpdate
  return list.number < other.number
}

const BEGIN = '-----BEGIN X509 CRL-----'
const END = '-----END X509 CRL-----'

/** Splits PEM into the DER of its lists. The bytes of DER begin with the tag of a sequence, and are returned as they are. */
function splitLists(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes[0] === TAG.SEQUENCE) return [bytes]
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const lists: Buffer[] = []
  for (let from = text.indexOf(BEGIN); from !== -1; from = text.indexOf(BEGIN, from)) {
    const start = from + BEGIN.length
    const end = text.indexOf(END, start)
    const next = text.indexOf(BEGIN, start)
    if (end === -1 || (next !== -1 && next < end)) throw new SyntaxError('a list in PEM is cut off')
    if (lists.length === MAX_LISTS) throw new SyntaxError(`the file has more than ${MAX_LISTS} lists`)
    lists.push(Buffer.from(text.toString('latin1', start, end), 'base64'))
    from = end
  }
  if (lists.length > 0) return lists
  const other = /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(text.toString('latin1', 0, 4096))?.[1]
  if (other !== undefined) throw new SyntaxError(`the file is PEM of another kind: ${other}, not X509 CRL`)
  throw new SyntaxError('the list is neither DER nor PEM')
}
