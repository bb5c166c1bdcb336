import createError from '@fastify/error'
import { describe, expect, it } from 'vitest'
import {
  type CountersignError,
  type CountersignErrorCode,
  countersignErrors,
  isCountersignError,
  refusalAt,
  STEPS,
  stepOf,
} from './errors.ts'

const refusal = refusalAt('headers')

const CODE: CountersignErrorCode = 'CSN_CERT_FORBIDDEN'

describe('countersignErrors', () => {
  it.each([...countersignErrors])('has a status and a sentence for %s', (code, { statusCode, message }) => {
    expect(code).toMatch(/^CSN_[A-Z_]+$/)
    expect([400, 401, 403, 503]).toContain(statusCode)
    expect(message).toMatch(/^The .+|^A client certificate is required$/)
    expect(refusal(code, 'why')).toMatchObject({ code, statusCode, message, name: 'FastifyError' })
  })
})

describe('refusalAt', () => {
  it.each(STEPS)('makes refusals that know their step: %s', (step) => {
    const error = refusalAt(step)(CODE, 'why')
    expect(stepOf(error)).toBe(step)
    expect(JSON.stringify(error)).not.toContain('why')
    expect(Object.keys(error)).toEqual(Object.keys(refusal(CODE, 'why')))
  })

  it('has a readable reason that no enumeration shows', () => {
    const error = refusal(CODE, 'the reason')
    expect(error.reason).toBe('the reason')
    expect(JSON.stringify(error)).not.toContain('the reason')
    expect(String(error)).not.toContain('the reason')
    expect({ ...error }).not.toHaveProperty('reason')
    expect(Object.keys(error)).not.toContain('reason')
    expect(error.stack ?? '').not.toContain('the reason')
  })

  it('cuts a long reason', () => {
    expect(refusal(CODE, 'x'.repeat(300)).reason).toHaveLength(300)
    expect(refusal(CODE, 'x'.repeat(100_000)).reason).toHaveLength(300)
  })

  it('makes a new error each time', () => {
    const [one, other] = [refusal(CODE, 'a'), refusal(CODE, 'b')]
    expect(one).not.toBe(other)
    expect(one.reason).toBe('a')
  })

  it('does not interpret format specifiers in the reason', () => {
    expect(refusal(CODE, '%s %d %j').reason).toBe('%s %d %j')
  })

  it('costs no stack trace', () => {
    expect(refusal(CODE, 'why')).not.toHaveProperty('stack')
  })
})

describe('stepOf', () => {
  it('throws for an error that no step made', () => {
    const foreign = { code: CODE } as CountersignError
    expect(() => stepOf(foreign)).toThrow(new TypeError(`${CODE} was not made by a step`))
  })
})

describe('isCountersignError', () => {
  it.each([...countersignErrors.keys()])('knows %s', (code) => {
    expect(isCountersignError(refusal(code, ''))).toBe(true)
  })

  it('knows one of another copy of this package', () => {
    expect(isCountersignError(new (createError(CODE, 'x', 403))())).toBe(true)
  })

  it.each<[string, unknown]>([
    ['an error with the same code', Object.assign(new Error('x'), { code: CODE, statusCode: 403, reason: 'x' })],
    ['an object with the same code', { code: CODE, statusCode: 403, reason: 'x', message: 'x' }],
    ['another error of Fastify', new (createError('FST_OTHER', 'x', 403))()],
    ['an error with a code of our kind', new (createError('CSN_OTHER', 'x', 403))()],
    ['an error with the code of a property of objects', Object.assign(new Error('x'), { code: 'constructor' })],
    ['an error without a code', new TypeError('x')],
    ['text', CODE],
    ['nothing', undefined],
    ['null', null],
  ])('does not take for one: %s', (_what, error) => {
    expect(isCountersignError(error)).toBe(false)
  })
})
