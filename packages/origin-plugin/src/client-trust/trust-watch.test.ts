import { setImmediate as otherWork } from 'node:timers/promises'
import { testKey } from '@countersign/test-support/test-key'
import { type WrittenCertificate, writeCaCert, writeClientCert } from '@countersign/test-support/write-certificate'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { certificateLines, edgeFieldsOf } from '../../test/support/header-lines.ts'
import { compileIssuers } from '../../test/support/issuers.ts'
import { makeClientCert } from '../../test/support/make-client-cert.ts'
import { readTrustedCert } from '../certificate/read-trusted-cert.ts'
import type { CompiledIssuer } from '../certificate/trusted-issuers.ts'
import type { ClientCert } from '../client-cert.ts'
import type { CountersignError } from '../errors.ts'
import { DistinguishedName } from '../x509/distinguished-name.ts'
import { createTrustWatch } from './trust-watch.ts'

const issuer = (dn: string): CompiledIssuer => ({
  dn: DistinguishedName.parse(dn),
  keyId: undefined,
  ca: undefined,
  byName: true,
  revocation: undefined,
  chain: undefined,
})
const TRUSTED = [issuer('CN=Acme Issuing CA,O=Acme')]
const NOW = Math.floor(Date.now() / 1_000) * 1_000
/** The end of the validity of the usual certificate, in seconds. */
const END = Date.parse('2050-01-01T00:00:00Z') / 1000

beforeEach(() => {
  // setImmediate stays, because the watch lets other work run.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
})

/** A watch with a clock and issuers that the test sets. */
function start() {
  const state = { now: END - 10, issuers: TRUSTED as readonly CompiledIssuer[] | null }
  let fault: Error | undefined
  const watch = createTrustWatch(
    () => {
      if (fault) throw fault
      return state.issuers
    },
    () => state.now,
  )
  onTestFinished(() => watch.stop())
  /** Watches a connection, and collects its refusals. */
  function connect(clientCert: ClientCert) {
    const connection = { refusals: [] as [string, string][], isClosed: false, stop: () => {} }
    connection.stop = watch.add(clientCert, {
      isClosed: () => connection.isClosed,
      distrust: ({ code, reason }: CountersignError) => void connection.refusals.push([code, reason]),
    })
    return connection
  }
  return { watch, state, connect, breakDown: (error: Error) => (fault = error) }
}

/** Lets a time pass, and the work of the watch in it. */
async function pass(milliseconds: number): Promise<void> {
  vi.advanceTimersByTime(milliseconds)
  for (let turn = 0; turn < 5; turn += 1) await otherWork()
}

describe('createTrustWatch', () => {
  it('refuses an expired client once, each of its connections, and nobody before', async () => {
    const { state, connect } = start()
    const cert = makeClientCert()
    const [first, second] = [connect(cert), connect(cert)]
    const other = connect(makeClientCert({ validToDate: new Date('2051-01-01T00:00:00Z') }))
    state.now = END
    await pass(1_000)
    expect(first.refusals).toEqual([])
    state.now = END + 0.001
    await pass(999)
    expect(first.refusals).toEqual([])
    await pass(1)
    const reason = expect.stringContaining('the certificate expired on Jan  1 00:00:00 2050 GMT')
    expect([first.refusals, second.refusals]).toEqual([[['CSN_CERT_EXPIRED', reason]], [['CSN_CERT_EXPIRED', reason]]])
    await pass(3_000)
    expect([first.refusals.length, other.refusals]).toEqual([1, []])
    expect(vi.getTimerCount()).toBe(1)
  })

  it('notices a clock that was set back', async () => {
    const { state, connect } = start()
    const connection = connect(makeClientCert())
    state.now = Date.parse('2019-01-01T00:00:00Z') / 1000
    await pass(1_000)
    expect(connection.refusals).toMatchObject([['CSN_CERT_EXPIRED', /not valid before/]])
  })

  it('refuses a client whose CA is trusted no longer', async () => {
    const { state, connect } = start()
    const [pem, any] = [connect(makeClientCert()), connect(makeClientCert({ issuer: 'CN=Other' }))]
    state.issuers = null
    await pass(1_000)
    expect([pem.refusals, any.refusals]).toEqual([[], []])
    state.issuers = [...TRUSTED]
    await pass(1_000)
    expect([pem.refusals, any.refusals]).toMatchObject([[], [['CSN_CERT_UNTRUSTED_ISSUER', /CN=Other/]]])
    state.issuers = [issuer('CN=New')]
    await pass(1_000)
    expect(pem.refusals).toMatchObject([['CSN_CERT_UNTRUSTED_ISSUER', /CN=Acme Issuing CA,O=Acme/]])
  })

  it('refuses a client whose intermediate expires, although another path was valid before', async () => {
    const key = testKey()
    const root = writeCaCert('root')
    const [brief, lasting] = [5, 20].map((seconds) =>
      writeCaCert('sub', root, { key, notAfter: new Date(NOW + seconds * 1_000) }),
    ) as [WrittenCertificate, WrittenCertificate]
    const client = writeClientCert(brief)
    const issued = { cert: client.cert, issuer: brief.cert, pem: client.pem }
    const chain = [brief, lasting].map(({ der }) => `:${der.toString('base64')}:`).join(', ')
    const issuers = compileIssuers({ ca: root.pem, chain: { maxDepth: 1 } })
    const fields = edgeFieldsOf(certificateLines(issued, { 'client-cert-chain': chain }))
    const { clientCert } = readTrustedCert(fields, issuers, NOW / 1_000)
    const { state, connect } = start()
    state.issuers = issuers
    state.now = NOW / 1_000
    const connection = connect(clientCert)
    for (const [seconds, codes] of [
      [1, []],
      [10, []],
      [21, ['CSN_CERT_UNTRUSTED_ISSUER']],
    ] as const) {
      state.now = NOW / 1_000 + seconds
      await pass(1_000)
      expect(connection.refusals.map(([code]) => code)).toEqual(codes)
    }
  })

  it.each([
    [new RangeError('no issuers'), 'the check of the certificate threw RangeError: "no issuers"'],
    [new RangeError(), 'the check of the certificate threw RangeError'],
  ])('refuses if the check itself fails with %s', async (error, reason) => {
    const { connect, breakDown } = start()
    const connection = connect(makeClientCert())
    breakDown(error)
    await pass(1_000)
    expect(connection.refusals).toEqual([['CSN_CERT_UNTRUSTED_ISSUER', reason]])
  })

  it('forgets a connection that is closed, or whose watch was ended, and then has no timer', async () => {
    const { state, connect } = start()
    const cert = makeClientCert()
    const [closed, ended, open] = [connect(cert), connect(cert), connect(cert)]
    closed.isClosed = true
    ended.stop()
    ended.stop()
    await pass(1_000)
    closed.isClosed = false
    state.now = END + 1
    await pass(1_000)
    expect([closed.refusals, ended.refusals, open.refusals.length]).toEqual([[], [], 1])
    expect(vi.getTimerCount()).toBe(0)
    const again = connect(cert)
    expect(vi.getTimerCount()).toBe(1)
    // The end of an earlier watch of this client is not the end of this one.
    ended.stop()
    open.stop()
    await pass(1_000)
    expect(again.refusals.length).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('lets a refusal watch the client again, and end other watches', async () => {
    const { watch, state, connect } = start()
    const cert = makeClientCert()
    let calls = 0
    const again = {
      isClosed: () => calls > 20,
      distrust() {
        calls += 1
        watch.add(cert, again)
      },
    }
    watch.add(cert, again)
    watch.add(cert, { isClosed: () => false, distrust: () => last.stop() })
    const last = connect(cert)
    state.now = END + 1
    await pass(1_000)
    expect([calls, last.refusals]).toEqual([1, []])
    await pass(1_000)
    expect(calls).toBe(2)
  })

  it('refuses nobody after the end of the server, not even in a check that is under way', async () => {
    const { watch, state, connect } = start()
    const first = { isClosed: () => false, distrust: () => watch.stop() }
    watch.add(makeClientCert(), first)
    const second = connect(makeClientCert())
    state.now = END + 1
    await pass(1_000)
    expect(second.refusals).toEqual([])
  })

  it('ends with the server, and does not begin again', async () => {
    const { watch, state, connect } = start()
    const connection = connect(makeClientCert())
    watch.stop()
    const late = connect(makeClientCert())
    expect(vi.getTimerCount()).toBe(0)
    late.stop()
    state.now = END + 1
    await pass(2_000)
    expect([connection.refusals, late.refusals]).toEqual([[], []])
  })

  it('lets other work run between the checks of many clients', async () => {
    const { state, connect } = start()
    const connections = Array.from({ length: 5 }, () => {
      const cert = makeClientCert()
      // A certificate that is slow to read, as one whose path has to be found again.
      Object.defineProperty(cert, 'validFromDate', {
        get() {
          const end = performance.now() + 6
          while (performance.now() < end);
          return new Date(0)
        },
      })
      return connect(cert)
    })
    state.now = END + 1
    const refused = () => connections.filter(({ refusals }) => refusals.length > 0).length
    vi.advanceTimersByTime(1_000)
    // A check that is still under way is not begun a second time.
    vi.advanceTimersByTime(1_000)
    expect(refused()).toBe(1)
    await vi.waitFor(() => expect(refused()).toBe(5), { interval: 1 })
    expect(connections.map(({ refusals }) => refusals.length)).toEqual([1, 1, 1, 1, 1])
  })
})

describe('the timer of createTrustWatch', () => {
  it('does not keep the process alive', () => {
    vi.useRealTimers()
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    start().connect(makeClientCert())
    expect(timers()).toBe(before)
  })
})
