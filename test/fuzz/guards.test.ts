// The evaluator in this file shares no code with the guards or with test-support: two evaluators must not share a mistake.
import { allOf, anyOf, DistinguishedName, type KeyPurpose, not, type Requirement } from '@countersign/origin-plugin'
import { formatDistinguishedName } from '@countersign/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ClientCert } from '../../packages/origin-plugin/src/client-cert.ts'
import { createGuardCompiler } from '../../packages/origin-plugin/src/guards/compile-guard.ts'
import { makeClientCert, makeRequest } from '../../packages/origin-plugin/test/support/make-client-cert.ts'
import { fuzz } from './fuzz.ts'

/** Match, mismatch, or undecided. */
type Answer = true | false | null
type Value = string | Uint8Array
type Rdn = readonly { readonly type: string; readonly value: Value }[]

/** The properties of a certificate that the requirements of this test read. */
interface Cert {
  readonly subject: readonly Rdn[]
  readonly issuer: readonly Rdn[]
  readonly fingerprint: string
  readonly serial: string
  readonly keyId: string | undefined
  readonly dns: readonly string[] | undefined
  /** Other names of the certificate. They are known with `dns`. */
  readonly email: readonly string[]
  readonly uri: readonly string[]
  readonly key: string
  /** The identity in the token, for one with claims. */
  readonly identity: { readonly email: string } | { readonly clientId: string }
  /** The payload of the Access token; `undefined` without one. */
  readonly claims: Readonly<Record<string, unknown>> | undefined
  /** Extended key usages: none without the extension, `null` for one that cannot be read. */
  readonly purposes: readonly KeyPurpose[] | null
}

/** One requirement, with a second and plain implementation of its meaning. */
interface Leaf {
  readonly requirement: Requirement
  readonly answer: (cert: Cert) => Answer
}
type Tree = Leaf | { readonly operator: 'allOf' | 'anyOf' | 'not'; readonly trees: readonly Tree[] }

// Few different values, so that requirements and certificates often agree.
const value: fc.Arbitrary<Value> = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('a', 'b', 'A', 'a,b', ' a', 'ab') },
  { weight: 1, arbitrary: fc.constant(Uint8Array.of(4, 1, 0x61)) },
)
const text = value.filter((each) => typeof each === 'string')
const TYPES = { CN: ['CN', 'cn', '2.5.4.3', 'commonName'], O: ['O', 'organizationName'], OU: ['OU', 'oid.2.5.4.11'] }
const type = fc.constantFrom('CN', 'O', 'OU') as fc.Arbitrary<keyof typeof TYPES>
const rdn = fc.array(fc.record({ type, value }), { minLength: 1, maxLength: 2 })
/** Names that differ only in the order within an RDN, or only in the borders between RDNs. */
const [a, b] = [{ type: 'CN', value: 'a' } as const, { type: 'O', value: 'b' } as const]
const twin = fc.constantFrom<readonly Rdn[]>([[a, b]], [[b, a]], [[a], [b]], [[b], [a]], [[a]], [[a, a]])
const name = fc.oneof(twin, fc.array(rdn, { maxLength: 3 }))
const someName = fc.oneof(twin, fc.array(rdn, { minLength: 1, maxLength: 3 }))

const fingerprint = fc.constantFrom('AA', 'AB', 'BA').map((byte) => byte.repeat(32))
const serial = fc.constantFrom('01', '0A1B', 'FF')
const host = fc.constantFrom('a.example', 'b.example', 'A.Example.', '*.example')

const email = fc.constantFrom('jane@a.example', 'Jane@a.example', 'jane@A.Example', 'joe@a.example')
const uri = fc.constantFrom(
  'https://a.example/x',
  'spiffe://a.example/ns/prod',
  'spiffe://a.example/ns/prod/sa/pay',
  'spiffe://a.example/ns/production',
  'spiffe://b.example/ns/prod',
  'spiffe://a.example',
)
const clientId = fc.constantFrom('a', 'b').map((digit) => `${digit.repeat(32)}.access`)
const identity = fc.oneof(fc.record({ email }), fc.record({ clientId }))

const key = fc.constantFrom(1, 2).map((byte) => Buffer.alloc(32, byte).toString('base64'))

const PURPOSES: Readonly<Partial<Record<KeyPurpose, KeyPurpose>>> = {
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  anyExtendedKeyUsage: '2.5.29.37.0',
  '1.3.6.1.5.5.7.3.20': '1.3.6.1.5.5.7.3.20',
}
const scalar = fc.constantFrom<string | number | boolean>('a', 'b', 1, 2, true, false)
const claim = fc.oneof(
  scalar,
  fc.constantFrom<unknown>('A', ' a', '1', 'TRUE', null, 2 ** 60),
  fc.array(fc.oneof(scalar, fc.constantFrom<unknown>('B', '2', null, ['a'], { a: 'a' })), { maxLength: 3 }),
)
const missing = { requiredKeys: [] }
const claims = fc.record(
  { role: claim, 'custom.role': claim, custom: fc.oneof(claim, fc.record({ role: claim }, missing)) },
  missing,
)
const purpose = fc.constantFrom(...(Object.keys(PURPOSES) as KeyPurpose[]))

const cert: fc.Arbitrary<Cert> = fc.record({
  subject: name,
  issuer: name,
  fingerprint,
  serial,
  keyId: fc.option(serial, { nil: undefined }),
  dns: fc.option(fc.array(host, { maxLength: 2 }), { nil: undefined }),
  email: fc.array(email, { maxLength: 2 }),
  uri: fc.oneof({ weight: 3, arbitrary: fc.tuple(uri) }, fc.array(uri, { maxLength: 2 })),
  key,
  identity,
  claims: fc.option(claims, { nil: undefined }),
  purposes: fc.option(fc.array(purpose, { maxLength: 3 }), { nil: null, freq: 9 }),
})

/** True for one of the exact values, undecided for another spelling of one. */
const oneOf = (exact: readonly string[]) => (value: string) => {
  if (exact.includes(value)) return true
  return exact.some((each) => spelling(each) === spelling(value)) ? null : false
}
/** Enough for the values of this test. */
const spelling = (value: string) => value.trim().toLowerCase()

/** A text match with a test of its meaning: a text, a list or a pattern. */
const textMatch = fc.oneof(
  text.map((one) => ({ match: one, answer: oneOf([one]) })),
  fc.array(text, { minLength: 1, maxLength: 3 }).map((list) => ({ match: list, answer: oneOf(list) })),
  fc.constantFrom(
    { match: /^a+$/, answer: oneOf(['a']) },
    { match: /^[ab]+$/i, answer: oneOf(['a', 'b', 'A', 'ab']) },
    { match: /^(?:a|a,b)$/, answer: oneOf(['a', 'a,b']) },
  ),
)

/** The attribute must occur exactly once, as text. With `some`, one of its values must match. */
const attributeLeaf: fc.Arbitrary<Leaf> = fc
  .tuple(fc.constantFrom('subject' as const, 'issuer' as const), type, fc.nat(3), textMatch, fc.boolean())
  .map(([which, type, spelling, { match, answer }, isSome]) => ({
    requirement: {
      [which]: { [TYPES[type][spelling % TYPES[type].length] as string]: isSome ? { some: match } : match },
    },
    answer: (cert) => {
      const values = cert[which].flat().filter((each) => each.type === type)
      const answers = values.map(({ value }) => (typeof value === 'string' ? answer(value) : null))
      if (!isSome && answers.length > 1) return null
      return some(answers)
    },
  }))

/** Whether both names have the same RDNs in order, each with the same attributes in any order. */
function isSameName(one: readonly Rdn[], other: readonly Rdn[]): boolean {
  const bag = (rdn: Rdn) => rdn.map(({ type, value }) => `${type} ${typeof value} ${value}`).sort()
  return JSON.stringify(one.map(bag)) === JSON.stringify(other.map(bag))
}

/** Whether both names have the same attributes in any order, in any spelling. */
function isLikeName(one: readonly Rdn[], other: readonly Rdn[]): boolean {
  const bag = (name: readonly Rdn[]) =>
    name.flat().map(({ type, value }) => `${type} ${typeof value === 'string' ? `"${spelling(value)}` : value}`)
  return bag(one).sort().join('\n') === bag(other).sort().join('\n')
}

const nameLeaf: fc.Arbitrary<Leaf> = fc
  .tuple(fc.constantFrom('subject' as const, 'issuer' as const), fc.array(someName, { minLength: 1, maxLength: 2 }))
  .map(([which, names]) => {
    // As text, a name in an unusual order is an error at the start.
    const parsed = names.map((each) => DistinguishedName.parse(formatDistinguishedName(each)))
    return {
      requirement: { [which]: parsed.length === 1 ? (parsed[0] as DistinguishedName) : parsed },
      answer: (cert) => {
        if (names.some((each) => isSameName(each, cert[which]))) return true
        return names.some((each) => isLikeName(each, cert[which])) ? null : false
      },
    }
  })

const fingerprintLeaf: fc.Arbitrary<Leaf> = fc.tuple(fingerprint, fc.boolean()).map(([wanted, isLower]) => ({
  requirement: { fingerprint256: isLower ? wanted.toLowerCase() : (wanted.match(/../g) ?? []).join(':') },
  answer: (cert) => cert.fingerprint === wanted,
}))

const keyIdLeaf: fc.Arbitrary<Leaf> = serial.map((wanted) => ({
  requirement: { keyId: [wanted.toLowerCase()] },
  answer: (cert) => (cert.keyId === undefined ? null : cert.keyId === wanted),
}))

const hostLeaf: fc.Arbitrary<Leaf> = host.map((wanted) => ({
  requirement: { san: { dns: wanted.startsWith('*') ? /^\*\.EXAMPLE$/ : wanted.toUpperCase() } },
  answer: (cert) => {
    const oneSpelling = (host: string) => (host === 'A.Example.' ? 'a.example' : host)
    return cert.dns === undefined ? null : cert.dns.map(oneSpelling).includes(oneSpelling(wanted))
  },
}))

/** The host in any case, and the local part exactly. */
function answerOfEmail(value: string, wanted: string): Answer {
  const [[local, host], [wantedLocal, wantedHost]] = [value.split('@'), wanted.split('@')]
  if (spelling(host as string) !== spelling(wantedHost as string)) return false
  return local === wantedLocal ? true : spelling(local as string) === spelling(wantedLocal as string) ? null : false
}

const emailLeaf: fc.Arbitrary<Leaf> = fc.array(email, { minLength: 1, maxLength: 2 }).map((wanted) => ({
  requirement: { san: { email: wanted } },
  answer: ({ dns, email }) =>
    dns === undefined ? null : some(email.flatMap((each) => wanted.map((one) => answerOfEmail(each, one)))),
}))

const spiffeLeaf: fc.Arbitrary<Leaf> = fc
  .tuple(
    fc.constantFrom('a.example', 'b.example'),
    fc.option(fc.array(fc.constantFrom('/ns', '/ns/prod', '/ns/prod/sa/pay'), { minLength: 1, maxLength: 2 })),
  )
  .map(([trustDomain, paths]) => ({
    requirement: { spiffe: paths === null ? { trustDomain } : { trustDomain, path: paths } },
    answer: ({ dns, uri }) => {
      if (dns === undefined) return null
      if (!uri.some((each) => each.startsWith('spiffe:'))) return false
      const [, domain, path] = (uri.length === 1 && /^spiffe:\/\/([^/]+)(\/.+)$/.exec(uri[0] as string)) || []
      if (path === undefined) return null
      return domain === trustDomain && (paths === null || paths.some((each) => `${path}/`.startsWith(`${each}/`)))
    },
  }))

const serialLeaf: fc.Arbitrary<Leaf> = fc
  .tuple(fc.array(serial, { minLength: 1, maxLength: 2 }), attributeLeaf)
  .map(([wanted, leaf]) => {
    const { issuer = true } = leaf.requirement as { issuer?: unknown }
    if (issuer === true) return leaf
    return {
      requirement: { issuer, serialNumber: wanted.map((each) => each.toLowerCase()) } as Requirement,
      answer: (cert) => every([leaf.answer(cert), wanted.some((each) => each === cert.serial)]),
    }
  })

const identityLeaf: fc.Arbitrary<Leaf> = fc.oneof(
  fc.constantFrom('user' as const, 'service' as const, 'certificate' as const).map((kind) => ({
    requirement: { access: { kind } },
    answer: ({ claims, identity }: Cert) =>
      claims === undefined ? null : kind === ('email' in identity ? 'user' : 'service'),
  })),
  fc.array(email, { minLength: 1, maxLength: 2 }).map((wanted) => ({
    requirement: { access: { email: wanted } },
    answer: ({ claims, identity }: Cert) => {
      if (claims === undefined) return null
      return 'email' in identity && some(wanted.map((each) => answerOfEmail(identity.email, each)))
    },
  })),
  clientId.map((wanted) => ({
    requirement: { access: { clientId: wanted } },
    answer: ({ claims, identity }: Cert) =>
      claims === undefined ? null : 'clientId' in identity && identity.clientId === wanted,
  })),
)

const keyLeaf: fc.Arbitrary<Leaf> = fc.array(key, { minLength: 1, maxLength: 2 }).map((wanted) => ({
  requirement: { spki256: wanted },
  answer: ({ dns, key }) => (dns === undefined ? null : wanted.includes(key)),
}))

/** Compared as JSON, which shows the type. As text without a type, two values may be alike. */
function answerOfClaim(value: unknown, wanted: readonly unknown[]): Answer {
  if (Array.isArray(value)) return some(value.map((each) => (Array.isArray(each) ? null : answerOfClaim(each, wanted))))
  if (wanted.some((each) => JSON.stringify(each) === JSON.stringify(value))) return true
  if (typeof value === 'object' || value === 2 ** 60) return null
  return wanted.some((each) => spelling(String(each)) === spelling(String(value))) ? null : false
}

const claimLeaf: fc.Arbitrary<Leaf> = fc
  .tuple(fc.constantFrom('role', 'custom.role', 'custom\\.role'), fc.array(scalar, { minLength: 1, maxLength: 2 }))
  .map(([path, wanted]) => ({
    requirement: { access: { claims: { [path]: wanted } } },
    answer: ({ claims }) => {
      const custom = claims?.['custom'] as { role?: unknown } | null | undefined
      const value = path === 'role' ? claims?.['role'] : path === 'custom.role' ? custom?.role : claims?.['custom.role']
      return value === undefined ? null : answerOfClaim(value, wanted)
    },
  }))

const purposeLeaf: fc.Arbitrary<Leaf> = fc
  .tuple(fc.array(purpose, { minLength: 1, maxLength: 2 }), fc.boolean())
  .map(([wanted, byOid]) => {
    const match = wanted.map((name) => (byOid ? (PURPOSES[name] ?? name) : name))
    return {
      requirement: { extendedKeyUsage: match.length === 1 ? (match[0] as KeyPurpose) : match },
      answer: ({ dns, purposes }) => {
        // Without the certificate, neither its names nor its purposes are known.
        if (dns === undefined || purposes === null) return null
        if (wanted.some((each) => purposes.includes(each))) return true
        return purposes.length === 0 || purposes.includes('anyExtendedKeyUsage') ? null : false
      },
    }
  })

const functionLeaf: fc.Arbitrary<Leaf> = fc.constantFrom<Leaf>(
  { requirement: () => true, answer: () => true },
  { requirement: () => false, answer: () => false },
  { requirement: (cert) => cert.serialNumber === '01', answer: (cert) => cert.serial === '01' },
  { requirement: () => undefined as never, answer: () => null },
  { requirement: () => 1 as never, answer: () => null },
  { requirement: () => Promise.resolve(true) as never, answer: () => null },
  {
    requirement: () => {
      throw new Error('broken')
    },
    answer: () => null,
  },
)

/** Several properties in one object, of which all must match. */
const objectLeaf: fc.Arbitrary<Leaf> = fc.tuple(attributeLeaf, nameLeaf, fingerprintLeaf).map((leaves) => {
  const requirement = Object.assign({}, ...leaves.map((leaf) => leaf.requirement)) as Record<string, unknown>
  // Of two leaves with the same property, the object keeps the later one.
  const kept = leaves.filter((leaf) =>
    Object.entries(leaf.requirement).every(([key, match]) => requirement[key] === match),
  )
  return { requirement: requirement as Requirement, answer: (cert) => every(kept.map((leaf) => leaf.answer(cert))) }
})

const anyCert: Leaf = { requirement: true, answer: () => true }
const leaf = fc.oneof(
  { weight: 4, arbitrary: attributeLeaf },
  { weight: 2, arbitrary: nameLeaf },
  fingerprintLeaf,
  keyIdLeaf,
  hostLeaf,
  emailLeaf,
  { weight: 2, arbitrary: spiffeLeaf },
  serialLeaf,
  identityLeaf,
  keyLeaf,
  purposeLeaf,
  claimLeaf,
  functionLeaf,
  objectLeaf,
  fc.constant(anyCert),
)

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.record({
      operator: fc.constantFrom('allOf' as const, 'anyOf' as const),
      trees: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ operator: fc.constant('not' as const), trees: tie('tree').map((one) => [one]) }),
  ),
}))

function requirementOf(tree: Tree): Requirement {
  if (!('operator' in tree)) return tree.requirement
  const [first = true, ...rest] = tree.trees.map(requirementOf)
  switch (tree.operator) {
    case 'allOf':
      return allOf(first, ...rest)
    case 'anyOf':
      return anyOf(first, ...rest)
    case 'not':
      return not(first)
  }
}

const every = (answers: readonly Answer[]): Answer =>
  answers.includes(false) ? false : answers.includes(null) ? null : true

const some = (answers: readonly Answer[]): Answer =>
  answers.includes(true) ? true : answers.includes(null) ? null : false

/** The reference, in Kleene's three-valued logic. */
function answerOf(tree: Tree, cert: Cert): Answer {
  if (!('operator' in tree)) return tree.answer(cert)
  const answers = tree.trees.map((each) => answerOf(each, cert))
  switch (tree.operator) {
    case 'allOf':
      return every(answers)
    case 'anyOf':
      return some(answers)
    case 'not':
      return answers[0] === null ? null : !answers[0]
  }
}

/** The names are built as objects, without a detour through text. */
function clientCert({ subject, issuer, fingerprint, serial, keyId, dns, email, uri, key, purposes }: Cert): ClientCert {
  return {
    ...makeClientCert({ subjectAltNames: dns ? { dns, email, uri } : null }),
    subject: new DistinguishedName(subject),
    issuer: new DistinguishedName(issuer),
    fingerprint256: (fingerprint.match(/../g) ?? []).join(':'),
    serialNumber: serial,
    keyId,
    spiffeId: dns === undefined || uri.length !== 1 ? undefined : uri.find((each) => /^spiffe:\/\/[^/]+\//.test(each)),
    spki256: dns === undefined ? undefined : key,
    extendedKeyUsage: dns === undefined ? undefined : (purposes ?? undefined),
  }
}

function requestOf({ claims, identity }: Cert) {
  if (!claims) return makeRequest(null)
  return makeRequest(
    'email' in identity
      ? { kind: 'user', sub: undefined, ...identity, claims }
      : { kind: 'service', ...identity, claims },
  )
}

const OUTCOMES = new Map<Answer, string>([
  [true, 'match'],
  [false, 'mismatch'],
  [null, 'undecided'],
])

describe('a requirement', () => {
  it('decides like a second, independent evaluator', () =>
    fuzz(
      fc.property(tree, cert, (tree, cert) => {
        const guard = createGuardCompiler({}).compile(requirementOf(tree), 'GET /')
        expect(guard.decide(clientCert(cert), requestOf(cert)).outcome).toBe(OUTCOMES.get(answerOf(tree, cert)))
      }),
      2,
    ))

  it('decides the same as a policy, and the opposite or undecided if negated', () =>
    fuzz(
      fc.property(tree, cert, (tree, cert) => {
        const compiler = createGuardCompiler({ policy: requirementOf(tree), other: not('policy') })
        const decide = (name: string) =>
          compiler.compile(name, 'GET /').decide(clientCert(cert), requestOf(cert)).outcome
        const answer = answerOf(tree, cert)
        expect(decide('policy')).toBe(OUTCOMES.get(answer))
        expect(decide('other')).toBe(OUTCOMES.get(answer === null ? null : !answer))
      }),
    ))
})
