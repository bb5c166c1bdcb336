import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'

/** The cases of a suite with which we do not agree: the reason by the id of the case. */
export type Disagreements = Readonly<Record<string, string>>

/** Reads a file of `data/`. Its type is the caller's claim. */
export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'data', `${name}.json`), 'utf8')) as T
}

/**
 * Expects that we decide as a suite does, except for the listed cases.
 *
 * A listed case with which we agree fails too, so that the list stays true.
 *
 * @param cases - the cases, of which each id occurs once
 * @param decide - our outcome of a case
 * @param expected - the outcome of the suite
 */
export async function expectAgreement<Case extends { readonly id: string | number }>(
  cases: readonly Case[],
  decide: (vector: Case) => unknown,
  expected: (vector: Case) => unknown,
  disagreements: Disagreements = {},
): Promise<void> {
  const different: Record<string, unknown> = {}
  const ids = new Set<string>()
  for (const vector of cases) {
    const id = String(vector.id)
    expect(ids.has(id), `the id ${id} is not unique`).toBe(false)
    ids.add(id)
    const outcome = await decide(vector)
    if (outcome !== expected(vector)) different[id] = outcome
  }
  expect(Object.keys(different).sort(), JSON.stringify(different)).toEqual(Object.keys(disagreements).sort())
  expect(ids.size).toBeGreaterThan(0)
}
