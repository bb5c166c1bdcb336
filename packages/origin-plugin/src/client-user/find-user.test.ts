import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientUser } from 'fastify'
import { describe, expect, it } from 'vitest'
import { type Refused, refusalFrom } from '../../test/support/expect-refusal.ts'
import { makeClientCert } from '../../test/support/make-client-cert.ts'
import { type AccessIdentity, readAccessIdentity } from '../access-token/access-identity.ts'
import { createUserFinder } from './find-user.ts'
import type { Identify, IdentifyOptions } from './identify-options.ts'
import type { ProvenClient } from './user-memory.ts'

const clientOf = (name = 'A'): ProvenClient => ({
  clientCert: makeClientCert({ fingerprint256: name, subject: 'CN=pay-1' }),
  access: null,
})
const WHO = '(serial number 0A1B, SHA-256 A, subject CN=pay-1)'

/** A finder with a clock that the test sets, and the list of calls of `identify`. */
function finderOf(answer: (asked: number) => unknown, limits: Partial<IdentifyOptions> = {}) {
  const calls: Parameters<Identify>[] = []
  const user: Identify = (...given) => {
    calls.push(given)
    return answer(calls.length) as ClientUser
  }
  const clock = { now: 1_000_000 }
  const settings = { maxAge: 60, maxUsers: 100, timeout: 1_000, ...limits, user }
  return { calls, clock, find: createUserFinder(settings, () => clock.now) }
}

const refuse = async (find: () => unknown): Promise<Refused> => refusalFrom((async () => find())())

describe('createUserFinder', () => {
  it('asks once, and then answers without a promise', async () => {
    const { find, calls } = finderOf(async () => ({ id: 1 }))
    const client = clientOf()
    expect(await find(client)).toEqual({ id: 1 })
    expect(calls).toEqual([[client.clientCert, null, expect.any(AbortSignal)]])
    expect(find(clientOf())).toEqual({ id: 1 })
    expect(calls.length).toBe(1)
  })

  it('takes an answer without a promise', async () => {
    expect(await finderOf(() => ({ id: 1 })).find(clientOf())).toEqual({ id: 1 })
  })

  it('asks again after the lifetime, counted from the question', async () => {
    const { find, calls, clock } = finderOf(async (asked) => ({ asked }), { maxAge: 2 })
    const slow = find(clientOf())
    clock.now += 500
    expect(await slow).toEqual({ asked: 1 })
    clock.now += 1_499
    expect(await find(clientOf())).toEqual({ asked: 1 })
    clock.now += 1
    expect(await find(clientOf())).toEqual({ asked: 2 })
    expect(calls.length).toBe(2)
  })

  it('asks for each request with maxAge 0, but once at a time', async () => {
    const { find, calls } = finderOf(async (asked) => ({ asked }), { maxAge: 0 })
    expect(await Promise.all([find(clientOf()), find(clientOf())])).toEqual([{ asked: 1 }, { asked: 1 }])
    expect(await find(clientOf())).toEqual({ asked: 2 })
    expect(calls.length).toBe(2)
  })

  it('asks once for concurrent requests of a client, and for each client', async () => {
    const { find, calls } = finderOf((asked) => sleep(5, { asked }))
    const users = await Promise.all(['A', 'B', 'A', 'B', 'A'].map((name) => find(clientOf(name))))
    expect(users).toEqual([{ asked: 1 }, { asked: 2 }, { asked: 1 }, { asked: 2 }, { asked: 1 }])
    expect(calls.map(([clientCert]) => clientCert.fingerprint256)).toEqual(['A', 'B'])
  })

  it('gives a frozen copy', async () => {
    const own = { id: 1, roles: ['ops'] }
    const user = (await finderOf(async () => own).find(clientOf())) as typeof own
    expect(user).toEqual(own)
    own.roles.push('admin')
    expect(user.roles).toEqual(['ops'])
    expect(() => user.roles.push('admin')).toThrow(TypeError)
  })

  it('refuses an unknown client, and asks again after five seconds at the latest', async () => {
    const unknown = { code: 'CSN_USER_UNKNOWN', reason: `identify returned null ${WHO}` }
    const { find, calls, clock } = finderOf(async (asked) => (asked < 3 ? null : { asked }))
    expect(await refuse(() => find(clientOf()))).toEqual(unknown)
    clock.now += 4_999
    expect(await refuse(() => find(clientOf()))).toEqual(unknown)
    expect(calls.length).toBe(1)
    clock.now += 1
    expect(await refuse(() => find(clientOf()))).toEqual(unknown)
    expect(calls.length).toBe(2)
    clock.now += 5_000
    expect(await find(clientOf())).toEqual({ asked: 3 })
    const brief = finderOf(async () => null, { maxAge: 1 })
    await refuse(() => brief.find(clientOf()))
    brief.clock.now += 1_000
    await refuse(() => brief.find(clientOf()))
    expect(brief.calls.length).toBe(2)
  })

  it.each<[unknown, string]>([
    [undefined, 'returned undefined; return an object, or null for an unknown client'],
    [true, 'returned a boolean; return an object, or null for an unknown client'],
    ['jane', 'returned a string; return an object, or null for an unknown client'],
    [0, 'returned a number; return an object, or null for an unknown client'],
    [[], 'returned a list; return an object, or null for an unknown client'],
    [() => {}, 'returned a function; return an object, or null for an unknown client'],
    [
      { since: new Date(0) },
      'returned an unsuitable object: "user.since is an instance of Date; return the text of its toISOString()"',
    ],
  ])('refuses an answer that is a mistake: %o', async (answer, fault) => {
    const { find, calls } = finderOf(async () => answer)
    const refused = { code: 'CSN_IDENTIFY_UNAVAILABLE', reason: `identify ${fault} ${WHO}`.slice(0, 300) }
    expect(await refuse(() => find(clientOf()))).toEqual(refused)
    expect(await refuse(() => find(clientOf()))).toEqual(refused)
    expect(calls.length).toBe(2)
  })

  it('refuses if identify fails, and asks again at the next request', async () => {
    const failures: (() => unknown)[] = [
      () => Promise.reject(new Error('connect ECONNREFUSED')),
      () => {
        throw new Error('no "table"\n')
      },
      () => Promise.reject('secret text'),
      async () => ({ id: 1 }),
    ]
    const { find } = finderOf((asked) => failures[asked - 1]?.())
    const reasonOf = async () => (await refuse(() => find(clientOf()))).reason
    expect(await reasonOf()).toBe(`identify failed: "connect ECONNREFUSED" ${WHO}`)
    expect(await reasonOf()).toBe(`identify failed: "no \\"table\\"\\n" ${WHO}`)
    expect(await reasonOf()).toBe(`identify failed ${WHO}`)
    expect(await find(clientOf())).toEqual({ id: 1 })
  })

  it.each<[string, () => unknown]>([
    ['failed', () => Promise.reject(Object.assign(new Error(), { message: 1n }))],
    ['failed', () => Promise.reject(Object.defineProperty(new Error(), 'message', { get: () => JSON.parse('') }))],
    [
      'returned an unsuitable object',
      () => ({
        get name() {
          throw null
        },
      }),
    ],
    [
      'returned an unsuitable object',
      () => ({
        get name() {
          throw Object.assign(new Error(), { message: {} })
        },
      }),
    ],
  ])('asks again after a failure whose error cannot be read: %s', async (fault, fail) => {
    const { find } = finderOf((asked) => (asked === 1 ? fail() : { asked }))
    expect(await refuse(() => find(clientOf()))).toEqual({
      code: 'CSN_IDENTIFY_UNAVAILABLE',
      reason: `identify ${fault} ${WHO}`,
    })
    expect(await find(clientOf())).toEqual({ asked: 2 })
  })

  it('gives each of the waiting requests a refusal of its own', async () => {
    const { find, calls } = finderOf(() => Promise.reject(new Error('down')))
    const refusals = await Promise.all([1, 2].map(() => Promise.resolve(find(clientOf())).catch((error) => error)))
    expect(refusals[0]).not.toBe(refusals[1])
    expect(refusals.map(({ code }) => code)).toEqual(['CSN_IDENTIFY_UNAVAILABLE', 'CSN_IDENTIFY_UNAVAILABLE'])
    expect(calls.length).toBe(1)
  })

  it('does not wait for an answer that does not come, and does not use one that comes too late', async () => {
    let resolve: (user: unknown) => void = () => {}
    const { find, calls } = finderOf(
      (asked) => (asked === 1 ? new Promise((settle) => (resolve = settle)) : { asked }),
      { timeout: 20 },
    )
    expect(await refuse(() => find(clientOf()))).toEqual({
      code: 'CSN_IDENTIFY_UNAVAILABLE',
      reason: `identify failed: "no answer within 20 ms" ${WHO}`,
    })
    expect(calls[0]?.[2].aborted).toBe(true)
    resolve({ asked: 'late' })
    await sleep(5)
    expect(await find(clientOf())).toEqual({ asked: 2 })
    expect(find(clientOf())).toEqual({ asked: 2 })
  })

  it('keeps no more users than its limit', async () => {
    const { find, calls } = finderOf(async (asked) => ({ asked }), { maxUsers: 1 })
    for (const [name, asked] of [
      ['A', 1],
      ['A', 1],
      ['B', 2],
      ['B', 2],
      ['A', 3],
    ] as const) {
      expect(await find(clientOf(name))).toEqual({ asked })
    }
    expect(calls.length).toBe(3)
  })

  it('asks once for each client at a time, also for more clients than its limit', async () => {
    const answers: ((user: unknown) => void)[] = []
    const { find, calls } = finderOf(() => new Promise((settle) => answers.push(settle)), { maxUsers: 1 })
    const names = ['A', 'B', 'C', 'A', 'B', 'C', 'A']
    const users = names.map((name) => find(clientOf(name)))
    expect(calls.map(([{ fingerprint256 }]) => fingerprint256)).toEqual(['A', 'B', 'C'])
    for (const [at, id] of ['A', 'B', 'C'].entries()) answers[at]?.({ id })
    expect(await Promise.all(users)).toEqual(names.map((id) => ({ id })))
    expect(find(clientOf('C'))).toEqual({ id: 'C' })
    expect(calls.length).toBe(3)
  })

  it('does not drop a user for an answer that it does not keep', async () => {
    const { find, calls } = finderOf((asked) => (asked === 2 ? Promise.reject(new Error('down')) : { asked }), {
      maxUsers: 1,
    })
    await find(clientOf('A'))
    await refuse(() => find(clientOf('B')))
    expect(find(clientOf('A'))).toEqual({ asked: 1 })
    expect(calls.length).toBe(2)
  })

  it('does not take the answer for a client whose key is alike, even if they ask at once', async () => {
    const client = (level: number | null): ProvenClient => ({
      ...clientOf(),
      access: readAccessIdentity({ email: 'jane@acme.example', level }) as AccessIdentity,
    })
    const answers: ((user: unknown) => void)[] = []
    const { find, calls } = finderOf(() => new Promise((settle) => answers.push(settle)))
    const users = [client(null), client(Number.NaN)].map((each) => find(each))
    expect(calls.length).toBe(2)
    answers[1]?.({ id: 'NaN' })
    answers[0]?.({ id: 'null' })
    expect(await Promise.all(users)).toEqual([{ id: 'null' }, { id: 'NaN' }])
    // The question that was pushed out of its place is answered, and its answer is not kept.
    expect(find(client(Number.NaN))).toEqual({ id: 'NaN' })
    const again = find(client(null))
    expect(calls.length).toBe(3)
    answers[2]?.({ id: 'again' })
    expect(await again).toEqual({ id: 'again' })
  })
})
