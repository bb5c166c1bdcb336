import { type CountersignError, refusal } from '../errors.ts'

/** @param reason - for the log; it must not quote the token */
export function invalidToken(reason: string): CountersignError {
  return refusal('CSN_ACCESS_TOKEN_INVALID', reason)
}
