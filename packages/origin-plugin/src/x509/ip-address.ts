import { isIPv4, isIPv6 } from 'node:net'

/**
 * Writes an IP address in its one canonical text form (RFC 5952 for IPv6).
 *
 * @param bytes - 4 or 16 bytes, as in a certificate's iPAddress
 * @throws SyntaxError for any other number of bytes
 */
export function formatIpAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) throw new SyntaxError('an IP address is not 4 or 16 bytes long')
  const groups: string[] = []
  for (let at = 0; at < 16; at += 2) groups.push(((bytes[at] as number) * 256 + (bytes[at + 1] as number)).toString(16))
  return canonicalIpv6(groups.join(':'))
}

/**
 * Converts a configured address to the form of {@link formatIpAddress}.
 *
 * @throws SyntaxError if the text is not an IP address
 */
export function canonicalIpAddress(text: string): string {
  if (isIPv4(text)) return text
  if (isIPv6(text) && !text.includes('%')) return canonicalIpv6(text)
  throw new SyntaxError(
    'not an IP address; write one such as "192.0.2.1" or "2001:db8::1", without brackets, port or length of a prefix',
  )
}

/** The URL parser writes an IPv6 host in the form of RFC 5952. */
function canonicalIpv6(text: string): string {
  return new URL(`http://[${text}]/`).hostname.slice(1, -1)
}

/**
 * Returns the IPv4 address that an IPv6 address contains (RFC 4291, section 2.5.5.2), and any other address as it is.
 *
 * @param text - in the form of {@link formatIpAddress}
 */
export function unmapIpAddress(text: string): string {
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text) ?? []
  if (high === undefined || low === undefined) return text
  const bytes = Buffer.from(high.padStart(4, '0') + low.padStart(4, '0'), 'hex')
  return bytes.join('.')
}
