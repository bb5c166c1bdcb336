import { sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createCa, type TestCa } from '@countersign/test-support/certificates'
import { testKey } from '@countersign/test-support/test-key'
import { writeCaCert } from '@countersign/test-support/write-certificate'
import { der } from '@countersign/test-support/write-der'
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createIssuers } from '../../test/support/issuers.ts'
import { makeClientCert } from '../../test/support/make-client-cert.ts'
import { entry, writeCrl } from '../../test/support/write-crl.ts'
import type { CountersignError } from '../errors.ts'
import type { Revocation } from '../revocation/revocation.ts'
import { type ConfiguredIssuers, resolveTrustedIssuers } from './issuers-in-use.ts'

let ca: TestCa
let namesake: TestCa
let stranger: TestCa
let client: string
/** The answers of the functions `ca`, one for each entry. */
let pems: unknown[] = []
let reports: string[] = []
let changes = 0
let configured: ConfiguredIssuers

const reporting =
  (part: string) =>
  (reason: string, state = 'degraded') =>
    void reports.push(`${part} ${state}: ${reason}`)
const resolve = (given: unknown) => {
  configured = resolveTrustedIssuers(given, 'worker', {
    reportList: reporting('list'),
    reportIssuers: reporting('issuers'),
    onChange: () => {
      changes += 1
    },
  })
  return configured
}
const start = async (...given: unknown[]) => {
  await resolve(given).background.start()
  return configured
}
const from = (at: number, rest: object = {}) => ({ ca: () => pems[at], refresh: 1, ...rest })
const names = () =>
  (configured.issuers.current ?? []).map(({ dn, ca: cert }) => `${dn} ${cert?.fingerprint256.slice(0, 5)}`)
const nameOf = ({ cert }: TestCa, dn: string) => `${dn} ${cert.fingerprint256.slice(0, 5)}`
/** Lets the next reload come, and waits for its end. A list is loaded in a thread, beyond the fake clock. */
const next = async (isOver: () => boolean = () => true) => {
  await vi.advanceTimersByTimeAsync(1000)
  await expect.poll(isOver, { timeout: 20_000 }).toBe(true)
}

beforeAll(async () => {
  const issuers = await createIssuers()
  ;({ ca, namesake, stranger } = issuers)
  client = issuers.issued.pem
})
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  pems = [ca.pem, stranger.pem]
  reports = []
  changes = 0
})
afterEach(() => {
  configured.background.stop()
  vi.useRealTimers()
})

const CA = 'CN=Acme Client CA,O=Acme,C=US'
const OTHER = 'CN=Other CA,O=Other'

describe('resolveTrustedIssuers', () => {
  it('keeps issuers that do not change, and null', async () => {
    expect([resolve(null).issuers.current, configured.revocations()]).toEqual([null, []])
    await start(ca.pem, { dn: OTHER })
    expect(names()).toEqual([nameOf(ca, CA), `${OTHER} undefined`])
    expect([configured.sources, changes]).toEqual([[], 0])
  })

  it('trusts no CA before the first answer', () => {
    expect(resolve([from(0)]).issuers.current).toEqual([])
    expect(configured.sources[0]?.health()).toEqual({
      state: 'failing',
      name: 'trustedIssuers[0].ca from the function',
      reason: 'it is not loaded yet',
    })
  })

  it('replaces all issuers at once, and tells so', async () => {
    await start(from(0), { dn: 'CN=Third' })
    expect([names(), changes]).toEqual([[nameOf(ca, CA), 'CN=Third undefined'], 1])
    const before = configured.issuers.current
    await next()
    expect([configured.issuers.current === before, changes]).toEqual([true, 1])
    pems[0] = `${ca.pem}\n${namesake.pem}`
    await next()
    expect(names()).toEqual([nameOf(ca, CA), nameOf(namesake, CA), 'CN=Third undefined'])
    pems[0] = stranger.pem
    await next()
    expect([names(), changes]).toEqual([[nameOf(stranger, OTHER), 'CN=Third undefined'], 3])
    expect(reports).toEqual([])
  })

  it('waits for every source at the start, and changes one without the other', async () => {
    await start(from(0), from(1))
    expect([names(), changes]).toEqual([[nameOf(ca, CA), nameOf(stranger, OTHER)], 1])
    pems = [namesake.pem, '']
    await next()
    expect(names()).toEqual([nameOf(namesake, CA), nameOf(stranger, OTHER)])
    expect(configured.sources.map((source) => source.health().state)).toEqual(['ok', 'degraded'])
  })

  it('does not start without the first answer of each', async () => {
    pems[1] = 'no PEM'
    await expect(start(from(0), from(1))).rejects.toThrow(
      'trustedIssuers[1].ca from the function cannot be loaded: trustedIssuers[1]: the answer does not contain a PEM certificate; return the certificates of one or several CAs, each from "-----BEGIN CERTIFICATE-----" to "-----END CERTIFICATE-----"',
    )
    expect([names(), changes]).toEqual([[], 0])
    await expect(start({ ca: { file: '/none/ca.pem' } })).rejects.toThrow(
      'trustedIssuers[0].ca from /none/ca.pem cannot be loaded: the file cannot be opened: ENOENT',
    )
  })

  it.each([
    ['no certificate', () => '', 'trustedIssuers[0]: the answer does not contain a PEM certificate'],
    ['half a file', () => ca.pem.slice(0, -60), 'trustedIssuers[0]: the answer does not contain a PEM certificate'],
    [
      'half a bundle',
      () => ca.pem + ca.pem.slice(0, 99),
      'trustedIssuers[0]: the answer contains a PEM certificate that is cut off',
    ],
    ['a client', () => client, 'trustedIssuers[0]: the certificate is not that of a CA'],
    ['bytes', () => Buffer.from(ca.pem), 'the CA is bytes, not text'],
    ['a certificate', () => ca.cert, 'the CA is an X509Certificate, not text; write certificate.toString()'],
    ['nothing', () => undefined, 'the answer must be the text of one or several PEM certificates'],
    [
      'escaped line breaks',
      () => ca.pem.replaceAll('\n', '\\n'),
      'trustedIssuers[0]: the answer contains the characters "\\n" in place of line breaks; return text.replaceAll("\\\\n", "\\n"); the last',
    ],
    [
      'a CA that is trusted by name',
      () => stranger.pem,
      'trustedIssuers[1] trusts a CA by name that is also listed in PEM',
    ],
  ])('reports %s, and keeps the issuers', async (_, bad, reason) => {
    await start(from(0), { dn: OTHER })
    const before = configured.issuers.current
    pems[0] = bad()
    await next()
    expect(configured.issuers.current).toBe(before)
    const [report = ''] = reports
    expect(report.slice(0, `issuers degraded: trustedIssuers[0].ca from the function: ${reason}`.length)).toBe(
      `issuers degraded: trustedIssuers[0].ca from the function: ${reason}`,
    )
    expect(report).toMatch(/; the last good answer stays in use$/)
    pems[0] = ca.pem
    await next()
    expect(reports[1]).toBe('issuers recovered: trustedIssuers[0].ca from the function: it is loaded again')
    expect([configured.issuers.current === before, changes]).toEqual([true, 1])
  })

  it.each<[string, () => string, string]>([
    [
      'no PEM',
      () => 'no PEM',
      'the file does not contain a PEM certificate; write into it the certificates of one or several CAs, each from "-----BEGIN CERTIFICATE-----" to "-----END CERTIFICATE-----"',
    ],
    [
      'escaped line breaks',
      () => ca.pem.replaceAll('\n', '\\n'),
      'the file contains the characters "\\n" in place of line breaks; write line breaks into it',
    ],
    [
      'a line that is missing',
      () => ca.pem.replace(/\n.*\n(?=-----END)/, '\n'),
      'a PEM certificate in the file cannot be read; check that it is whole and that its lines are separate and not indented',
    ],
    [
      'a private key',
      () => `${ca.pem}-----BEGIN EC PRIVATE KEY-----`,
      'the file contains a private key; write the certificate alone, and keep the key of the CA away from the origin',
    ],
    [
      'another block',
      () => `${ca.pem}-----BEGIN X509 CRL-----`,
      'the file contains a PEM block "X509 CRL"; write blocks "CERTIFICATE" alone',
    ],
    ['a part', () => `${ca.pem}-----BEGIN CERTIFICATE-----`, 'the file contains a PEM certificate that is cut off'],
  ])('names the file with %s, and the text to write into it', async (_, text, reason) => {
    vi.useRealTimers()
    const file = join(mkdtempSync(join(tmpdir(), 'countersign-ca-')), 'ca.pem')
    onTestFinished(() => rmSync(dirname(file), { recursive: true }))
    writeFileSync(file, text())
    await expect(start({ ca: { file } })).rejects.toThrow(
      new Error(`trustedIssuers[0].ca from ${file} cannot be loaded: trustedIssuers[0]: ${reason}`),
    )
  })

  it('compares an answer with that of the other source', async () => {
    await start(from(0, { byName: true }), from(1))
    pems = [namesake.pem, namesake.pem]
    await next()
    expect(names()).toEqual([nameOf(namesake, CA), nameOf(stranger, OTHER)])
    expect(reports).toEqual([
      'issuers degraded: trustedIssuers[1].ca from the function: trustedIssuers[0] trusts a CA by name that is also listed in PEM; remove it, or write { ca, byName: true } alone; the last good answer stays in use',
    ])
  })

  it.each([
    [{ ca: { file: 'ca.pem', path: 'x' } }, 'trustedIssuers[0].ca: unknown option "path"; known options are file'],
    [{ ca: { file: undefined } }, 'trustedIssuers[0].ca.file is undefined; set the environment variable'],
    [
      { ca: new URL('file:///ca.pem') },
      'trustedIssuers[0].ca must not be a URL; write trustedIssuers[0].ca: { file: url }',
    ],
    [{ ca: { file: 'x' }, refresh: 0 }, 'trustedIssuers[0].refresh must be a number of seconds from 1 to 604800'],
    [
      { ca: { file: 'x' }, dn: CA },
      'trustedIssuers[0]: dn and keyId are those of one certificate, and ca is loaded again',
    ],
    [{ ca: { file: 'x' }, keyId: 'AA' }, 'trustedIssuers[0]: dn and keyId are those of one certificate'],
    [{ ca: { file: 'x' }, byName: 1 }, 'trustedIssuers[0]: byName must be true or false'],
    [{ ca: { file: 'x' }, byName: true, chain: { maxDepth: 1 } }, 'trustedIssuers[0]: byName: true excludes chain'],
    [{ ca: { file: 'x' }, chain: {} }, 'trustedIssuers[0]: chain.maxDepth is missing'],
    [{ ca: { file: 'x' }, revocation: { crl: '' } }, 'trustedIssuers[0]: revocation.crl must be a path'],
    [{ dn: CA, refresh: 60 }, 'trustedIssuers[0]: refresh has no effect, because ca does not change; write ca: { file'],
    [{ ca: '/etc/ca.pem' }, 'trustedIssuers[0]: the text does not contain a PEM certificate'],
    ...[{ file: 'ca.pem' }, () => '', new URL('file:///ca.pem')].map((issuer): [unknown, string] => [
      issuer,
      'trustedIssuers[0]: a file or a function of CAs must be in ca; write { ca: { file: "/path/ca.pem" } }',
    ]),
    [{ ca: {} }, 'trustedIssuers[0]: ca must be one certificate in PEM'],
  ] as [unknown, string][])('refuses %o at the registration', (issuer, message) => {
    expect(() => resolve([issuer])).toThrow(message)
  })

  it('refuses several roots above one list of an intermediate', async () => {
    const [root, sub] = [await createCa('CN=root'), await createCa('CN=sub')]
    const crl = async () => writeCrl(sub)
    const chain = { maxDepth: 2, revocation: [{ ca: sub.pem, crl }] }
    pems[0] = `${root.pem}\n${(await createCa('CN=root 2')).pem}`
    await expect(start(from(0, { chain }))).rejects.toThrow(
      'trustedIssuers[0]: ca has several roots, and chain.revocation',
    )
    pems[0] = `${root.pem}\n${(await createCa('CN=root 2')).pem}`
    await start(from(0, { chain: { maxDepth: 2 } }))
    expect(configured.issuers.current?.map(({ chain }) => chain?.anchor.maxDepth)).toEqual([2, 2])
  })
})

describe('resolveTrustedIssuers with revocation lists', () => {
  // Each load starts a thread, which reads its sources anew.
  vi.setConfig({ testTimeout: 60_000 })

  /** The lists that the function `crl` returns together. */
  let lists: TestCa[] = []
  let loads = 0
  const crl = async () => {
    loads += 1
    return Buffer.from(
      lists.map((issuer) => toPem(writeCrl(issuer, { thisUpdate: dayAt(-1), nextUpdate: dayAt(1) }))).join(''),
    )
  }
  const dayAt = (days: number) => {
    const [time = ''] = new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]/g, '').split('.')
    return der(0x18, `${time}Z`)
  }
  const toPem = (bytes: Uint8Array) =>
    `-----BEGIN X509 CRL-----\n${Buffer.from(bytes).toString('base64')}\n-----END X509 CRL-----\n`
  const isListed = () => configured.revocations().map((revocation) => revocation.health().state)
  beforeEach(() => {
    lists = [ca]
    loads = 0
  })

  it('loads the list of a new CA before the change, and keeps the task of a CA that stays', async () => {
    await start(from(0, { revocation: { crl } }))
    const [first] = configured.revocations()
    expect([isListed(), loads]).toEqual([['ok'], 1])
    pems[0] = `${ca.pem}\n${stranger.pem}`
    lists = [ca, stranger]
    await next(() => changes === 2)
    expect([isListed(), loads]).toEqual([['ok', 'ok'], 2])
    expect(configured.revocations()[0]).toBe(first)
    pems[0] = stranger.pem
    await next(() => changes === 3)
    expect([isListed(), loads]).toEqual([['ok'], 2])
    // The list of the CA that is gone is loaded no more.
    await first?.start()
    expect(loads).toBe(2)
    expect(reports).toEqual([])
  })

  it('keeps the old CA if the list of the new one cannot be loaded', async () => {
    await start(from(0, { revocation: { crl } }))
    const before = configured.issuers.current
    const timers = vi.getTimerCount()
    pems[0] = `${ca.pem}\n${stranger.pem}`
    await next(() => reports.length > 0)
    // The list that was not used is loaded no more.
    expect(vi.getTimerCount()).toBe(timers)
    expect([configured.issuers.current === before, isListed(), loads]).toEqual([true, ['ok'], 2])
    expect(reports).toEqual([
      expect.stringMatching(
        /^issuers degraded: trustedIssuers\[0\]\.ca from the function: trustedIssuers: the revocation list of CN=Other CA,O=Other from the function revocation\.crl cannot be loaded: .*; the last good answer stays in use$/,
      ),
    ])
    lists = [ca, stranger]
    await next(() => changes === 2)
    expect(isListed()).toEqual(['ok', 'ok'])
    expect(reports[1]).toBe('issuers recovered: trustedIssuers[0].ca from the function: it is loaded again')
  })

  it('reports a list that cannot be loaded, once it is in use', async () => {
    await start(from(0, { revocation: { crl, onStale: 'accept' } }))
    pems[0] = stranger.pem
    await next(() => changes === 2)
    expect(reports).toEqual([expect.stringMatching(/^list degraded: the revocation list of CN=Other CA,O=Other from/)])
  })

  it('keeps the list of a CA that is renewed with its key, or comes back, while the list cannot be loaded', async () => {
    const key = testKey()
    const [old, renewed] = [writeCaCert('renewed', undefined, { key }), writeCaCert('renewed', undefined, { key })]
    const namesakePem = writeCaCert('renewed').pem
    const signer = { cert: old.cert, sign: (bytes: Uint8Array) => sign('sha256', bytes, key.privateKey) }
    let answer = () => writeCrl(signer, { thisUpdate: dayAt(-1), nextUpdate: dayAt(1), entries: [entry('0a1b')] })
    const revoked = makeClientCert({ serialNumber: '0A1B' })
    const isRevoked = (list: Revocation) => {
      try {
        list.requireNotRevoked(revoked, Date.now() / 1000)
        return false
      } catch (error) {
        return (error as CountersignError).code === 'CSN_CERT_REVOKED'
      }
    }
    pems[0] = old.pem
    await start(from(0, { revocation: { crl: async () => answer(), onStale: 'accept' } }))
    answer = () => {
      throw new Error('it is down')
    }
    for (const [pem, expected] of [
      [renewed.pem, [true]],
      [`${old.pem}${renewed.pem}`, [true, true]],
      [`${namesakePem}${old.pem}`, [false, true]],
      [namesakePem, [false]],
      [old.pem, [true]],
      [namesakePem, [false]],
      [`${renewed.pem}${namesakePem}`, [true, false]],
    ] as const) {
      const before = changes
      pems[0] = pem
      await next(() => changes > before)
      expect(configured.revocations().map(isRevoked)).toEqual(expected)
    }
  })

  it('loads the list of a CA that does not change', async () => {
    await start({ ca: ca.pem, revocation: { crl } })
    expect([isListed(), loads]).toEqual([['ok'], 1])
  })

  it('makes the changes of two sources one after the other', async () => {
    await start(from(0, { revocation: { crl } }), from(1))
    lists = [namesake]
    pems = [namesake.pem, ca.pem]
    await next(() => changes === 3)
    expect(names()).toEqual([nameOf(namesake, CA), nameOf(ca, CA)])
  })

  it('takes one root with the list of an intermediate', async () => {
    const root = await createCa('CN=root')
    const sub = await root.issueCa({ subject: 'CN=sub' })
    lists = [sub]
    pems[0] = root.pem
    await start(from(0, { chain: { maxDepth: 1, revocation: [{ ca: sub.pem, crl }] } }))
    expect([isListed(), loads]).toEqual([['ok'], 1])
  })

  it.each([
    [
      {},
      /^trustedIssuers: the revocation list of CN=Other CA,O=Other from .* cannot be loaded: the server was closed$/,
    ],
    [{ onStale: 'accept' }, /^the server was closed$/],
  ])('ends a change that waits for a list when the server closes, with %j', async (options, reason) => {
    const slow = () => (loads === 0 ? crl() : new Promise(() => {}))
    await start(from(0, { revocation: { crl: slow, ...options } }))
    const before = configured.issuers.current
    loads = 1
    pems[0] = stranger.pem
    await next()
    configured.background.stop()
    await vi.advanceTimersByTimeAsync(1000)
    expect([configured.issuers.current === before, changes, reports, vi.getTimerCount()]).toEqual([true, 1, [], 0])
    const [health] = configured.sources.map((source) => source.health())
    expect(health).toMatchObject({ state: 'degraded', reason: expect.stringMatching(reason) })
  })

  it('loads the lists of two sources once, after both have answered', async () => {
    lists = [ca, stranger]
    await start(from(0, { revocation: { crl } }), from(1, { revocation: { crl } }))
    expect([isListed(), loads, changes]).toEqual([['ok', 'ok'], 2, 1])
  })

  it('waits 8 s at the start for the answer of a source and its list together', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    await vi.advanceTimersByTimeAsync(1_000)
    const late = () => new Promise((answer) => setTimeout(answer, 3_000, ca.pem))
    const outcomes: unknown[] = []
    const hangs = () => new Promise(() => {})
    start({ ca: late, revocation: { crl: hangs } }).then(undefined, ({ message }) => outcomes.push(message))
    await vi.advanceTimersByTimeAsync(7_999)
    expect(outcomes).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(outcomes).toEqual([
      expect.stringMatching(
        /^trustedIssuers\[0\]\.ca from the function cannot be loaded: trustedIssuers: the revocation list of CN=Acme Client CA,O=Acme,C=US from the function revocation\.crl cannot be loaded: it is not loaded after 5 s; /,
      ),
    ])
  })

  it('waits longer for the list of a new CA once the server has started', async () => {
    await start(from(0, { revocation: { crl: () => (loads === 0 ? crl() : late()) } }))
    const late = () => new Promise((answer) => setTimeout(answer, 50_000)).then(crl)
    pems[0] = stranger.pem
    lists = [stranger]
    await next()
    await vi.advanceTimersByTimeAsync(49_999)
    expect([loads, reports]).toEqual([1, []])
    await vi.advanceTimersByTimeAsync(1)
    await expect.poll(() => changes, { timeout: 20_000 }).toBe(2)
    expect([isListed(), loads, reports]).toEqual([['ok'], 2, []])
  })
})
