/**
 * Makes a source of numbers that look random and that its seed determines, so that a failure can be reproduced
 * (Mulberry32).
 *
 * @returns a function that returns the next number, from 0 to 1 without 1
 * @example
 * ```ts
 * const random = randomNumbers(1)
 * random() === randomNumbers(1)() // true
 * ```
 */
export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
