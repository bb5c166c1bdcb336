import { createHmac, timingSafeEqual, verify } from 'node:crypto'
import type { EdgeKey } from './edge-keys.ts'

/**
 * Whether the key made this signature over this base, in constant time.
 *
 * @param base - the signature base, a character for each byte
 */
export function verifyBytes(base: string, signature: Buffer, { alg, key }: EdgeKey): boolean {
  // latin1: Node hands over a header's bytes as characters, and this turns them back into the same bytes.
  if (alg === 'ed25519') return signature.length === 64 && verify(null, Buffer.from(base, 'latin1'), key, signature)
  const expected = createHmac('sha256', key).update(base, 'latin1').digest()
  return signature.length === expected.length && timingSafeEqual(signature, expected)
}
