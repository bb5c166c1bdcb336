import { refusalAt } from '../errors.ts'

const refuse = refusalAt('Access token')

/**
 * Parses the header or the payload of a token: a JSON object in base64url.
 *
 * @param part - the name of the part, for the reason of a refusal
 * @throws CountersignError `CSN_ACCESS_TOKEN_INVALID`
 */
export function parseTokenPart(base64url: string, part: 'header' | 'payload'): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(base64url, 'base64url').toString())
  } catch {
    throw refuse('CSN_ACCESS_TOKEN_INVALID', `the ${part} of the token is not JSON`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse('CSN_ACCESS_TOKEN_INVALID', `the ${part} of the token is not a JSON object`)
  }
  return value as Record<string, unknown>
}
