import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../test/support/expect-refusal.ts'
import { parseTokenPart } from './token-part.ts'

const base64url = (text: string) => Buffer.from(text).toString('base64url')

describe('parseTokenPart', () => {
  it('parses a JSON object', () => {
    expect(parseTokenPart(base64url('{"alg":"RS256","name":"Zoë"}'), 'header')).toEqual({ alg: 'RS256', name: 'Zoë' })
    expect(parseTokenPart(base64url('{}'), 'payload')).toEqual({})
  })

  it.each(['header', 'payload'] as const)('refuses a %s that is not JSON', (part) => {
    for (const text of ['', 'rubbish', '{"alg":', "{'alg':1}"]) {
      expect(refusalOf(() => parseTokenPart(base64url(text), part))).toEqual({
        code: 'CSN_ACCESS_TOKEN_INVALID',
        reason: `the ${part} of the token is not JSON`,
      })
    }
  })

  it.each(['header', 'payload'] as const)('refuses a %s that is JSON, but not an object', (part) => {
    for (const text of ['null', '[]', '[{"alg":"RS256"}]', '"text"', '1', 'true']) {
      expect(refusalOf(() => parseTokenPart(base64url(text), part))).toEqual({
        code: 'CSN_ACCESS_TOKEN_INVALID',
        reason: `the ${part} of the token is not a JSON object`,
      })
    }
  })

  it.each(['header', 'payload'] as const)('refuses a %s that is not UTF-8', (part) => {
    for (const bytes of ['7b2261223a22ff227d', '7b2261223a22c328227d', '7b2261223a22eda080227d', 'ff']) {
      expect(refusalOf(() => parseTokenPart(Buffer.from(bytes, 'hex').toString('base64url'), part))).toEqual({
        code: 'CSN_ACCESS_TOKEN_INVALID',
        reason: `the ${part} of the token is not UTF-8`,
      })
    }
  })

  it('refuses a byte order mark, which is not JSON', () => {
    expect(refusalOf(() => parseTokenPart(base64url('\ufeff{}'), 'header')).reason).toBe(
      'the header of the token is not JSON',
    )
  })
})
