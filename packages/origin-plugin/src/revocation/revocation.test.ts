import { createCa, type TestCa } from '@countersign/test-support/certificates'
import { startServer } from '@countersign/test-support/local-server'
import { der } from '@countersign/test-support/write-der'
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { entry, extension, writeCrl } from '../../test/support/write-crl.ts'
import type { ClientCert } from '../client-cert.ts'
import { createRevocation, REVOCATION_TIMING, type Revocation } from './revocation.ts'
import type { ResolvedRevocation } from './revocation-options.ts'

// A new thread reads its sources anew.
vi.setConfig({ testTimeout: 30_000 })

const SECOND = 1000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE

let ca: TestCa
/** A whole second: the dates of a list have no parts of one. */
let now = 0
let revocation: Revocation
/** The answer of the source, and its calls. */
let source: () => Uint8Array | Promise<Uint8Array>
let calls = 0
const reports: string[] = []
const NAME = 'the revocation list of CN=Acme Client CA,O=Acme,C=US from the function revocation.crl'

interface ListTimes {
  readonly from?: number
  readonly to?: number
  readonly number?: number
}
/** A list with these serial numbers. The times count from the beginning of the test. */
function list(serials: readonly string[], { from = 0, to = 7 * DAY, number = 0 }: ListTimes = {}): Buffer {
  const time = (offset: number) => {
    const [text = ''] = new Date(now + offset).toISOString().replace(/[-:T]/g, '').split('.')
    return der(0x18, `${text}Z`)
  }
  return writeCrl(ca, {
    thisUpdate: time(from),
    nextUpdate: time(to),
    entries: serials.map((serial) => entry(serial)),
    extensions: [extension('551d14', der(0x02, Uint8Array.of(number)))],
  })
}

function create(changes: Partial<ResolvedRevocation> = {}, timing = REVOCATION_TIMING): Revocation {
  const options = { refresh: 3600, onStale: 'refuse', maxBytes: 4096, distributionPoint: undefined } as const
  const crl = () => {
    calls += 1
    return source()
  }
  const report = (reason: string, state = 'degraded') => void reports.push(`${state}: ${reason}`)
  revocation = createRevocation(ca.cert, { ...options, crl, ...changes }, report, timing)
  onTestFinished(revocation.stop)
  return revocation
}

/** The outcome for a certificate: `passes`, or the code of the refusal. */
function outcome(serialNumber: string, at = Date.now() / 1000): string {
  try {
    revocation.requireNotRevoked({ serialNumber, issuer: 'CN=Acme Client CA' } as unknown as ClientCert, at)
    return 'passes'
  } catch (error) {
    return (error as { code: string }).code
  }
}
function reasonFor(serialNumber: string): string {
  try {
    revocation.requireNotRevoked(
      { serialNumber, issuer: 'CN=Acme Client CA' } as unknown as ClientCert,
      Date.now() / 1000,
    )
    return 'passes'
  } catch (error) {
    return (error as { reason: string }).reason
  }
}

/** Lets time pass until the next load, and waits for its end. */
async function pass(milliseconds: number): Promise<void> {
  const [loads, timers] = [calls, timersSet()]
  await vi.advanceTimersByTimeAsync(milliseconds)
  expect(calls).toBe(loads + 1)
  // A load sets a timer for its time-out. When it has ended, the one for the next load is set.
  await expect.poll(timersSet, { timeout: 20_000 }).toBe(timers + 2)
}
const timersSet = () => vi.mocked(setTimeout).mock.calls.length

beforeAll(async () => {
  ca = await createCa()
})
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
  vi.spyOn(globalThis, 'setTimeout')
  now = Math.floor(Date.now() / 1000) * 1000
  vi.setSystemTime(now)
  reports.length = 0
  calls = 0
  source = () => list(['0a1b'])
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe('createRevocation: the memory of a replaced list', () => {
  it('is that of a later list, and the one in use has its own', async () => {
    source = () => list(['01', '02'])
    await create().start()
    for (let number = 1; number <= 6; number += 1) {
      const { list: previous } = revocation
      source = () => list([`0${number}`, `0${number + 1}`], { number })
      await pass(3600 * SECOND)
      expect(previous?.serials.slots).toHaveLength(0)
      const revoked = Array.from({ length: 10 }, (_, at) => `0${at}`).filter((serial) => outcome(serial) !== 'passes')
      expect(revoked).toEqual([`0${number}`, `0${number + 1}`])
    }
  })

  it('stays if another task took the list over', async () => {
    source = () => list(['01'])
    const first = create()
    await first.start()
    create().inherit(first)
    for (const number of [1, 2, 3]) {
      source = () => list(['02'], { number })
      await pass(3600 * SECOND)
    }
    expect(first.list?.number).toBe(3n)
    expect(outcome('01')).toBe('CSN_CERT_REVOKED')
    expect(outcome('02')).toBe('passes')
  })
})

describe('createRevocation: the decision', () => {
  it('refuses the certificates on the list, and no other', async () => {
    source = () => list(['0a1b', '05', '00', '0080aa', '00936eacbe07f201df'])
    await create().start()
    for (const serial of ['0A1B', '05', '5', '00', '0', '80AA', '936EACBE07F201DF']) {
      expect(outcome(serial), serial).toBe('CSN_CERT_REVOKED')
    }
    for (const serial of ['0A1C', '50', '80', 'AA', '01', '00936EACBE07F201DF00'])
      expect(outcome(serial), serial).toBe('passes')
    expect(reasonFor('0A1B')).toBe('the certificate 0A1B is on the revocation list of CN=Acme Client CA')
    expect(reports).toEqual([])
  })

  it.each(['refuse', 'accept'] as const)(
    'refuses a serial number that no list can contain, with %s',
    async (onStale) => {
      await create({ onStale }).start()
      for (const serial of ['-05', '', 'undefined', '0a1b']) {
        expect(outcome(serial)).toBe('CSN_REVOCATION_UNAVAILABLE')
        expect(reasonFor(serial)).toBe(
          `the revocation list of CN=Acme Client CA cannot contain the serial number ${serial}`,
        )
      }
    },
  )

  it.each(['refuse', 'accept'] as const)(
    'refuses certificates that the list does not cover, with %s',
    async (onStale) => {
      const point = extension('551d1c', der(0x30, der(0xa0, der(0xa0, der(0x86, 'http://ca.example/1.crl')))))
      source = () =>
        writeCrl(ca, { thisUpdate: der(0x17, '200101000000Z'), entries: [entry('05')], extensions: [point] })
      vi.setSystemTime(Date.UTC(2029, 0, 1))
      await create({ onStale }).start()
      expect(outcome('05')).toBe('CSN_CERT_REVOKED')
      expect(outcome('06')).toBe('CSN_REVOCATION_UNAVAILABLE')
      expect(reasonFor('06')).toContain('covers only certificates of the distribution point http://ca.example/1.crl')
      await create({ onStale, distributionPoint: 'http://ca.example/1.crl' }).start()
      expect(outcome('06')).toBe('passes')
    },
  )

  it('refuses everything after nextUpdate, and the certificates on the list as before', async () => {
    await create().start()
    const end = (now + 7 * DAY) / 1000
    expect(outcome('0C', end)).toBe('passes')
    expect(outcome('0C', end + 0.001)).toBe('CSN_REVOCATION_UNAVAILABLE')
    expect(outcome('0A1B', end + 0.001)).toBe('CSN_CERT_REVOKED')
    vi.setSystemTime(now + 8 * DAY)
    expect(reasonFor('0C')).toBe(
      `the revocation list of CN=Acme Client CA is out of date since ${new Date(now + 7 * DAY).toISOString()}`,
    )
  })

  it('uses the last list after nextUpdate, if onStale is accept', async () => {
    await create({ onStale: 'accept' }).start()
    vi.setSystemTime(now + 8 * DAY)
    expect(outcome('0C')).toBe('passes')
    expect(outcome('0A1B')).toBe('CSN_CERT_REVOKED')
  })
})

describe('createRevocation: the start', () => {
  it('fails without a list, and names CA, source and cause', async () => {
    source = () => Buffer.from('rubbish')
    await expect(create().start()).rejects.toThrow(
      new Error(`trustedIssuers: ${NAME} cannot be loaded: the list is neither DER nor PEM`),
    )
    expect(reports).toEqual([`degraded: ${NAME}: the list is neither DER nor PEM`])
    expect(outcome('0C')).toBe('CSN_REVOCATION_UNAVAILABLE')
    expect(reasonFor('0C')).toBe('the revocation list of CN=Acme Client CA is not loaded')
  })

  it('succeeds without a list if onStale is accept, and reports it', async () => {
    source = () => Buffer.from('rubbish')
    await create({ onStale: 'accept' }).start()
    expect(outcome('0A1B')).toBe('passes')
    expect(reports).toEqual([
      `degraded: ${NAME}: the list is neither DER nor PEM; requests pass unchecked until the list is loaded`,
    ])
  })

  it('fails with a list that is out of date', async () => {
    source = () => list(['0a1b'], { from: -7 * DAY, to: -SECOND })
    await expect(create().start()).rejects.toThrow(
      `${NAME} cannot be loaded: the list is out of date since ${new Date(now - SECOND).toISOString()}`,
    )
  })

  it('uses a list that is out of date if onStale is accept: its certificates stay revoked after a restart', async () => {
    source = () => list(['0a1b'], { from: -7 * DAY, to: -SECOND })
    await create({ onStale: 'accept' }).start()
    expect(outcome('0A1B')).toBe('CSN_CERT_REVOKED')
    expect(outcome('0C')).toBe('passes')
    expect(reports).toEqual([
      `degraded: ${NAME}: the list is out of date since ${new Date(now - SECOND).toISOString()}`,
    ])
  })

  it('accepts a list to the very millisecond of its end', async () => {
    source = () => list(['0a1b'], { to: 0 })
    await create().start()
    expect(outcome('0C')).toBe('passes')
  })

  it('logs that requests pass unchecked if onStale is accept, as long as there is no list', async () => {
    source = () => Promise.reject(new Error('out of order'))
    const revocation = create({ onStale: 'accept' })
    await revocation.start()
    const failure = 'it threw "out of order"; requests pass unchecked until the list is loaded'
    expect(reports).toEqual([`degraded: ${NAME}: ${failure}`])
    expect(revocation.health()).toMatchObject({ state: 'degraded', reason: failure })
    source = () => list(['0a1b'])
    await pass(MINUTE)
    source = () => Promise.reject(new Error('out of order'))
    await pass(60 * MINUTE)
    expect(reports.slice(1)).toEqual([
      `recovered: ${NAME}: it is loaded again`,
      `degraded: ${NAME}: it threw "out of order"`,
    ])
  })

  it('does not wait for a source that hangs if onStale is accept', async () => {
    source = () => new Promise(() => {})
    const started = create({ onStale: 'accept' }).start()
    await vi.advanceTimersByTimeAsync(8 * SECOND)
    await started
    expect(reports).toEqual([
      `degraded: ${NAME}: it is not loaded after 8 s; requests pass unchecked until the list is loaded`,
    ])
    expect(outcome('0C')).toBe('passes')
    await vi.advanceTimersByTimeAsync(52 * SECOND)
    expect(reports.slice(1)).toEqual([
      `degraded: ${NAME}: the load did not end within 60 s; requests pass unchecked until the list is loaded`,
    ])
  })

  it('fails before Fastify does with a source that hangs, and states the way out', async () => {
    source = () => new Promise(() => {})
    const started = expect(create().start()).rejects.toThrow(
      new Error(
        `trustedIssuers: ${NAME} cannot be loaded: it is not loaded after 8 s; download a large list from a slow server to a file, and write its path`,
      ),
    )
    await vi.advanceTimersByTimeAsync(8 * SECOND)
    await started
  })

  it('names a server without credentials and query', async () => {
    const server = await startServer((_request, response) => response.writeHead(404).end())
    onTestFinished(() => server.close())
    await create({ crl: new URL('/ca.crl?token=secret', server.url), onStale: 'accept' }).start()
    expect(reports).toEqual([
      `degraded: the revocation list of CN=Acme Client CA,O=Acme,C=US from ${server.url}/ca.crl?…: the server answered 404; requests pass unchecked until the list is loaded`,
    ])
  })
})

describe('createRevocation: later loads', () => {
  it('replace the list', async () => {
    await create().start()
    source = () => list(['0c'])
    await pass(60 * MINUTE)
    expect([outcome('0C'), outcome('0A1B')]).toEqual(['CSN_CERT_REVOKED', 'passes'])
    expect(reports).toEqual([])
  })

  it.each<[string, () => Uint8Array, string]>([
    ['rubbish', () => Buffer.from('rubbish'), 'the list is neither DER nor PEM'],
    ['an older list', () => list(['0c'], { from: -SECOND }), 'the list is older than the previous one'],
    [
      'a list of the same date with a smaller number',
      () => list(['0c'], { number: 4 }),
      'the list is older than the previous one',
    ],
    ['a list that is out of date', () => list(['0c'], { to: 59 * MINUTE, number: 5 }), 'the list is out of date since'],
    [
      'a list from the future',
      () => list(['0c'], { from: 60 * MINUTE + 310 * SECOND }),
      'the list is from the future: its thisUpdate is',
    ],
  ])('never replace the list by %s', async (_what, bytes, message) => {
    source = () => list(['0a1b'], { number: 5 })
    await create().start()
    source = bytes
    await pass(60 * MINUTE)
    expect([outcome('0A1B'), outcome('0C')]).toEqual(['CSN_CERT_REVOKED', 'passes'])
    expect(reports.join()).toContain(`degraded: ${NAME}: ${message}`)
    source = () => list(['0c'], { number: 6 })
    await pass(60 * MINUTE)
    expect(outcome('0C')).toBe('CSN_CERT_REVOKED')
    expect(reports.slice(1)).toEqual([`recovered: ${NAME}: it is loaded again`])
  })

  it('accept a list from the near future: the clock of the CA may be ahead', async () => {
    source = () => list(['0c'], { from: 300 * SECOND })
    await create().start()
    expect(outcome('0C')).toBe('CSN_CERT_REVOKED')
  })

  it('follow refresh, or half of the time until nextUpdate, if that is shorter', async () => {
    source = () => list([], { to: 2 * DAY })
    await create({ refresh: 3600 }).start()
    await vi.advanceTimersByTimeAsync(60 * MINUTE - 1)
    expect(calls).toBe(1)
    await pass(1)
    revocation.stop()
    await create({ refresh: 604_800 }).start()
    const left = now + 2 * DAY - Date.now()
    await vi.advanceTimersByTimeAsync(left / 2 - 1)
    expect(calls).toBe(3)
    await pass(1)
    await pass(left / 4)
  })

  it('follow five seconds, where half of the time until nextUpdate is less', async () => {
    source = () => list(['0a1b'], { to: 9 * SECOND })
    await create().start()
    await vi.advanceTimersByTimeAsync(5 * SECOND - 1)
    expect(calls).toBe(1)
    // The next list is there before this one ends, so no request is refused in between.
    source = () => list(['0c'], { to: DAY, number: 2 })
    await pass(1)
    await vi.advanceTimersByTimeAsync(5 * SECOND)
    expect([outcome('0C'), outcome('0A1B')]).toEqual(['CSN_CERT_REVOKED', 'passes'])
  })

  it('follow a minute after the end', async () => {
    source = () => list([], { to: SECOND })
    await create().start()
    await pass(5 * SECOND)
    expect(reports.join()).toContain('the list is out of date since')
    // The poll in pass() lets some of the minute pass.
    await vi.advanceTimersByTimeAsync(MINUTE - 10 * SECOND)
    expect(calls).toBe(2)
    await pass(10 * SECOND)
    await pass(MINUTE)
  })

  it('follow a minute after a start without a list, or refresh, if that is shorter', async () => {
    source = () => Buffer.from('rubbish')
    await create({ onStale: 'accept' }).start()
    await vi.advanceTimersByTimeAsync(MINUTE - 1)
    expect(calls).toBe(1)
    await pass(1)
    revocation.stop()
    await create({ onStale: 'accept', refresh: 5 }).start()
    await pass(5 * SECOND)
  })

  it('come after a load that hangs: it ends, is reported, and the next one is loaded', async () => {
    await create().start()
    source = () => new Promise(() => {})
    await vi.advanceTimersByTimeAsync(60 * MINUTE)
    expect(calls).toBe(2)
    const timers = timersSet()
    await vi.advanceTimersByTimeAsync(MINUTE)
    await expect.poll(timersSet).toBe(timers + 1)
    expect(reports).toEqual([`degraded: ${NAME}: the load did not end within 60 s`])
    source = () => list(['0c'])
    await pass(60 * MINUTE)
    expect(outcome('0C')).toBe('CSN_CERT_REVOKED')
    expect(reports.slice(1)).toEqual([`recovered: ${NAME}: it is loaded again`])
  })

  it('repeat the report of each failure, and report the end once', async () => {
    source = () => Buffer.from('rubbish')
    await create({ onStale: 'accept' }).start()
    await pass(MINUTE)
    source = () => list(['0c'])
    await pass(MINUTE)
    await pass(60 * MINUTE)
    expect(reports.map((report) => report.split(':')[0])).toEqual(['degraded', 'degraded', 'recovered'])
  })
})

describe('createRevocation: stop', () => {
  it('ends a load, and reports nothing', async () => {
    let closed = false
    const server = await startServer(({ socket }) => socket.on('close', () => (closed = true)))
    onTestFinished(() => server.close())
    const started = create({ crl: new URL('/ca.crl', server.url), onStale: 'accept' }).start()
    await expect.poll(() => server.requests(), { timeout: 20_000 }).toBe(1)
    revocation.stop()
    await started
    await expect.poll(() => closed, { timeout: 20_000 }).toBe(true)
    expect(reports).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends a start that waits', async () => {
    source = () => new Promise(() => {})
    const started = expect(create().start()).rejects.toThrow(`${NAME} cannot be loaded: the server was closed`)
    await vi.advanceTimersByTimeAsync(0)
    revocation.stop()
    await started
    expect(reports).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends the later loads, and keeps the list for the last requests', async () => {
    await create().start()
    expect(vi.getTimerCount()).toBe(1)
    revocation.stop()
    expect(vi.getTimerCount()).toBe(0)
    expect(outcome('0A1B')).toBe('CSN_CERT_REVOKED')
  })

  it('lets a later start do nothing', async () => {
    create().stop()
    await revocation.start()
    expect(calls).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })
})
