import { headerLines, headerOf, type WireRequest, withHeader, withLines } from '@countersign/test-support/wire-request'
import { requestOf } from './parts.ts'
import { buildVector, type RefusedVector, RULES, type Rule, type VectorChanges } from './vector.ts'

/** A refused request of the Worker, changed before or after it was signed. */
export function refuse(
  rule: Rule,
  name: string,
  request: WireRequest = requestOf(),
  changes: VectorChanges = {},
): RefusedVector {
  return { rule, code: RULES[rule], ...buildVector(`${rule}: ${name}`, request, changes) }
}

/** Replaces or removes a header of a request. */
export const setting = (name: string, value: string | undefined, request = requestOf()) =>
  withHeader(request, name, value)

/** Adds a line to a request. */
export const withLine = (name: string, value = '1', request = requestOf()) =>
  withLines(request, [...headerLines(request), [name, value]])

/** Covers further headers. */
export const covering = (...names: readonly string[]): VectorChanges => ({
  fields: (carried) => [...carried, ...names],
})

/** Adds a line to a signed request. */
export const adding = (name: string, value: string): VectorChanges => ({
  after: (request) => withLine(name, value, request),
})

/** Rewrites a header of a signed request. */
export const rewriting = (name: string, rewrite: (value: string) => string): VectorChanges => ({
  after: (request) => withHeader(request, name, rewrite(headerOf(request, name) ?? '')),
})

/** Removes headers of a signed request. */
export const removing = (...names: readonly string[]): VectorChanges => ({
  after: (request) => names.reduce((rest, name) => withHeader(rest, name, undefined), request),
})

/** Rewrites the member of `Signature-Input` before it is signed. */
export const input = (from: string | RegExp, to: string): VectorChanges => ({
  input: (member) => member.replace(from, to),
})

/** Changes method or target of a signed request. */
export const moved = (changes: Partial<WireRequest>): VectorChanges => ({
  after: (request) => ({ ...request, ...changes }),
})
