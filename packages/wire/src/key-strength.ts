/**
 * Whether bytes cannot come from a random generator: zeros, a word, a count, or a repeated piece. `false` does not prove
 * strength.
 *
 * Attack: a placeholder of an example or of a template is left in the configuration. An attacker guesses it, and signs
 * any identity. Of 10^34 random keys less than one is refused. Random hexadecimal digits in ASCII pass.
 *
 * @param bytes - 32 bytes or more
 */
export function isGuessable(bytes: Uint8Array): boolean {
  return hasFewValues(bytes) || hasFewValues(differences(bytes)) || isRepeated(bytes)
}

/** `secret-` and `password` have seven values or fewer, in any number of repetitions. Hexadecimal digits have 16. */
const FEW = 8

function hasFewValues(bytes: Uint8Array): boolean {
  return new Set(bytes).size < FEW
}

/** The steps from each byte to the next. A count such as 00 01 02 has one step. */
function differences(bytes: Uint8Array): Uint8Array {
  return bytes.slice(1).map((byte, at) => byte - (bytes[at] as number))
}

/** Bytes of a random key. */
const ENOUGH = 32

/** Whether a piece that is shorter than a key repeats until the end. */
function isRepeated(bytes: Uint8Array): boolean {
  const longest = Math.min(ENOUGH - 1, bytes.length / 2)
  for (let period = 1; period <= longest; period += 1) {
    if (bytes.every((byte, at) => byte === bytes[at % period])) return true
  }
  return false
}
