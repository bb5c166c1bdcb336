import { describe, expect, it } from 'vitest'
import type { ConfiguredCheck } from '../countersign-health.ts'
import { countersignErrors } from '../errors.ts'
import { refusalResponses } from './refusal-responses.ts'

const ALL: ConfiguredCheck[] = ['edge signature', 'replay', 'Access token', 'trusted issuers', 'revocation', 'identify']

const codesWith = (checks: ConfiguredCheck[]) =>
  Object.values(refusalResponses(checks)).flatMap(
    ({ properties }) => (properties as { readonly code: { readonly enum: readonly string[] } }).code.enum,
  )

describe('refusalResponses', () => {
  it('has every code once, at its status, with all checks', () => {
    expect(codesWith(ALL).toSorted()).toEqual([...countersignErrors.keys()].toSorted())
    const responses = refusalResponses(ALL)
    for (const [code, { statusCode, message }] of countersignErrors) {
      expect(responses[statusCode]?.description).toContain(`\`${code}\`: ${message}.`)
    }
  })

  it('is the schema of the answer, with the code and the status of each refusal', () => {
    const { 400: malformed, 503: unavailable } = refusalResponses(ALL)
    expect(malformed).toStrictEqual({
      description: '`CSN_HEADERS_MALFORMED`: The client certificate headers are malformed.',
      type: 'object',
      properties: {
        statusCode: { type: 'integer', enum: [400] },
        code: { type: 'string', enum: ['CSN_HEADERS_MALFORMED'] },
        error: { type: 'string' },
        message: { type: 'string' },
      },
      required: ['statusCode', 'code', 'error', 'message'],
    })
    expect(unavailable?.properties['statusCode']).toEqual({ type: 'integer', enum: [503] })
    expect(unavailable?.description).toBe(
      '`CSN_ACCESS_KEYS_UNAVAILABLE`: The keys that verify Access tokens are unavailable. `CSN_REPLAY_STORE_UNAVAILABLE`: The store that detects replayed requests is unavailable. `CSN_REVOCATION_UNAVAILABLE`: The certificate revocation list is unavailable. `CSN_IDENTIFY_UNAVAILABLE`: The user of the client cannot be looked up.',
    )
  })

  it('has the challenge at 401 alone', () => {
    const responses = refusalResponses(ALL)
    expect(responses['401']?.headers).toEqual({
      'WWW-Authenticate': {
        type: 'string',
        enum: ['Countersign'],
        description: 'The request must come through the edge, with the credentials of the client.',
      },
    })
    const others = Object.keys(responses).filter((status) => 'headers' in (responses[status] ?? {}))
    expect(others).toEqual(['401'])
  })

  it.each([
    ['edge signature', ['CSN_SIGNATURE_MISSING', 'CSN_SIGNATURE_INVALID', 'CSN_SIGNATURE_EXPIRED']],
    ['replay', ['CSN_SIGNATURE_REPLAYED', 'CSN_REPLAY_STORE_UNAVAILABLE']],
    ['trusted issuers', ['CSN_CERT_UNTRUSTED_ISSUER']],
    ['revocation', ['CSN_REVOCATION_UNAVAILABLE']],
    ['identify', ['CSN_USER_UNKNOWN', 'CSN_IDENTIFY_UNAVAILABLE']],
  ] as const)('has no code of %s without this check', (check, absent) => {
    const codes = codesWith(ALL.filter((name) => name !== check))
    expect([...countersignErrors.keys()].filter((code) => !codes.includes(code))).toEqual(absent)
  })
})
