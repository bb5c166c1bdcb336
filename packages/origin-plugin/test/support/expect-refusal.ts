import type { RawAnswer } from '@countersign/test-support/raw-http'
import { expect } from 'vitest'
import {
  type CountersignError,
  type CountersignErrorCode,
  countersignErrors,
  isCountersignError,
} from '../../src/errors.ts'
import type { FastifyOrigin } from './fastify-origin.ts'

/** A refusal as a test compares it. */
export interface Refused {
  readonly code: CountersignErrorCode
  readonly reason: string
}

/** Calls a function that must refuse. Any other error, or no error, fails the test. */
export function refusalOf(run: () => unknown): Refused {
  try {
    run()
  } catch (error) {
    return readRefusal(error)
  }
  return expect.fail('nothing was refused')
}

/** As {@link refusalOf}, for a promise. */
export async function refusalFrom(promise: Promise<unknown>): Promise<Refused> {
  try {
    await promise
  } catch (error) {
    return readRefusal(error)
  }
  return expect.fail('nothing was refused')
}

function readRefusal(error: unknown): Refused {
  if (!isCountersignError(error)) throw error
  return { code: error.code, reason: error.reason }
}

/** For `toThrow`: a refusal with this code, its status and message, and this reason. */
export function refusedWith(code: CountersignErrorCode, reason: string | RegExp): Error {
  return expect.toSatisfy((error: CountersignError) => {
    expect({ code: error.code, statusCode: error.statusCode, message: error.message }).toEqual({
      code,
      ...publicPart(code),
    })
    expectReason(error.reason, reason)
    return true
  })
}

/**
 * Expects a refusal: status and code in the answer, the reason in the log alone, and no secret in either.
 *
 * @param secrets - texts that must not appear at all: the token, the key, the signature
 */
export function expectRefusal(
  origin: Pick<FastifyOrigin, 'log'>,
  answer: RawAnswer,
  code: CountersignErrorCode,
  reason: string | RegExp,
  secrets: readonly string[] = [],
): void {
  const { statusCode, message } = publicPart(code)
  expect(answer.json()).toMatchObject({ code, statusCode, message })
  expect(answer.status).toBe(statusCode)
  const line = origin.log.findLast((each) => each.code === code && each.level === 40)
  expect(line).toMatchObject({ code, statusCode, msg: 'countersign: request refused' })
  expectReason(line?.reason, reason)
  expect(answer.raw).not.toContain(line?.reason)
  const everything = JSON.stringify(origin.log) + answer.raw
  for (const secret of secrets) expect(everything).not.toContain(secret)
}

function publicPart(code: CountersignErrorCode): { readonly statusCode: number; readonly message: string } {
  const { statusCode, message } = countersignErrors.get(code) as { statusCode: number; message: string }
  return { statusCode, message }
}

function expectReason(actual: unknown, expected: string | RegExp): void {
  if (typeof expected === 'string') expect(actual).toBe(expected)
  else expect(actual).toMatch(expected)
}
