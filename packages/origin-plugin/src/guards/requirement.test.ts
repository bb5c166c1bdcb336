import type { FastifyRequest } from 'fastify'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { ClientCert } from '../client-cert.ts'
import { DistinguishedName } from '../x509/distinguished-name.ts'
import {
  allOf,
  anyOf,
  Combination,
  type GuardFunction,
  not,
  OptionalRequirement,
  optional,
  type Requirement,
  type RouteRequirement,
} from './requirement.ts'

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

describe('not', () => {
  it('refuses a second requirement, whose matches it would admit', () => {
    const untyped = not as (...requirements: Requirement[]) => Combination
    expect(() => untyped('a', 'b')).toThrow(
      new TypeError('not() takes one requirement; write not(anyOf(…)) to exclude the matches of each'),
    )
  })
})

describe('optional', () => {
  const untyped = optional as (...given: unknown[]) => OptionalRequirement

  it('keeps its requirement, by default that of any verified certificate', () => {
    expect(optional()).toBeInstanceOf(OptionalRequirement)
    expect(optional().requirement).toBe(true)
    expect(optional(true).requirement).toBe(true)
    expect(optional('ops').requirement).toBe('ops')
    const combination = anyOf('a', 'b')
    expect(optional(combination).requirement).toBe(combination)
  })

  it('cannot be changed', () => {
    expect(() => Object.assign(optional('ops'), { requirement: true })).toThrow(TypeError)
  })

  it.each([
    [[undefined], 'optional(undefined): the requirement is undefined; write it, or optional() without one'],
    [
      [false],
      'optional(false) is not a requirement; write clientCert: false for a public route, or optional() to verify a certificate that comes',
    ],
    [['a', 'b'], 'optional() takes one requirement; write optional(anyOf(…)) or optional(allOf(…))'],
    [[undefined, undefined], 'optional() takes one requirement; write optional(anyOf(…)) or optional(allOf(…))'],
  ])('refuses %j', (given, message) => {
    expect(() => untyped(...given)).toThrow(new TypeError(message))
  })
})

describe('a combination', () => {
  it('cannot be changed between its declaration and the start', () => {
    const requirements: Requirement[] = ['a']
    const combination = new Combination('anyOf', requirements)
    requirements.push(true)
    expect(combination.requirements).toEqual(['a'])
    expect(() => (combination.requirements as Requirement[]).push(true)).toThrow(TypeError)
    expect(() => Object.assign(combination, { operator: 'allOf' })).toThrow(TypeError)
  })
})

describe('the types of requirements', () => {
  it('accept values with their inferred types, and constants', () => {
    const inferred = { subject: { OU: 'Ops', CN: ['a', 'b'] }, san: { dns: ['a.example'] } }
    const constant = { subject: ['CN=a', 'CN=b'], issuer: { OU: { some: ['a', /^b$/.source] } } } as const
    expectTypeOf(inferred).toExtend<Requirement>()
    expectTypeOf(constant).toExtend<Requirement>()
    expectTypeOf({ subject: DistinguishedName.parse('CN=a') }).toExtend<Requirement>()
    expectTypeOf(allOf(inferred, not(constant))).toExtend<Requirement>()
  })

  it('accept a guard that knows the types of its route', () => {
    type TenantRequest = FastifyRequest<{ Params: { tenant: string }; Querystring: { page: number } }>
    const ownTenant = (cert: ClientCert, { params }: TenantRequest) => cert.subject.O === params.tenant
    expectTypeOf(ownTenant).toExtend<GuardFunction>()
    expectTypeOf(anyOf(ownTenant, (cert) => cert.subject.O === 'Acme')).toExtend<Requirement>()
  })

  it('accept optional() around the requirement of a route alone', () => {
    expectTypeOf(optional('ops')).toExtend<RouteRequirement>()
    expectTypeOf(false as const).toExtend<RouteRequirement>()
    expectTypeOf(optional('ops')).not.toExtend<Requirement>()
  })

  it('refuse a variable that may be unset, a guard that is not synchronous, and a mistyped property', () => {
    expectTypeOf<{ subject: { CN: string | undefined } }>().not.toExtend<Requirement>()
    expectTypeOf<() => Promise<boolean>>().not.toExtend<Requirement>()
    expectTypeOf<{ subject: { OU: { any: string } } }>().not.toExtend<Requirement>()
  })
})
