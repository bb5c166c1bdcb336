import { X509Certificate } from 'node:crypto'

/** The place of a PEM text, as the subject of an error: the options themselves, a file, or the answer of a function. */
export type PemPlace = 'the text' | 'the file' | 'the answer'

/**
 * Refuses the forms in which a CA often arrives and that are not PEM text: bytes, an `X509Certificate`, and text with the
 * two characters `\n` in place of line breaks, as a variable in an environment file has it.
 *
 * Without this check a Buffer is an object with the unknown property `0`, and the text fails in OpenSSL's own words.
 *
 * @throws TypeError that names the form and the correction. Other values pass, for the checks after this one.
 */
export function requirePemText(value: unknown, place: PemPlace = 'the text'): void {
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) {
    throw new TypeError('the CA is bytes, not text; read it with readFileSync(path, "utf8"), or write bytes.toString()')
  }
  if (value instanceof X509Certificate) {
    throw new TypeError('the CA is an X509Certificate, not text; write certificate.toString()')
  }
  if (typeof value === 'string' && value.includes('-----BEGIN') && ESCAPED_LINE_BREAK.test(value)) {
    throw new TypeError(`${place} contains the characters "\\n" in place of line breaks; ${BREAK_LINES[place]}`)
  }
}

/** PEM has no backslash (RFC 7468, section 3). */
const ESCAPED_LINE_BREAK = /\\r|\\n/

const BREAK_LINES: Readonly<Record<PemPlace, string>> = {
  'the text': 'write text.replaceAll("\\\\n", "\\n"), or read the PEM from a file',
  'the file': 'write line breaks into it',
  'the answer': 'return text.replaceAll("\\\\n", "\\n")',
}
