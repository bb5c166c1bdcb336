// The rules of SPIFFE as one grammar and a comparison of lists, which share no code with the plugin.
import { not } from '@countersign/origin-plugin'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGuardCompiler } from '../../packages/origin-plugin/src/guards/compile-guard.ts'
import { parseSpiffeId } from '../../packages/origin-plugin/src/x509/text/spiffe-id.ts'
import { makeClientCert, makeRequest } from '../../packages/origin-plugin/test/support/make-client-cert.ts'
import { fuzz } from './fuzz.ts'

const GRAMMAR = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)+)$/

const piece = fc.constantFrom(
  'ns',
  'prod',
  'production',
  '.',
  '..',
  '...',
  '%70rod',
  '',
  'a?b',
  'a#b',
  'Ä',
  ' ',
  '-',
  '_',
)
const good = fc.constantFrom('ns', 'prod', 'production', 'sa', 'x')
const scheme = fc.constantFrom(
  'spiffe://',
  'spiffe://',
  'spiffe://',
  'SPIFFE://',
  'spiffe:/',
  'spiffe:',
  'https://',
  '',
)
const domain = fc.constantFrom(
  'acme.example',
  'acme.example',
  'b.example',
  'Acme.example',
  'acme.example.',
  'a@b',
  'a:1',
  '',
)
const anyId = fc
  .tuple(scheme, domain, fc.array(fc.oneof(good, piece), { maxLength: 4 }))
  .map(([scheme, domain, segments]) => `${scheme}${domain}${segments.map((segment) => `/${segment}`).join('')}`)
const path = fc.array(good, { minLength: 1, maxLength: 3 })
const requirement = fc.record({
  domains: fc.uniqueArray(fc.constantFrom('acme.example', 'b.example'), { minLength: 1 }),
  paths: fc.option(fc.array(path, { minLength: 1, maxLength: 3 }), { nil: undefined }),
})

const textOf = (segments: readonly string[]) => segments.map((segment) => `/${segment}`).join('')

describe('a random SPIFFE ID', () => {
  it('is parsed if it follows the grammar, and only then', () =>
    fuzz(
      fc.property(anyId, (id) => {
        const [, trustDomain, path] = GRAMMAR.exec(id) ?? []
        if (trustDomain === undefined) expect(() => parseSpiffeId(id)).toThrow(SyntaxError)
        else expect(parseSpiffeId(id)).toEqual({ trustDomain, path })
      }),
    ))

  it('matches if its domain is listed and its segments begin with those of a path', () =>
    fuzz(
      fc.property(anyId, requirement, (id, { domains, paths }) => {
        const valid = GRAMMAR.exec(id)
        const spiffe = { trustDomain: domains, ...(paths && { path: paths.map(textOf) }) }
        const { compile } = createGuardCompiler({})
        const cert = makeClientCert({ spiffeId: valid ? id : undefined, subjectAltNames: { uri: [id] } })
        const outcomes = [{ spiffe }, not({ spiffe })].map(
          (each) => compile(each, 'GET /').decide(cert, makeRequest()).outcome,
        )
        if (!valid) {
          const isOther = !/^spiffe:/i.test(id)
          expect(outcomes).toEqual(isOther ? ['mismatch', 'match'] : ['undecided', 'undecided'])
          return
        }
        const [, domain = '', text = ''] = valid
        const segments = text.split('/').slice(1)
        const isBelow = paths?.some((path) => path.every((segment, at) => segments[at] === segment)) ?? true
        if (!isBelow || !(domains as string[]).includes(domain.replace(/\.$/, ''))) {
          expect(outcomes).toEqual(['mismatch', 'match'])
        } else if (domain.endsWith('.')) expect(outcomes).toEqual(['undecided', 'undecided'])
        else expect(outcomes).toEqual(['match', 'mismatch'])
      }),
      2,
    ))
})
