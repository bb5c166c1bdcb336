import { expect } from 'vitest'
import { type CountersignErrorCode, isCountersignError } from '../errors.ts'

/** A refusal as a test compares it. */
export interface Refused {
  readonly code: CountersignErrorCode
  readonly reason: string
}

/** Runs what has to refuse, and takes the refusal apart. Any other error, and no error, fails the test. */
export function refusalOf(run: () => unknown): Refused {
  try {
    run()
  } catch (error) {
    return read(error)
  }
  return expect.fail('nothing was refused')
}

/** As {@link refusalOf}, of a promise. */
export async function refusalFrom(promise: Promise<unknown>): Promise<Refused> {
  try {
    await promise
  } catch (error) {
    return read(error)
  }
  return expect.fail('nothing was refused')
}

function read(error: unknown): Refused {
  if (!isCountersignError(error)) throw error
  return { code: error.code, reason: error.reason }
}
