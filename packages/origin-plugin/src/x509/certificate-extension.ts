import type { X509Certificate } from 'node:crypto'
import { TAG } from './der.ts'
import { DerCursor } from './der-cursor.ts'

const EXTENSIONS = 0xa3

/**
 * Finds an extension of a certificate.
 *
 * @param certificate - a certificate in DER
 * @param oid - the contents of the extension's OID in hexadecimal
 * @returns the contents of its OCTET STRING, or `undefined` if the certificate does not have it
 * @throws SyntaxError if the certificate has another form
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.1 RFC 5280, section 4.1}
 */
export function readCertificateExtension(certificate: Uint8Array, oid: string): Uint8Array | undefined {
  const outer = new DerCursor(certificate)
  outer.expect(TAG.SEQUENCE, 'the certificate')
  const parts = outer.inside()
  parts.expect(TAG.SEQUENCE, 'the signed part of the certificate')
  const fields = parts.inside()
  while (fields.next()) {
    if (fields.tag !== EXTENSIONS) continue
    const list = fields.inside()
    list.expect(TAG.SEQUENCE, 'the sequence of the extensions of the certificate')
    return findExtension(list.inside(), oid)
  }
  return undefined
}

function findExtension(extensions: DerCursor, oid: string): Uint8Array | undefined {
  while (extensions.next()) {
    const parts = extensions.inside()
    parts.expect(TAG.OID, 'the OID of an extension')
    if (Buffer.from(parts.contents()).toString('hex') !== oid) continue
    parts.next()
    if (parts.tag === TAG.BOOLEAN) parts.next()
    if (parts.tag !== TAG.OCTET_STRING) throw new SyntaxError('an extension of the certificate has no value')
    return parts.contents()
  }
  return undefined
}

/** 2.5.29.15. */
const KEY_USAGE = '551d0f'
/** The bits of KeyUsage, from the first one on. */
const KEY_USAGES = { keyCertSign: 5, cRLSign: 6 } as const

/**
 * Whether a certificate allows a use of its key. One without the extension KeyUsage allows every use.
 *
 * @throws SyntaxError if the certificate cannot be read
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.3 RFC 5280, section 4.2.1.3}
 */
export function allowsKeyUsage({ raw }: X509Certificate, usage: keyof typeof KEY_USAGES): boolean {
  const extension = readCertificateExtension(raw, KEY_USAGE)
  return extension === undefined || (readKeyUsage(extension) & (0x80 >> KEY_USAGES[usage])) !== 0
}

/**
 * Reads the first eight bits of KeyUsage.
 *
 * @param extension - the contents of its OCTET STRING
 * @throws SyntaxError if they cannot be read
 */
export function readKeyUsage(extension: Uint8Array): number {
  const cursor = new DerCursor(extension)
  cursor.expectLast(TAG.BIT_STRING, 'the value of KeyUsage')
  const [unused = 8, first = 0, ...more] = cursor.contents()
  // OpenSSL clears the unused bits at the end. Read as they are, they would allow more than the issuer did.
  if (unused > 7) throw new SyntaxError('the value of KeyUsage has another form')
  return more.length > 0 ? first : first & (0xff << unused)
}
