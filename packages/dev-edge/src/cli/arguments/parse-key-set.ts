import { checkSigningKey, listSigningKeys, type SigningJwk } from '@countersign/wire'
import { readKeys } from './read-keys.ts'

/**
 * Parses the origin's keys: the JSON text of a JWK, a list of them or a JWK Set.
 *
 * @param source - the source of the text, see {@link readKeys}
 * @throws TypeError that tells the user how to write the keys. It never contains key material.
 */
export function parseKeySet(source: string): readonly SigningJwk[] {
  const set = parseJson(readKeys(source, '--rotate'))
  try {
    const keys = listSigningKeys(set)
    if (keys.length === 0) throw new TypeError('the set contains no key; omit --rotate to make the first')
    for (const key of keys) checkSigningKey(key, 'verify')
    return keys as SigningJwk[]
  } catch (error) {
    throw new TypeError(`--rotate: ${(error as TypeError).message}`)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The message of JSON.parse quotes its input, and the input is a key.
    throw new TypeError('--rotate: not valid JSON; pass the value of COUNTERSIGN_KEYS, from a variable or a file')
  }
}
