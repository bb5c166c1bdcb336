/**
 * The y-coordinates of the points of Ed25519 whose order is 8 or less, in the bytes of RFC 8032, section 5.1.2: 0, 1 and
 * -1, 0 and 1 again plus the prime, and the two of order 8.
 */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

/**
 * Whether an Ed25519 public key is a point of small order.
 *
 * Attack: the configured key is one of these points. OpenSSL before 3.5, which Node 22 contains, then accepts one constant
 * signature for an eighth of all messages or more, and no private key is needed.
 */
export function hasSmallOrder(publicKey: Uint8Array): boolean {
  // The highest bit is the sign of x.
  const y = publicKey.map((byte, at) => (at === publicKey.length - 1 ? byte & 0x7f : byte))
  return SMALL_ORDER.has(Buffer.from(y).toString('hex'))
}
