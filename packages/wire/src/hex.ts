const HEX_PAIRS = /^(?:[0-9A-Fa-f]{2})*$/

/**
 * Reads pairs of hexadecimal digits.
 *
 * @param text - an even number of digits, no separators
 * @throws SyntaxError if the text is anything else
 */
export function parseHex(text: string): Uint8Array {
  if (!HEX_PAIRS.test(text)) throw new SyntaxError('expected pairs of hexadecimal digits')
  const bytes = new Uint8Array(text.length / 2)
  for (let at = 0; at < bytes.length; at += 1) {
    bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16)
  }
  return bytes
}

/**
 * Writes bytes as pairs of upper-case hexadecimal digits, the counterpart of {@link parseHex}.
 *
 * @param prefix - the text before each pair
 */
export function formatHex(bytes: Uint8Array, prefix = ''): string {
  return Array.from(bytes, (byte) => prefix + byte.toString(16).toUpperCase().padStart(2, '0')).join('')
}

/**
 * Returns the one spelling of hexadecimal text: upper case, no colons. Cloudflare writes key identifiers both with and
 * without colons, and fingerprints in lower case.
 *
 * @param text - hexadecimal digits in any case, with a colon between all pairs or none
 * @throws SyntaxError if the text is empty or has another form
 * @example
 * ```ts
 * normalizeHex('ab:cd') // 'ABCD'
 * ```
 */
export function normalizeHex(text: string): string {
  const digits = text.includes(':') ? joinPairs(text) : text
  if (!/^[0-9A-Fa-f]+$/.test(digits)) throw new SyntaxError('expected hexadecimal digits')
  return digits.toUpperCase()
}

function joinPairs(text: string): string {
  const pairs = text.split(':')
  if (!pairs.every((pair) => pair.length === 2)) throw new SyntaxError('expected a colon between pairs of digits')
  return pairs.join('')
}
