import type { FastifyRequest } from 'fastify'
import { describe, expect, it } from 'vitest'
import { ADMITTED, absenceOf, REFUSED_BEFORE } from './progress.ts'

describe('absenceOf', () => {
  it.each([
    ['an admitted request', {}, 'the client did not present a certificate'],
    ['a refused one', false, REFUSED_BEFORE],
    ['one of a public route', null, 'the route is public, so no certificate was verified'],
  ])('tells the reason for %s', (_, admitted, reason) => {
    expect(absenceOf({ [ADMITTED]: admitted } as unknown as FastifyRequest)).toBe(reason)
  })
})
