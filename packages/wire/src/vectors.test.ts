import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  buildSignatureBase,
  parseSignatureInput,
  SIGNATURE_LABEL,
  splitDictionary,
  splitRequestTarget,
} from './index.ts'

interface Vector {
  readonly name: string
  readonly rule?: string
  readonly request: { readonly method: string; readonly target: string; readonly headers: readonly [string, string][] }
  readonly signatureBase: string
}

const read = (name: string): Vector[] =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'))

/** The value of a header, its lines joined. HTTP drops the spaces and tabs around each. */
function headerValue({ request }: Vector, wanted: string): string {
  return request.headers
    .filter(([name]) => name.toLowerCase() === wanted)
    .map(([, value]) => value.replace(/^[ \t]+|[ \t]+$/g, ''))
    .join(', ')
}

/** Our member of `Signature-Input`. */
function memberOf(vector: Vector): string {
  return splitDictionary(headerValue(vector, 'signature-input')).find(({ key }) => key === SIGNATURE_LABEL)?.value ?? ''
}

describe('the vectors, read by this package', () => {
  it.each(read('accepted'))('have this base: $name', (vector) => {
    const member = memberOf(vector)
    const { fields, later } = parseSignatureInput(member)
    const { method, target } = vector.request
    const base = buildSignatureBase(
      [...fields, ...later],
      (name) => headerValue(vector, name),
      { authority: headerValue(vector, 'host'), method, ...splitRequestTarget(target) },
      member,
    )
    expect(base).toBe(vector.signatureBase)
  })

  const ofSyntax = ['components', 'derived-components', 'parameters']
  it.each(read('refused').filter(({ rule = '' }) => ofSyntax.includes(rule)))(
    'have a Signature-Input outside of the profile: $name',
    (vector) => {
      expect(() => parseSignatureInput(memberOf(vector))).toThrow(SyntaxError)
    },
  )

  it.each(read('refused').filter(({ rule }) => rule === 'dictionary'))('have no dictionary: $name', (vector) => {
    expect(() => [
      splitDictionary(headerValue(vector, 'signature-input')),
      splitDictionary(headerValue(vector, 'signature')),
    ]).toThrow(SyntaxError)
  })
})
