import { describe, expect, it } from 'vitest'
import { makeClientCert, makeRequest } from '../../../test/support/make-client-cert.ts'
import { compileCertificateRequirement } from '../certificate-guard.ts'
import { createGuardCompiler } from '../compile-guard.ts'
import { not } from '../requirement.ts'

const compile = (claims: unknown) => compileCertificateRequirement({ access: { claims } }, 'GET /ops')
const requestWith = (claims: object) =>
  makeRequest({ kind: 'user', email: 'a@example.net', sub: '1', claims: claims as Record<string, unknown> })
const decide = (match: unknown, claims: object) => compile(match).decide(makeClientCert(), requestWith(claims))

describe('access.claims', () => {
  it.each<[object, object]>([
    [{ role: 'admin' }, { role: 'admin' }],
    [{ role: ['a', 'admin'] }, { role: 'admin' }],
    [{ role: /^adm.*$/ }, { role: 'admin' }],
    [{ groups: 'ops' }, { groups: ['dev', 'ops'] }],
    [{ groups: ['ops', 'security'] }, { groups: ['dev', 'security'] }],
    [{ groups: 'ops' }, { groups: [null, { name: 'ops' }, 'ops'] }],
    [{ tier: 1 }, { tier: 1 }],
    [{ tier: [0, 1.5] }, { tier: 1.5 }],
    [{ tier: 0 }, { tier: -0 }],
    [{ admin: true }, { admin: true }],
    [{ level: ['high', 3, true] }, { level: 3 }],
    [{ level: ['high', 3, true] }, { level: 'high' }],
    [{ 'custom.role': 'admin' }, { custom: { role: 'admin' }, 'custom.role': 'user' }],
    [{ 'custom\\.role': 'user' }, { custom: { role: 'admin' }, 'custom.role': 'user' }],
    [
      { role: 'admin', tier: 1 },
      { role: 'admin', tier: 1 },
    ],
  ])('%j matches %j', (match, claims) => {
    expect(decide(match, claims)).toEqual({ outcome: 'match', reason: '' })
  })

  it.each<[object, object, string]>([
    [{ role: 'admin' }, { role: 'user' }, 'role=admin'],
    [{ role: 'admin' }, { role: 'administrator' }, 'role=admin'],
    [{ role: /^adm.*$/ }, { role: 'user' }, 'role=/^adm.*$/'],
    [{ groups: ['ops', 'security'] }, { groups: ['dev'] }, 'groups=ops|security'],
    [{ groups: 'ops' }, { groups: [] }, 'groups=ops'],
    [{ tier: 1 }, { tier: 2 }, 'tier=1'],
    [{ tier: 1 }, { tier: true }, 'tier=1'],
    [{ tier: 1 }, { tier: 'one' }, 'tier=1'],
    [{ admin: true }, { admin: false }, 'admin=true'],
    [{ level: ['high', 3, true, 4] }, { level: 'low' }, 'level=high|3|… (4)'],
    [{ role: 'admin', tier: 1 }, { role: 'admin', tier: 2 }, 'tier=1'],
  ])('%j does not match %j', (match, claims, expected) => {
    expect(decide(match, claims)).toEqual({
      outcome: 'mismatch',
      reason: `access claim does not match: ${expected}`,
    })
  })

  it.each<[object, object, string]>([
    [{ role: 'admin' }, { role: 'Admin' }, 'role=admin'],
    [{ role: 'admin' }, { role: ' admin' }, 'role=admin'],
    [{ role: /^admin$/ }, { role: 'ADMIN' }, 'role=/^admin$/'],
    [{ groups: 'ops' }, { groups: ['dev', 'OPS'] }, 'groups=ops'],
    [{ tier: 1 }, { tier: '1' }, 'tier=1'],
    [{ tier: 1 }, { tier: ' 1 ' }, 'tier=1'],
    [{ tier: '1' }, { tier: 1 }, 'tier=1'],
    [{ tier: /^\d$/ }, { tier: 7 }, 'tier=/^\\d$/'],
    [{ admin: true }, { admin: 'TRUE' }, 'admin=true'],
    [{ admin: 'true' }, { admin: true }, 'admin=true'],
    [{ role: 'admin' }, { role: null }, 'role=admin'],
    [{ role: 'admin' }, { role: { name: 'admin' } }, 'role=admin'],
    [{ groups: 'ops' }, { groups: ['dev', { name: 'ops' }] }, 'groups=ops'],
    [{ groups: 'ops' }, { groups: [['ops']] }, 'groups=ops'],
    // JSON.parse reads 9007199254740993 as 9007199254740992.
    [{ id: '9007199254740993' }, JSON.parse('{"id":9007199254740993}'), 'id=9007199254740993'],
  ])('%j is undecided on %j', (match, claims, expected) => {
    expect(decide(match, claims)).toEqual({
      outcome: 'undecided',
      reason: `access claim has another type than ${expected}, or differs only in letter case, spaces or unseen characters`,
    })
  })

  it.each<[object, object, string]>([
    [{ role: 'admin' }, {}, 'role'],
    [{ constructor: 'Object' }, {}, 'constructor'],
    [{ toString: /^.*$/s }, {}, 'toString'],
    [
      { 'groups.length': 1 },
      { groups: ['x'] },
      'groups.length; a dot that is a part of a name needs a backslash before it',
    ],
    [
      { 'groups.0': 'ops' },
      { groups: ['ops'] },
      'groups.0; a dot that is a part of a name needs a backslash before it',
    ],
    [
      { 'custom.role': 'user' },
      { 'custom.role': 'user' },
      'custom.role; a dot that is a part of a name needs a backslash before it',
    ],
    [
      { 'custom.role': 'admin' },
      { custom: 'role' },
      'custom.role; a dot that is a part of a name needs a backslash before it',
    ],
  ])('%j is undecided on a token without it: %j', (match, claims, missing) => {
    expect(decide(match, claims)).toEqual({
      outcome: 'undecided',
      reason: `the Access token has no claim ${missing}`,
    })
  })

  it('does not read the claims of a prototype', () => {
    expect(decide({ role: 'admin' }, Object.create({ role: 'admin' })).outcome).toBe('undecided')
    const polluted = JSON.parse('{"__proto__":{"role":"admin"}}')
    expect(decide({ role: 'admin' }, polluted).outcome).toBe('undecided')
    expect(decide(JSON.parse('{"__proto__.role":"admin"}'), polluted).outcome).toBe('match')
  })

  it('is undecided without an identity', () => {
    expect(compile({ role: 'admin' }).decide(makeClientCert(), makeRequest())).toEqual({
      outcome: 'undecided',
      reason: 'the request has no Access identity',
    })
  })

  it('admits nobody by its negation in doubt', () => {
    const { compile } = createGuardCompiler({ others: not({ access: { claims: { groups: 'banned' } } }) })
    const outcome = (claims: object) => compile('others', 'GET /').decide(makeClientCert(), requestWith(claims)).outcome
    expect(outcome({ groups: ['ops'] })).toBe('match')
    expect(outcome({ groups: ['ops', 'banned'] })).toBe('mismatch')
    expect(outcome({ groups: ['Banned'] })).toBe('undecided')
    expect(outcome({})).toBe('undecided')
  })

  it('goes with the other properties, and does not replace the kind', () => {
    const { decide } = compileCertificateRequirement(
      { access: { kind: 'user', email: 'a@example.net', claims: { role: 'admin' } } },
      'GET /ops',
    )
    expect(decide(makeClientCert(), requestWith({ role: 'admin' })).outcome).toBe('match')
    expect(decide(makeClientCert(), requestWith({ role: 'user' })).outcome).toBe('mismatch')
    const service = makeRequest({ kind: 'service', clientId: 'x', claims: { role: 'admin' } })
    expect(decide(makeClientCert(), service).outcome).toBe('mismatch')
    expect(() =>
      compileCertificateRequirement(
        { access: { kind: 'service', email: 'a@example.net', claims: { role: 'admin' } } },
        'GET /ops',
      ),
    ).toThrow('GET /ops.access: no identity has all of kind, email; write')
  })

  it('is told in words', () => {
    expect(compile({ 'custom.role': ['a', 1, true], admin: true }).description).toBe(
      'access claim custom.role=a|1|true and access claim admin=true',
    )
  })

  const value =
    'must be a text, an exact number, a boolean, a list of these, or an anchored RegExp such as /^pay-\\d+$/'
  it.each<[unknown, string]>([
    [
      {},
      'GET /ops.access.claims must be an object with paths of claims and their values, such as { "custom.role": "admin" }',
    ],
    [null, 'GET /ops.access.claims must be an object with paths of claims'],
    [undefined, 'GET /ops.access.claims must be an object with paths of claims'],
    ['admin', 'GET /ops.access.claims must be an object with paths of claims'],
    [['role'], 'GET /ops.access.claims must be an object with paths of claims'],
    [new Map([['role', 'admin']]), 'GET /ops.access.claims must be an object with paths of claims'],
    [{ role: 'admin', __proto__: { tier: 1 } }, 'GET /ops.access.claims must be an object with paths of claims'],
    [{ 'a..b': 'x' }, 'GET /ops.access.claims: "a..b": a name is empty; write one dot'],
    [{ '': 'x' }, 'GET /ops.access.claims: "": a name is empty; write one dot'],
    [{ 'https://acme.example/groups': 'x' }, 'write "https://acme\\\\.example/groups" if the URL is one name'],
    [{ 'a\\b': 'x' }, 'GET /ops.access.claims: "a\\b": a backslash is possible'],
    [{ role: undefined }, `GET /ops.access.claims["role"] ${value}`],
    [{ role: null }, `GET /ops.access.claims["role"] ${value}`],
    [{ role: '' }, `GET /ops.access.claims["role"] ${value}; the text is empty`],
    [{ role: [] }, `GET /ops.access.claims["role"] ${value}`],
    [{ role: ['admin', ''] }, `GET /ops.access.claims["role"] ${value}; item [1] of the list is an empty text`],
    [{ role: ['admin', undefined] }, `GET /ops.access.claims["role"] ${value}`],
    [{ role: ['admin', /^a$/] }, `GET /ops.access.claims["role"] ${value}`],
    [{ role: { some: 'admin' } }, `GET /ops.access.claims["role"] ${value}`],
    [{ tier: Number.NaN }, `GET /ops.access.claims["tier"] ${value}`],
    [{ tier: Number.POSITIVE_INFINITY }, `GET /ops.access.claims["tier"] ${value}`],
    [{ tier: 2 ** 53 }, `GET /ops.access.claims["tier"] ${value}`],
    [{ tier: [1, -(2 ** 53)] }, `GET /ops.access.claims["tier"] ${value}`],
    [{ tier: 1n }, `GET /ops.access.claims["tier"] ${value}`],
    [{ role: /admin/ }, 'GET /ops.access.claims["role"]: the RegExp /admin/ is not anchored'],
    [{ role: 'adm*' }, 'GET /ops.access.claims["role"]: "adm*": "*" is not a wildcard'],
  ])('is refused at the start: %o', (claims, message) => {
    expect(() => compile(claims)).toThrow(TypeError)
    expect(() => compile(claims)).toThrow(message)
  })

  it('accepts the largest exact number', () => {
    expect(decide({ tier: 2 ** 53 - 1 }, { tier: 2 ** 53 - 1 }).outcome).toBe('match')
  })
})
