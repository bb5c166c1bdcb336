import { isUtf8 } from 'node:buffer'
import { refusalAt } from '../errors.ts'

const refuse = refusalAt('Access token')

/**
 * Parses the header or the payload of a token: a JSON object in UTF-8 in base64url (RFC 7515, section 5.2, and RFC 7519,
 * section 7.2).
 *
 * @param part - the name of the part, for the reason of a refusal
 * @throws CountersignError `CSN_ACCESS_TOKEN_INVALID`
 */
export function parseTokenPart(base64url: string, part: 'header' | 'payload'): Record<string, unknown> {
  const bytes = Buffer.from(base64url, 'base64url')
  // A decoder replaces bytes that are not UTF-8. Two names that differ in such bytes would become the same one.
  if (!isUtf8(bytes)) throw refuse('CSN_ACCESS_TOKEN_INVALID', `the ${part} of the token is not UTF-8`)
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch {
    throw refuse('CSN_ACCESS_TOKEN_INVALID', `the ${part} of the token is not JSON`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse('CSN_ACCESS_TOKEN_INVALID', `the ${part} of the token is not a JSON object`)
  }
  return value as Record<string, unknown>
}
