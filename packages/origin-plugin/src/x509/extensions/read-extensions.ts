import { TAG } from '../der.ts'
import type { DerCursor } from '../der-cursor.ts'
import { readDerOid } from '../der-oid.ts'

/** Certificates and lists have some ten. */
export const MAX_EXTENSIONS = 100

/**
 * Reads the extensions of a certificate, of a revocation list, or of an entry in one.
 *
 * Attack: of two extensions with one OID, two readers could use different ones. So an OID stands there once.
 *
 * @param outer - a cursor at the sequence of extensions
 * @param where - the thing with the extensions, for errors
 * @param read - gets each extension: its OID, the contents of its OCTET STRING, and its flag `critical`
 * @throws SyntaxError for an extension that is repeated or has another form
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.9 RFC 5280, sections 4.1.2.9 and 4.2}
 */
export function readExtensions(
  outer: DerCursor,
  where: string,
  read: (oid: string, value: Uint8Array, isCritical: boolean) => void,
): void {
  const extensions = outer.inside()
  const parts = outer.inside()
  const seen = new Set<string>()
  while (extensions.next()) {
    if (extensions.tag !== TAG.SEQUENCE) throw new SyntaxError(`${where} has an extension that is not a sequence`)
    if (seen.size === MAX_EXTENSIONS) throw new SyntaxError(`${where} has more than ${MAX_EXTENSIONS} extensions`)
    parts.enter(extensions.start, extensions.end)
    parts.expect(TAG.OID, 'the OID of an extension')
    const oid = readDerOid(parts)
    if (seen.has(oid)) throw new SyntaxError(`${where} has the extension ${oid} twice`)
    seen.add(oid)
    parts.next()
    const isCritical = parts.tag === TAG.BOOLEAN && readCritical(parts)
    if (parts.tag !== TAG.OCTET_STRING) throw new SyntaxError(`${where} has the extension ${oid} without a value`)
    read(oid, parts.contents(), isCritical)
    if (parts.next()) throw new SyntaxError(`${where} has the extension ${oid} with two values`)
  }
}

/** Reads the flag, and moves to the value behind it. */
function readCritical(parts: DerCursor): boolean {
  const contents = parts.contents()
  // Any byte but zero means true in BER. A longer or shorter one is read as true, which is the strict reading.
  const isCritical = contents.length !== 1 || contents[0] !== 0
  parts.next()
  return isCritical
}
