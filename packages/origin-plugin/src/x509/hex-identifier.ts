import { normalizeHex } from '@countersign/wire'

/**
 * Returns the one spelling of a serial number: as Node prints it, in whole bytes without leading zero bytes.
 *
 * @throws SyntaxError if the text is not hexadecimal
 */
export function normalizeSerialNumber(text: string): string {
  const digits = normalizeHex(text).replace(/^0+(?=.)/, '')
  return digits.length % 2 === 0 ? digits : `0${digits}`
}

/**
 * Returns the one spelling of a fingerprint: as Node prints it, `AB:CD:…`.
 *
 * @param text - hexadecimal in any case, with or without colons
 * @param bytes - the length of the digest
 * @throws SyntaxError if the text is not a digest of that length
 */
export function fingerprintOf(text: string, bytes: number): string {
  const digits = normalizeHex(text)
  if (digits.length !== 2 * bytes) throw new SyntaxError(`expected a digest of ${bytes} bytes`)
  return (digits.match(/../g) ?? []).join(':')
}
