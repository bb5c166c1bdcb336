import { normalizeHex } from '@countersign/wire'
import { formatFingerprint } from './fingerprint.ts'

/**
 * Returns the one spelling of a serial number: as Node prints it, in whole bytes without leading zero bytes, and `0` for
 * zero.
 *
 * @throws SyntaxError if the text is not hexadecimal
 */
export function normalizeSerialNumber(text: string): string {
  const digits = normalizeHex(text).replace(/^0+(?=.)/, '')
  return digits.length % 2 === 0 || digits === '0' ? digits : `0${digits}`
}

/**
 * Does the same for the serial number of a certificate. A CA can forget the zero byte before a number whose first bit
 * is set, and OpenSSL prints `-05`.
 *
 * @throws SyntaxError if the text is not hexadecimal after a minus sign
 */
export function readSerialNumber(text: string): string {
  return text.startsWith('-') ? `-${normalizeSerialNumber(text.slice(1))}` : normalizeSerialNumber(text)
}

/**
 * Writes the serial number of a certificate as Node prints it: the same text as `X509Certificate#serialNumber`, and as
 * {@link readSerialNumber} returns it.
 *
 * @param contents - of the INTEGER in the certificate
 * @throws SyntaxError for no bytes, and for bytes that do not change the number (ITU-T X.690, section 8.3.2)
 * @example
 * ```ts
 * formatSerialNumber(Buffer.of(0x00, 0xca)) // 'CA'
 * formatSerialNumber(Buffer.of(0xfb)) // '-05'
 * ```
 */
export function formatSerialNumber(contents: Uint8Array): string {
  const [first, second = first] = contents
  if (first === undefined) throw new SyntaxError('the serial number of the certificate is empty')
  const isPadded = contents.length > 1 && (first === 0 || first === 0xff) && (first ^ (second as number)) < 0x80
  if (isPadded) throw new SyntaxError('the serial number of the certificate is not in its shortest form')
  const digits = Buffer.from(contents).toString('hex')
  return first < 0x80 ? normalizeSerialNumber(digits) : `-${normalizeSerialNumber(magnitudeOf(digits))}`
}

/** The number without its sign, from the two's complement of a negative one. */
function magnitudeOf(digits: string): string {
  return ((1n << BigInt(4 * digits.length)) - BigInt(`0x${digits}`)).toString(16)
}

/**
 * Whether a serial number is negative. RFC 5280, section 4.1.2.2, forbids it, and readers disagree on the number that
 * such bytes mean. So no list of serial numbers can be compared with it.
 */
export function isNegativeSerialNumber(serialNumber: string): boolean {
  return serialNumber.startsWith('-')
}

/**
 * Whether two serial numbers are equal. OpenSSL prints a negative one with a minus sign, and others print its bytes.
 *
 * @param printed - the number in a header or a token, as {@link readSerialNumber} returns it
 * @param own - the certificate's number, as {@link readSerialNumber} returns it
 */
export function serialNumbersAgree(printed: string, own: string): boolean {
  return printed === own || (isNegativeSerialNumber(own) && printed === bytesOfNegative(own))
}

/** The two's complement of a negative number, in as few bytes as it takes. */
function bytesOfNegative(serialNumber: string): string {
  const number = BigInt(`0x${serialNumber.slice(1)}`)
  const bits = BigInt(4 * (serialNumber.length - 1))
  const bytes = number > 1n << (bits - 1n) ? bits + 8n : bits
  return ((1n << bytes) - number).toString(16).toUpperCase()
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
  return formatFingerprint(digits)
}

/**
 * Reads a configured serial number.
 *
 * @returns the spelling of {@link normalizeSerialNumber}
 * @throws SyntaxError if the text is not hexadecimal, or too long for a serial number (RFC 5280, section 4.1.2.2)
 */
export function parseSerialNumber(text: string): string {
  const digits = normalizeSerialNumber(text)
  if (digits.length <= 40) return digits
  throw new SyntaxError('expected a serial number of at most 20 bytes; write a fingerprint as fingerprint256')
}

/**
 * Reads a configured SHA-256 fingerprint.
 *
 * @returns the spelling of {@link fingerprintOf}
 * @throws SyntaxError if the text is not a digest of that length
 */
export function parseFingerprint256(text: string): string {
  if (normalizeHex(text).length === 40) {
    throw new SyntaxError('expected a digest of 32 bytes, by SHA-256, and not one of 20 bytes, by SHA-1')
  }
  return fingerprintOf(text, 32)
}

/**
 * Reads a configured key identifier.
 *
 * @returns upper-case hexadecimal without colons
 * @throws SyntaxError if the text is not hexadecimal, or not the identifier alone
 */
export function parseKeyId(text: string): string {
  const digits = normalizeHex(text)
  if (digits.length % 2 !== 0) throw new SyntaxError('expected whole bytes, of two hexadecimal digits each')
  // The value of the extension is an OCTET STRING that contains the identifier.
  const inner = /^04(..)(.+)$/.exec(digits)
  if (inner && Number.parseInt(inner[1] as string, 16) * 2 === inner[2]?.length) {
    throw new SyntaxError(`expected the identifier without its DER tag and length; write "${inner[2]}"`)
  }
  return digits
}
