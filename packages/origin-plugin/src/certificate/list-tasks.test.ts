import { createCa, type TestCa } from '@countersign/test-support/certificates'
import { der } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { writeCrl } from '../../test/support/write-crl.ts'
import { checkRevocation } from '../revocation/revocation-options.ts'
import { createListTasks } from './list-tasks.ts'

let first: TestCa
let second: TestCa
beforeAll(async () => {
  ;[first, second] = [await createCa('CN=first'), await createCa('CN=second')]
})

describe('createListTasks', { timeout: 30_000 }, () => {
  it('keeps the list of the last removed CA', async () => {
    const loadable = new Map(
      [first, second].map((ca) => [ca.cert, writeCrl(ca, { thisUpdate: PAST, nextUpdate: FUTURE })]),
    )
    const tasks = createListTasks(() => {}, 1)
    onTestFinished(() => tasks.stop())
    /** Puts CAs to use. Those that are new load their list. */
    async function use(...cas: TestCa[]) {
      const draft = tasks.draft()
      const lists = cas.map(({ cert }) => {
        const crl = async () => loadable.get(cert) ?? Promise.reject(new Error('it is down'))
        return draft.make(cert, checkRevocation({ crl, onStale: 'accept' }, cert), '')
      })
      await draft.start(20_000)
      draft.adopt()
      return lists.map(({ list }) => list)
    }
    const [ofFirst] = await use(first)
    expect(ofFirst).toBeDefined()
    loadable.delete(first.cert)
    const [ofSecond] = await use(second)
    expect(ofSecond).toBeDefined()
    loadable.delete(second.cert)
    expect(await use(first)).toEqual([ofFirst])
    expect(await use(second, first)).toEqual([ofSecond, ofFirst])
    await use()
    // The list of the second one was removed first, and there is room for one.
    expect(await use(first, second)).toEqual([ofFirst, undefined])
  })
})

const PAST = der(0x17, '200101000000Z')
const FUTURE = der(0x18, '20900101000000Z')
