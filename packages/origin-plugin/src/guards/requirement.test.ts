import { describe, expect, it } from 'vitest'
import { allOf, anyOf, Combination, not } from './requirement.ts'

describe('allOf, anyOf and not', () => {
  it.each([
    ['allOf', allOf('a', 'b'), ['a', 'b']],
    ['anyOf', anyOf('a', 'b'), ['a', 'b']],
    ['not', not('a'), ['a']],
  ] as const)('keep what %s combines, in order', (operator, combination, requirements) => {
    expect(combination).toBeInstanceOf(Combination)
    expect(combination.operator).toBe(operator)
    expect(combination.requirements).toEqual(requirements)
  })

  it('are not changed by changing the list that they were made of', () => {
    const list = ['a', 'b']
    const combination = anyOf(...list)
    list.push('c')
    expect(combination.requirements).toEqual(['a', 'b'])
  })
})
