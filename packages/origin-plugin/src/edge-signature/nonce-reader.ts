import { isTaken, type Nonce, WORDS } from './nonce-set.ts'

const WORD_BITS = 32
/** The value of each letter of base64url (RFC 4648, section 5), by its code. */
const SEXTETS = new Uint8Array(128)
for (const [value, letter] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].entries()) {
  SEXTETS[letter.charCodeAt(0)] = value
}

/**
 * Makes a reader of nonces. It returns the same array each time, overwritten.
 *
 * The plain form is `Buffer.from(text, 'base64url')`. That call leaves JavaScript, which costs a loaded server about a
 * microsecond, more than everything else here.
 *
 * @returns a function that reads 22 characters of base64url
 */
export function createNonceReader(): (text: string) => Nonce {
  const words = new Uint32Array(WORDS)
  return (text) => {
    let word = 0
    let bits = 0
    let room = WORD_BITS
    for (let at = 0; at < text.length; at += 1) {
      const sextet = SEXTETS[text.charCodeAt(at)] as number
      room -= 6
      if (room > 0) {
        bits = (bits << 6) | sextet
        continue
      }
      // The word is full. The last bits of this letter begin the next word; after the last word four bits are left.
      words[word] = (bits << (room + 6)) | (sextet >>> -room)
      word += 1
      bits = sextet
      room += WORD_BITS
    }
    // The all-zero nonce counts as the one after it.
    if (!isTaken(words, 0)) words[0] = 1
    return words
  }
}
