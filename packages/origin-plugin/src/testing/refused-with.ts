import { expect } from 'vitest'
import { type CountersignError, type CountersignErrorCode, countersignErrors } from '../errors.ts'

/** For `toThrow`: a refusal with this code, its status and message, and this reason. */
export function refusedWith(code: CountersignErrorCode, reason: string | RegExp): Error {
  const { statusCode, message } = countersignErrors.get(code) as { statusCode: number; message: string }
  return expect.toSatisfy((error: CountersignError) => {
    expect({ code: error.code, statusCode: error.statusCode, message: error.message }).toEqual({
      code,
      statusCode,
      message,
    })
    if (typeof reason === 'string') expect(error.reason).toBe(reason)
    else expect(error.reason).toMatch(reason)
    return true
  })
}
