import { sign } from 'node:crypto'
import { createCa, type TestCa } from '@countersign/test-support/certificates'
import { testKey } from '@countersign/test-support/test-key'
import { writeCaCert } from '@countersign/test-support/write-certificate'
import { der } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { writeCrl } from '../../test/support/write-crl.ts'
import { checkRevocation } from '../revocation/revocation-options.ts'
import { createListTasks } from './list-tasks.ts'

type Ca = Pick<TestCa, 'cert' | 'sign'>

let first: Ca
let second: Ca
beforeAll(async () => {
  ;[first, second] = [await createCa('CN=first'), await createCa('CN=second')]
})

/** Certificates with their lists. Without one, the server of the list is down. */
function createServer(maxRemoved?: number) {
  const lists = new Map<Ca, Uint8Array>()
  const reports: string[] = []
  const tasks = createListTasks((reason, state = 'degraded') => reports.push(`${state}: ${reason}`), maxRemoved)
  onTestFinished(() => tasks.stop())
  /** Puts CAs to use. Those that are new load their list. */
  async function use(...cas: Ca[]) {
    const draft = tasks.draft()
    const revocations = cas.map((ca) => {
      const crl = async () => lists.get(ca) ?? Promise.reject(new Error('it is down'))
      return draft.make(ca.cert, checkRevocation({ crl, onStale: 'accept', refresh: 1 }, ca.cert), '')
    })
    await draft.start(20_000)
    draft.adopt()
    return revocations
  }
  const listsOf = async (...cas: Ca[]) => (await use(...cas)).map(({ list }) => list)
  return { lists, reports, use, listsOf }
}
const listOf = (ca: Ca, day = '01') =>
  writeCrl(ca, { thisUpdate: der(0x17, `2001${day}000000Z`), nextUpdate: der(0x18, '20900101000000Z') })

describe('createListTasks', { timeout: 30_000 }, () => {
  it('keeps the list of the last removed CA', async () => {
    const { lists, use, listsOf } = createServer(1)
    lists.set(first, listOf(first)).set(second, listOf(second))
    const [ofFirst] = await listsOf(first)
    expect(ofFirst).toBeDefined()
    lists.delete(first)
    const [ofSecond] = await listsOf(second)
    expect(ofSecond).toBeDefined()
    lists.delete(second)
    expect(await listsOf(first)).toEqual([ofFirst])
    expect(await listsOf(second, first)).toEqual([ofSecond, ofFirst])
    await use()
    // The list of the second one was removed first, and there is room for one.
    expect(await listsOf(first, second)).toEqual([ofFirst, undefined])
  })

  it('keeps the latest list of a CA whose certificates are removed together', async () => {
    const key = testKey()
    const signer = () => ({
      cert: writeCaCert('renewed', undefined, { key }).cert,
      sign: (bytes: Uint8Array) => sign('sha256', bytes, key.privateKey),
    })
    for (const days of [
      ['01', '02'],
      ['02', '01'],
    ]) {
      const { lists, use, listsOf } = createServer()
      const pair = [signer(), signer()] as const
      for (const [at, ca] of pair.entries()) lists.set(ca, listOf(ca, days[at]))
      const [one, two] = await listsOf(...pair)
      lists.clear()
      await use()
      const latest = days[0] === '02' ? one : two
      expect(await listsOf(pair[0])).toEqual([latest])
    }
  })

  it('keeps loading the list of a CA that stays, and reports its failures', async () => {
    const { lists, reports, use } = createServer()
    lists.set(first, listOf(first)).set(second, listOf(second))
    const [stays] = await use(first)
    const before = stays?.list
    expect(await use(second, first)).toContain(stays)
    lists.set(first, listOf(first, '02'))
    await expect.poll(() => stays?.list?.thisUpdate, { timeout: 20_000 }).toBe(Date.UTC(2020, 0, 2))
    expect([before?.thisUpdate, reports]).toEqual([Date.UTC(2020, 0, 1), []])
    lists.delete(first)
    await expect.poll(() => reports, { timeout: 20_000 }).toContainEqual(expect.stringMatching(/CN=first .*it is down/))
  })
})
