import { checkSigningKey, listSigningKeys } from '@countersign/wire'
import { check, type Finding } from './finding.ts'

const { ok, failed } = check('edge-keys')

const MAKE_ONE = 'Write the value of edge.keys: a JWK, a list of JWKs, or a JWK Set'

/**
 * Checks the keys with which the origin verifies the edge's signatures.
 *
 * @param text - the JSON text in `COUNTERSIGN_KEYS` of the origin
 */
export function checkEdgeKeys(text: string): Finding {
  let keys: unknown
  try {
    keys = JSON.parse(text)
  } catch {
    // The parser's message quotes its input, and the input is a key.
    return failed('the keys are not JSON', MAKE_ONE)
  }
  const jwks = listSigningKeys(keys)
  if (jwks.length === 0) return failed('the set contains no key', MAKE_ONE)
  const seen = new Map<string, string>()
  for (const jwk of jwks) {
    try {
      const { keyid, alg } = checkSigningKey(jwk, 'verify')
      if (seen.has(keyid)) return failed(`two keys have the "kid" "${keyid}"`, 'Give each key its own')
      seen.set(keyid, alg)
    } catch (error) {
      return failed((error as TypeError).message, 'The origin would not start with these keys')
    }
  }
  return ok([...seen].map(([keyid, alg]) => `"${keyid}" (${alg})`).join(', '))
}
