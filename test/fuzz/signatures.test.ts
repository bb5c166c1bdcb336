import { isCountersignError } from '@countersign/origin-plugin'
import {
  carriedFields,
  headerLines,
  headerOf,
  type WireRequest,
  withHeader,
  withLines,
} from '@countersign/test-support/wire-request'
import {
  COVERED_FIELDS,
  formatComponents,
  SIGNATURE_LABEL,
  splitDictionary,
  splitRequestTarget,
} from '@countersign/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyEdits, edits, syntaxText } from './arbitraries.ts'
import { clientRequest, sign, verify } from './edge-request.ts'
import { fuzz } from './fuzz.ts'

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/='
const ASIDE = ['signature-input', 'signature'] as const

const someEdits = edits(fc.oneof(syntaxText, fc.string({ maxLength: 3 }), fc.constantFrom('A', 'Q', '=', ':', 'x=1, ')))
const nameOfFamily = fc.constantFrom(...COVERED_FIELDS, 'x-cert-other', 'x_cert_ski', 'cf-cert-serial', 'x-other')

/** A change by an attacker between edge and origin. `position` selects the part to change. */
const change = fc.oneof(
  fc.record({ of: fc.constant('value' as const), position: fc.nat(), edits: someEdits }),
  fc.record({ of: fc.constant('name' as const), position: fc.nat(), name: nameOfFamily }),
  fc.record({ of: fc.constant('line' as const), position: fc.nat(), how: fc.constantFrom('remove', 'repeat') }),
  fc.record({ of: fc.constant('addition' as const), name: nameOfFamily, text: fc.string({ maxLength: 5 }) }),
  fc.record({ of: fc.constant('component order' as const), position: fc.nat(), other: fc.nat() }),
  fc.record({ of: fc.constantFrom('input' as const, 'signature' as const), edits: someEdits }),
  fc.record({
    of: fc.constant('signature character' as const),
    fromEnd: fc.oneof(fc.nat(3), fc.nat(90)),
    distance: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ of: fc.constant('signature bit' as const), position: fc.nat(), bit: fc.nat(7) }),
  fc.record({
    of: fc.constantFrom('method' as const, 'path' as const, 'query' as const, 'host' as const),
    edits: someEdits,
  }),
)
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

function apply(request: WireRequest, change: Change): WireRequest {
  const lines = headerLines(request)
  const covered = [...carriedFields(request), ...ASIDE]
  const pick = <T>(list: readonly T[], position: number) => list[position % list.length] as T
  const setting = (name: string, to: (value: string) => string) =>
    withHeader(request, name, to(headerOf(request, name) ?? ''))

  switch (change.of) {
    case 'value':
      return setting(pick(covered, change.position), (value) => applyEdits(value, change.edits))
    case 'name': {
      const name = pick(covered, change.position)
      return withLines(
        request,
        lines.map((line) => (line[0] === name ? [change.name, line[1]] : line)),
      )
    }
    case 'line': {
      const name = pick(covered, change.position)
      const times = change.how === 'remove' ? 0 : 2
      return withLines(
        request,
        lines.flatMap((line) => (line[0] === name ? Array<typeof line>(times).fill(line) : [line])),
      )
    }
    case 'addition':
      return withLines(request, [...lines, [change.name, change.text]])
    case 'component order':
      return setting('signature-input', (value) =>
        value.replace(/\((.*)\)/, (_, list: string) => {
          const items = list.split(' ')
          const [a, b] = [change.position % items.length, change.other % items.length]
          const [first, second] = [items[a] as string, items[b] as string]
          return `(${items.with(a, second).with(b, first).join(' ')})`
        }),
      )
    case 'input':
    case 'signature':
      return setting(change.of === 'input' ? 'signature-input' : 'signature', (value) =>
        applyEdits(value, change.edits),
      )
    case 'signature character':
      return setting('signature', (value) => {
        const at = Math.max('countersign=:'.length, value.lastIndexOf(':') - 1 - change.fromEnd)
        const next = (BASE64.indexOf(value.charAt(at)) + change.distance) % BASE64.length
        return value.slice(0, at) + BASE64.charAt(next) + value.slice(at + 1)
      })
    case 'signature bit':
      return setting('signature', (value) => {
        const [label, base64] = value.split(':') as [string, string]
        const bytes = Buffer.from(base64, 'base64')
        const at = change.position % bytes.length
        bytes[at] = (bytes[at] as number) ^ (1 << change.bit)
        return `${label}:${bytes.toString('base64')}:`
      })
    case 'method':
      return { ...request, method: applyEdits(request.method, change.edits) }
    case 'path':
    case 'query': {
      const { path, query } = splitRequestTarget(request.target)
      if (change.of === 'path') return { ...request, target: applyEdits(path, change.edits) + query }
      return { ...request, target: `${path}?${applyEdits(query.slice(1), change.edits)}` }
    }
    case 'host':
      return setting('host', (value) => applyEdits(value, change.edits))
  }
}

/** The content that the signature covers. It is equal for `/a` and `/a?` (RFC 9421, section 2.2.7). */
function meaning(request: WireRequest): unknown {
  const lines = headerLines(request)
  return {
    method: request.method,
    host: lines.filter(([name]) => name === 'host'),
    ...splitRequestTarget(request.target),
    // The order of different lines has no meaning. Members under other labels are not ours.
    lines: lines
      .filter(([name]) => !['host', 'accept', 'x-other'].includes(name))
      .map(([name, value]) => [name, ASIDE.includes(name as never) ? ownMembers(value) : value])
      .sort(),
  }
}

const ownMembers = (value: string) => splitDictionary(value).filter(({ key }) => key === SIGNATURE_LABEL)

describe('a request that the edge signed', () => {
  it('is accepted by the origin', () =>
    fuzz(
      fc.asyncProperty(clientRequest, async (request) => {
        const sent = await sign(request)
        expect(verify(sent).stableLines.components).toBe(formatComponents(carriedFields(sent)))
      }),
      0.5,
    ))

  it('is refused with any change', () =>
    fuzz(
      fc.asyncProperty(clientRequest, change, async (request, change) => {
        const sent = await sign(request)
        const changed = apply(sent, change)
        try {
          verify(changed)
        } catch (error) {
          expect(isCountersignError(error), String(error)).toBe(true)
          return
        }
        expect(meaning(changed), 'accepted, so nothing can have changed').toEqual(meaning(sent))
      }),
      2,
    ))

  it('is refused with the signature of another request', () =>
    fuzz(
      fc.asyncProperty(clientRequest, clientRequest, async (one, other) => {
        const [to, from] = await Promise.all([sign(one), sign(other)])
        const moved = ASIDE.reduce((request, name) => withHeader(request, name, headerOf(from, name)), to)
        const unsigned = (request: WireRequest) =>
          meaning(
            withLines(
              request,
              headerLines(request).filter(([name]) => !ASIDE.includes(name as never)),
            ),
          )
        if (isDeepEqual(unsigned(from), unsigned(to))) return
        expect(() => verify(moved)).toThrow(expect.objectContaining({ code: 'CSN_SIGNATURE_INVALID' }))
      }),
      0.25,
    ))
})

function isDeepEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
