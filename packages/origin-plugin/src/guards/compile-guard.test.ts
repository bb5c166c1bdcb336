import { describe, expect, it } from 'vitest'
import { type CertChanges, makeClientCert, makeRequest } from '../../test/support/make-client-cert.ts'
import { createGuardCompiler } from './compile-guard.ts'
import { allOf, anyOf, Combination, not, OptionalRequirement, optional, type Requirement } from './requirement.ts'

type Outcome = 'match' | 'mismatch' | 'undecided'
type Policies = Readonly<Record<string, Requirement>>

const compile = (requirement: unknown, policies: Policies = {}) =>
  createGuardCompiler(policies).compile(requirement, 'GET /ops')

const decide = (requirement: unknown, cert: CertChanges = {}, policies: Policies = {}) =>
  compile(requirement, policies).decide(makeClientCert(cert), makeRequest())

const outcome = (...of: Parameters<typeof decide>) => decide(...of).outcome

const yes: Requirement = { subject: { CN: 'pay-1' } }
const no: Requirement = { subject: { CN: 'other' } }
const doubt: Requirement = { access: { kind: 'user' } }
const OF: Record<Outcome, Requirement> = { match: yes, mismatch: no, undecided: doubt }

describe('a requirement that is compiled', () => {
  it('admits any verified certificate for true', () => {
    expect(outcome(true)).toBe('match')
    expect(compile(true).description).toBe('any verified certificate')
  })

  it.each([undefined, null, false, 0, 1, '', [], ['ops'], [true], Symbol('ops')].map((wrong) => [wrong]))(
    'is refused at the start: %o',
    (wrong) => {
      expect(() => compile(wrong, { ops: true })).toThrow(TypeError)
      if (wrong === '') return
      const must =
        'be true, the name of a policy, a requirement such as { subject: { OU: "Ops" } }, or a function; for a public route write clientCert: false'
      const fault = Array.isArray(wrong)
        ? 'is a list; write anyOf(…) or allOf(…) with its elements'
        : `${wrong === undefined ? 'is undefined; it must' : 'must'} ${must}`
      expect(() => compile(wrong, { ops: true })).toThrow(new TypeError(`GET /ops: the requirement ${fault}`))
    },
  )

  it('names the place of the mistake in a combination', () => {
    expect(() => compile(anyOf('ops', not({ subjekt: 'CN=a' } as Requirement)), { ops: true })).toThrow(
      'GET /ops anyOf not: unknown property "subjekt"',
    )
  })
})

describe('optional()', () => {
  const misplaced = (where: string) =>
    new TypeError(
      `${where}: optional() must be around the whole requirement of a route, in its config or in a rule of the option routes; write config: { clientCert: optional(…) }`,
    )
  const inside = optional('ops') as unknown as Requirement
  const compileRoute = (requirement: unknown) => createGuardCompiler({ ops: yes }).compileRoute(requirement, 'GET /ops')

  it('makes the guard of a route optional, and keeps its decision', () => {
    const guard = compileRoute(optional('ops'))
    expect(guard).toMatchObject({ optional: true, description: 'no certificate, or policy ops' })
    expect(guard.decide(makeClientCert(), makeRequest()).outcome).toBe('match')
    expect(guard.decide(makeClientCert({ subject: 'CN=other' }), makeRequest()).outcome).toBe('mismatch')
    expect(compileRoute(optional()).description).toBe('no certificate, or any verified certificate')
    expect(compileRoute('ops')).not.toHaveProperty('optional')
  })

  it('is refused inside of another requirement, in a policy and in a hook', () => {
    expect(() => compile(inside, { ops: yes })).toThrow(misplaced('GET /ops'))
    expect(() => compileRoute(anyOf(inside, 'ops'))).toThrow(misplaced('GET /ops anyOf'))
    expect(() => compileRoute(allOf(inside))).toThrow(misplaced('GET /ops allOf'))
    expect(() => compileRoute(not(inside))).toThrow(misplaced('GET /ops not'))
    expect(() => compileRoute(new OptionalRequirement(inside))).toThrow(misplaced('GET /ops optional'))
    expect(() => createGuardCompiler({ login: inside, ops: yes })).toThrow(misplaced('policies.login'))
  })

  it('checks and freezes the requirement inside', () => {
    expect(() => compileRoute(optional('unknown'))).toThrow('GET /ops optional: unknown policy "unknown"')
    expect(() => compileRoute(new OptionalRequirement(false as never))).toThrow(
      'GET /ops optional: the requirement must',
    )
    const requirement = { keyId: ['AB'] }
    compileRoute(optional(requirement))
    expect(Object.isFrozen(requirement.keyId)).toBe(true)
  })
})

describe('a combinator without a call', () => {
  it.each([allOf, anyOf, not, optional])('is refused: %o', (combine) => {
    const { name } = combine
    expect(() => compile(combine)).toThrow(
      new TypeError(`GET /ops: the requirement is ${name} itself; call it: ${name}(…)`),
    )
  })
})

describe('combinations', () => {
  const outcomes = Object.keys(OF) as Outcome[]
  const pairs = outcomes.flatMap((a) => outcomes.map((b) => [a, b] as const))

  it.each(pairs)('of %s and %s follow the three-valued logic', (a, b) => {
    const worst = a === 'mismatch' || b === 'mismatch' ? 'mismatch' : a === 'undecided' ? a : b
    const best = a === 'match' || b === 'match' ? 'match' : a === 'undecided' ? a : b
    expect(outcome(allOf(OF[a], OF[b]))).toBe(worst)
    expect(outcome(anyOf(OF[a], OF[b]))).toBe(best)
    expect(outcome(not(anyOf(not(OF[a]), not(OF[b]))))).toBe(worst)
    expect(outcome(not(allOf(not(OF[a]), not(OF[b]))))).toBe(best)
  })

  it.each<[Outcome, Outcome]>([
    ['match', 'mismatch'],
    ['mismatch', 'match'],
    ['undecided', 'undecided'],
  ])('with not turn %s into %s', (given, turned) => {
    expect(outcome(not(OF[given]))).toBe(turned)
    expect(outcome(not(not(OF[given])))).toBe(given)
  })

  it.each<[string, Requirement, CertChanges]>([
    ['by two common names', { subject: { CN: 'mallory' } }, { subject: 'CN=mallory,CN=pay-1' }],
    ['by a common name that is not text', { subject: { CN: 'mallory' } }, { subject: 'CN=#04024869' }],
    ['by a certificate that was not forwarded', { san: { dns: 'mallory.example' } }, { subjectAltNames: null }],
    ['by having no key identifier', { keyId: 'ABCD' }, { keyId: undefined }],
    ['by a name for it that only OpenSSL knows', { subject: { '2.5.4.34': 'a' } }, { subject: 'CN=pay-1+seeAlso=a' }],
    ['in capital letters', { san: { dns: /^MALLORY\.example$/ } }, { subjectAltNames: { dns: ['mallory.example'] } }],
  ])('keep a deny list from being left %s', (_what, denied, cert) => {
    expect(outcome(not(denied), cert)).not.toBe('match')
    expect(outcome(allOf(true, not(denied)), cert)).not.toBe('match')
    expect(outcome(not(anyOf(denied, { subject: { CN: 'eve' } })), cert)).not.toBe('match')
  })

  it('negate a requirement as a whole', () => {
    const both = { subject: { CN: 'pay-1', OU: 'Ops' } }
    expect(outcome(not(both))).toBe('mismatch')
    expect(outcome(not(both), { subject: 'CN=pay-1,OU=Dev' })).toBe('match')
    expect(compile(not(both)).description).toBe('not (subject CN=pay-1 and subject OU=Ops)')
  })

  it('may be of one requirement', () => {
    expect(outcome(allOf(yes))).toBe('match')
    expect(outcome(anyOf(no))).toBe('mismatch')
  })

  it('accept every kind of requirement', () => {
    const guard = compile(
      allOf(
        true,
        'ops',
        anyOf(no, () => true),
      ),
      { ops: yes },
    )
    expect(guard.description).toBe(
      'any verified certificate and policy ops and (subject CN=other or function (anonymous))',
    )
    expect(guard.decide(makeClientCert(), makeRequest()).outcome).toBe('match')
  })

  it.each([
    ['allOf', allOf()],
    ['anyOf', anyOf()],
    ['not', new Combination('not', [])],
  ])('are refused at the start when empty: %s()', (operator, empty) => {
    expect(() => compile(empty)).toThrow(
      new TypeError(`GET /ops: ${operator}() is empty; write at least one requirement`),
    )
  })

  it.each([
    ['undefined', undefined],
    ['false', false],
    ['an empty object', {}],
    ['a list', [yes]],
    ['an unknown policy', 'ops'],
  ])('are refused at the start with %s inside', (_what, wrong) => {
    for (const combine of [allOf, anyOf]) expect(() => compile(combine(yes, wrong as Requirement))).toThrow(TypeError)
    expect(() => compile(not(wrong as Requirement))).toThrow(TypeError)
  })

  it('are not read from an object that only looks like one', () => {
    expect(() => compile({ operator: 'allOf', requirements: [true] })).toThrow('unknown property "operator"')
  })
})

describe('policies', () => {
  it('are known by name', () => {
    expect(outcome('ops', {}, { ops: yes })).toBe('match')
    expect(outcome('ops', {}, { ops: no })).toBe('mismatch')
    expect(compile('ops', { ops: yes }).description).toBe('policy ops')
  })

  it('may name others, in any order', () => {
    const policies = { a: anyOf('b', 'c'), b: 'c', c: { subject: { OU: 'Ops' } } }
    expect(outcome('a', {}, policies)).toBe('match')
    expect(outcome('a', { subject: 'OU=Dev' }, policies)).toBe('mismatch')
  })

  it('may be anything that a route may ask for', () => {
    expect(outcome('any', {}, { any: true })).toBe('match')
    expect(outcome('own', {}, { own: () => false })).toBe('mismatch')
    expect(outcome(not('doubt'), {}, { doubt })).toBe('undecided')
  })

  it.each<[string, Policies, string]>([
    ['a', { a: 'a' }, 'policies.a refers to itself'],
    ['a', { a: 'b', b: 'a' }, 'policies.a refers to itself'],
    ['b', { b: anyOf(yes, not('c')), c: allOf('d'), d: 'b' }, 'policies.b refers to itself'],
  ])('are refused at the start when they turn in a circle at %s', (_name, policies, message) => {
    expect(() => createGuardCompiler(policies)).toThrow(new TypeError(message))
  })

  it('are checked even when no route names them', () => {
    expect(() => createGuardCompiler({ ops: {} })).toThrow('policies.ops is an empty requirement')
    expect(() => createGuardCompiler({ ops: undefined as never })).toThrow('policies.ops: the requirement is undefined')
    expect(() => createGuardCompiler({ ops: false as never })).toThrow('policies.ops: the requirement must be true')
    expect(() => createGuardCompiler({ ops: 'obs' })).toThrow('policies.ops: unknown policy "obs"')
  })

  it.each(['opps', 'Ops', 'ops ', '', '__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'are not found by %j',
    (name) => {
      expect(() => compile(name, { ops: yes, dev: no })).toThrow(
        new TypeError(`GET /ops: unknown policy "${name}"; known policies are ops, dev`),
      )
      expect(() => compile(name)).toThrow(new TypeError(`GET /ops: unknown policy "${name}"; known policies are none`))
    },
  )

  it.each(['__proto__', 'constructor', 'toString'])('may be called %s', (name) => {
    const policies = JSON.parse(`{"${name}":{"subject":{"CN":"pay-1"}}}`)
    expect(outcome(name, {}, policies)).toBe('match')
    expect(outcome(name, { subject: 'CN=other' }, policies)).toBe('mismatch')
  })

  it('are not inherited', () => {
    expect(() => compile('ops', Object.create({ ops: true }))).toThrow('unknown policy "ops"')
  })

  it('stay as they were at the start', () => {
    const policies: Record<string, Requirement> = { ops: no }
    const compiler = createGuardCompiler(policies)
    policies.ops = true
    expect(compiler.compile('ops', 'GET /ops').decide(makeClientCert(), makeRequest()).outcome).toBe('mismatch')
  })
})

describe('a function', () => {
  it('gets the certificate and the request', () => {
    const cert = makeClientCert()
    const request = makeRequest()
    let given: unknown[] = []
    const guard = compile((...args: unknown[]) => {
      given = args
      return true
    })
    expect(guard.decide(cert, request).outcome).toBe('match')
    expect(given[0]).toBe(cert)
    expect(given[1]).toBe(request)
  })

  it('admits with true and refuses with false', () => {
    expect(outcome(() => true)).toBe('match')
    expect(decide(() => false)).toEqual({ outcome: 'mismatch', reason: 'function (anonymous) did not return true' })
    expect(outcome(not(() => false))).toBe('match')
  })

  it.each([undefined, null, 1, 0, 'true', '', {}, Object(true), Symbol('true')].map((value) => [value]))(
    'decides nothing with %o',
    (value) => {
      expect(outcome(() => value)).toBe('undecided')
      expect(outcome(not((() => value) as never))).toBe('undecided')
    },
  )

  it('decides nothing when it throws, and the reason has its message', () => {
    const broken = () => {
      throw new RangeError('secret')
    }
    expect(decide(broken)).toEqual({ outcome: 'undecided', reason: 'function broken threw RangeError: "secret"' })
    expect(outcome(not(broken))).toBe('undecided')
  })

  it('may throw anything', () => {
    const thrown = (value: unknown) =>
      decide(() => {
        throw value
      }).reason
    expect(thrown('secret')).toBe('function (anonymous) threw a value')
    expect(thrown(undefined)).toBe('function (anonymous) threw a value')
    expect(thrown(null)).toBe('function (anonymous) threw a value')
  })

  it('decides nothing with a promise, and a rejected one does not end the process', async () => {
    const unhandled: unknown[] = []
    const listen = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', listen)
    try {
      expect(outcome(() => Promise.resolve(true))).toBe('undecided')
      expect(decide(() => Promise.reject(new Error('late')))).toEqual({
        outcome: 'undecided',
        reason: 'function (anonymous) did not return a boolean; a guard must be synchronous',
      })
      expect(outcome(not((() => Promise.reject(new Error('late'))) as never))).toBe('undecided')
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', listen)
    }
  })

  const asynchronous = async () => true
  it.each([
    ['an arrow function', asynchronous],
    ['a bound one', asynchronous.bind(null)],
    [
      'a method',
      {
        async method() {
          return true
        },
      }.method,
    ],
  ])('is refused at the start when it is asynchronous: %s', (_what, guard) => {
    const message = 'GET /ops: a guard must be synchronous; return true or false, not a promise'
    expect(() => compile(guard)).toThrow(new TypeError(message))
    expect(() => createGuardCompiler({ ops: guard as never })).toThrow('policies.ops: a guard must be synchronous')
  })

  it('is told by its name', () => {
    function ownTenant() {
      return true
    }
    expect(compile(ownTenant).description).toBe('function ownTenant')
  })
})

describe('a requirement on access where access is null', () => {
  it.each([
    ['in a route', () => createGuardCompiler({}, false).compile({ access: { kind: 'user' } }, 'GET /ops'), 'GET /ops'],
    ['in a policy', () => createGuardCompiler({ ops: not({ access: { kind: 'user' } }) }, false), 'policies.ops not'],
  ])('is refused at the start: %s', (_where, compile, where) => {
    expect(compile).toThrow(`${where} requires \`access\`, but the plugin is registered with access: null`)
  })
})

describe('a requirement on the certificate itself where the source does not send it', () => {
  const reason = (where: string) =>
    new TypeError(
      `${where} requires \`san\`, which only the certificate itself contains, but source: "cf-cert" does not send it, so no request can match; remove it, or use source: "rfc9440"`,
    )
  const san = { subject: { OU: 'Ops' }, san: { dns: 'pay.acme.example' } }

  it.each([
    ['in a route', () => createGuardCompiler({}, true, false).compile(san, 'GET /ops'), 'GET /ops'],
    ['in a policy', () => createGuardCompiler({ ops: not(san) }, true, false), 'policies.ops not'],
    ['in a part', () => createGuardCompiler({ ops: anyOf(true, san) }, true, false), 'policies.ops anyOf'],
  ])('is refused at the start: %s', (_where, compile, where) => {
    expect(compile).toThrow(reason(where))
  })

  it('names each property of this kind', () => {
    const { compile: compileWithout } = createGuardCompiler({}, true, false)
    for (const property of ['san', 'spiffe', 'spki256', 'extendedKeyUsage']) {
      expect(() => compileWithout({ [property]: 'x' }, 'GET /ops')).toThrow(
        `GET /ops requires \`${property}\`, which only the certificate itself contains`,
      )
    }
  })

  it('is accepted where the source may send it, and so are the others without it', () => {
    expect(() => createGuardCompiler({ ops: san }, true, true)).not.toThrow()
    const others = {
      subject: { OU: 'Ops' },
      issuer: { CN: 'Acme CA' },
      serialNumber: '0A',
      fingerprint256: 'ab'.repeat(32),
      keyId: 'ab',
      access: { kind: 'user' as const },
    }
    expect(() => createGuardCompiler({ ops: others }, true, false)).not.toThrow()
  })
})

describe('a list in a compiled requirement', () => {
  const lists = (): { readonly requirement: Requirement; readonly list: string[] }[] => {
    const list = ['AB']
    return [
      { requirement: { fingerprint256: list }, list },
      { requirement: not({ issuer: { CN: list } }), list },
      { requirement: allOf(true, anyOf('other', { subject: { CN: list } })), list },
      { requirement: Object.assign(Object.create(null), { keyId: list }), list },
    ]
  }

  it.each([0, 1, 2, 3])('does not take in a value that would have no effect: %i', (at) => {
    for (const use of [
      (requirement: Requirement) => compile(requirement, { other: true }),
      (requirement: Requirement) => createGuardCompiler({ other: true, ops: requirement }),
    ]) {
      const { requirement, list } = lists()[at] as ReturnType<typeof lists>[number]
      list[0] = 'ab'.repeat(32)
      use(requirement)
      expect(() => list.push('cd')).toThrow(TypeError)
      expect(Object.isFrozen(requirement)).toBe(true)
    }
  })

  it('stays open while the requirement is refused, and patterns stay as they are', () => {
    const list = ['AB']
    expect(() => compile({ fingerprint256: list })).toThrow(TypeError)
    list[0] = 'ab'.repeat(32)
    const pattern = /^a$/
    compile({ fingerprint256: list, subject: { CN: pattern } })
    expect([Object.isFrozen(list), Object.isFrozen(pattern)]).toEqual([true, false])
  })
})
