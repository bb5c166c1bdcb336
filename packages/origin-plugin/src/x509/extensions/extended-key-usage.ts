import type { CertificateParts } from '../certificate-parts.ts'
import { readOrUndefined, TAG } from '../der.ts'
import { DerCursor } from '../der-cursor.ts'
import { readDerOid } from '../der-oid.ts'

/**
 * A purpose of a key: a name of RFC 5280, or the dotted OID of another purpose.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.12 RFC 5280, section 4.2.1.12}
 * @example
 * ```ts
 * const purposes: KeyPurpose[] = ['clientAuth', '1.3.6.1.4.1.311.20.2.2']
 * ```
 */
export type KeyPurpose =
  | 'serverAuth'
  | 'clientAuth'
  | 'codeSigning'
  | 'emailProtection'
  | 'timeStamping'
  | 'OCSPSigning'
  | 'anyExtendedKeyUsage'
  | `${number}.${string}`

/** All names of RFC 5280. A further name would change the purposes of certificates from an OID to that name. */
const NAMES: ReadonlyMap<string, KeyPurpose> = new Map([
  ['1.3.6.1.5.5.7.3.1', 'serverAuth'],
  ['1.3.6.1.5.5.7.3.2', 'clientAuth'],
  ['1.3.6.1.5.5.7.3.3', 'codeSigning'],
  ['1.3.6.1.5.5.7.3.4', 'emailProtection'],
  ['1.3.6.1.5.5.7.3.8', 'timeStamping'],
  ['1.3.6.1.5.5.7.3.9', 'OCSPSigning'],
  ['2.5.29.37.0', 'anyExtendedKeyUsage'],
])

const EXTENDED_KEY_USAGE = '2.5.29.37'

type OwnParts = Pick<CertificateParts, 'extensions'>

/**
 * Reads the extended key usages of a certificate.
 *
 * @returns the purposes in the certificate's order, and none without the extension
 * @throws SyntaxError if it cannot be read
 */
export function readKeyPurposes({ extensions }: OwnParts): readonly KeyPurpose[] {
  const extension = extensions.get(EXTENDED_KEY_USAGE)
  if (!extension) return []
  const outer = new DerCursor(extension.value)
  outer.expectLast(TAG.SEQUENCE, 'the value of ExtendedKeyUsage')
  const purposes: KeyPurpose[] = []
  for (const each = outer.inside(); each.next(); ) purposes.push(nameOf(readDerOid(each)))
  if (purposes.length === 0) throw new SyntaxError('the list of extended key usages is empty')
  return purposes
}

/** Does the same. @returns `undefined` if the extension cannot be read */
export function readExtendedKeyUsage(parts: OwnParts): readonly KeyPurpose[] | undefined {
  return readOrUndefined(() => readKeyPurposes(parts))
}

/** The first arc is 0, 1 or 2, and the second one below 40 unless the first is 2 (ITU-T X.660, section 7.6). */
const OID = /^(?:[01]\.(?:[1-3]?\d)|2\.(?:0|[1-9]\d*))(?:\.(?:0|[1-9]\d*))+$/

/**
 * Reads a configured purpose.
 *
 * @returns its name, or its OID if it has none
 * @throws SyntaxError if no certificate can have the purpose
 */
export function parseKeyPurpose(text: string): KeyPurpose {
  const names = [...NAMES.values()]
  const known = names.find((name) => name === text)
  if (known) return known
  if (OID.test(text)) return nameOf(text)
  const meant = names.find((name) => likeness(name) === likeness(text))
  if (meant) throw new SyntaxError(`unknown purpose; write "${meant}"`)
  throw new SyntaxError(`unknown purpose; write ${names.join(', ')}, or a dotted OID such as "1.3.6.1.4.1.311.20.2.2"`)
}

/** `client_auth`, `Client Authentication` and OpenSSL's `TLS Web Client Authentication` are all `clientAuth`. */
function likeness(text: string): string {
  const letters = text.toLowerCase().replace(/[^a-z]/g, '')
  return letters.replace(/^tlsweb/, '').replace(/authentication$/, 'auth')
}

function nameOf(oid: string): KeyPurpose {
  return NAMES.get(oid) ?? (oid as KeyPurpose)
}
