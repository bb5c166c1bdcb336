import { X509Certificate } from 'node:crypto'
import { TAG } from '../x509/der.ts'

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
  if (isDer(value)) throw new TypeError(`the CA is in DER; ${CONVERT}`)
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

/** Whether a value is a certificate in DER: bytes, or text that was decoded from them. A certificate has 128 bytes or more. */
function isDer(value: unknown): boolean {
  if (typeof value === 'string') return DER_TEXT.test(value)
  return value instanceof Uint8Array && value[0] === TAG.SEQUENCE && (value[1] ?? 0) >= 0x80
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it stands for every character outside of ASCII.
const DER_TEXT = /^0[^\x00-\x7f]/
const CONVERT = 'convert it with openssl x509 -inform der -in FILE -out ca.pem'

/** PEM has no backslash (RFC 7468, section 3). */
const ESCAPED_LINE_BREAK = /\\r|\\n/

const BREAK_LINES: Readonly<Record<PemPlace, string>> = {
  'the text': 'write text.replaceAll("\\\\n", "\\n"), or read the PEM from a file',
  'the file': 'write line breaks into it',
  'the answer': 'return text.replaceAll("\\\\n", "\\n")',
}
