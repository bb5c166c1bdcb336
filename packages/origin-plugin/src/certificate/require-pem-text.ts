import { X509Certificate } from 'node:crypto'

/**
 * Refuses the forms in which a CA often arrives and that are not PEM text: bytes, an `X509Certificate`, and text with the
 * two characters `\n` in place of line breaks, as a variable in an environment file has it.
 *
 * Without this check a Buffer is an object with the unknown property `0`, and the text fails in OpenSSL's own words.
 *
 * @throws TypeError that names the form and the correction. Other values pass, for the checks after this one.
 */
export function requirePemText(value: unknown): void {
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) {
    throw new TypeError('the CA is bytes, not text; read it with readFileSync(path, "utf8"), or write bytes.toString()')
  }
  if (value instanceof X509Certificate) {
    throw new TypeError('the CA is an X509Certificate, not text; write certificate.toString()')
  }
  if (typeof value === 'string' && value.includes('-----BEGIN') && ESCAPED_LINE_BREAK.test(value)) {
    throw new TypeError(
      'the text contains the characters "\\n" in place of line breaks; write text.replaceAll("\\\\n", "\\n"), or read the PEM from a file',
    )
  }
}

/** PEM has no backslash (RFC 7468, section 3). */
const ESCAPED_LINE_BREAK = /\\r|\\n/
