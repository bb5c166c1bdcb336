import { checkSigningKey, listSigningKeys, type SigningJwk } from '@countersign/wire'
import { check, type Finding } from './finding.ts'

const { ok, failed } = check('edge-keys')

const MAKE_ONE = 'Write the value of edge.keys: a JWK, a list of JWKs, or a JWK Set'

/** The finding on the origin's keys. */
export interface EdgeKeysReport {
  readonly findings: readonly Finding[]
  /** The keys, if the origin would accept them. */
  readonly keys: readonly SigningJwk[]
}

/**
 * Checks the keys with which the origin verifies the edge's signatures.
 *
 * @param text - the JSON text in `COUNTERSIGN_KEYS` of the origin
 */
export function checkEdgeKeys(text: string): EdgeKeysReport {
  let keys: unknown
  try {
    keys = JSON.parse(text)
  } catch {
    // The parser's message quotes its input, and the input is a key.
    return unusable(failed('the keys are not JSON', MAKE_ONE))
  }
  const jwks = listSigningKeys(keys)
  if (jwks.length === 0) return unusable(failed('the set contains no key', MAKE_ONE))
  const seen = new Map<string, string>()
  for (const jwk of jwks) {
    try {
      const { keyid, alg } = checkSigningKey(jwk, 'verify')
      if (seen.has(keyid)) return unusable(failed(`two keys have the "kid" "${keyid}"`, 'Give each key its own'))
      seen.set(keyid, alg)
    } catch (error) {
      return unusable(failed((error as TypeError).message, 'The origin would not start with these keys'))
    }
  }
  const finding = ok([...seen].map(([keyid, alg]) => `"${keyid}" (${alg})`).join(', '))
  return { findings: [finding], keys: jwks as readonly SigningJwk[] }
}

function unusable(finding: Finding): EdgeKeysReport {
  return { findings: [finding], keys: [] }
}
