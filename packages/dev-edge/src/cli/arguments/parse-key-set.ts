import { readFileSync } from 'node:fs'
import { checkSigningKey, listSigningKeys, type SigningJwk } from '@countersign/wire'

/**
 * Parses the origin's keys: a JWK, a list of them or a JWK Set, as JSON or in a file.
 *
 * @throws TypeError that tells the user how to write the keys. It never contains key material.
 */
export function parseKeySet(fileOrJson: string): readonly SigningJwk[] {
  const text = /^\s*[[{]/.test(fileOrJson) ? fileOrJson : readKeyFile(fileOrJson)
  const keys = listSigningKeys(parseJson(text))
  if (keys.length === 0) throw new TypeError('--rotate: the set contains no key; omit --rotate to make the first')
  for (const key of keys) checkSigningKey(key, 'verify')
  return keys as SigningJwk[]
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new TypeError('--rotate: neither valid JSON nor a readable file; pass the value of COUNTERSIGN_KEYS')
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The message of JSON.parse quotes its input, and the input is a key.
    throw new TypeError('--rotate: not valid JSON; pass the value of COUNTERSIGN_KEYS')
  }
}
