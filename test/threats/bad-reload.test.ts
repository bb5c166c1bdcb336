import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCa, type TestCa } from '@countersign/test-support/certificates'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { signAsWorker } from '@countersign/test-support/sign-as-worker'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readTextFile } from '../../packages/origin-plugin/src/lib/read-text-file.ts'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const { jwk: GOOD } = hmacKey('test')
const OTHER = hmacKey('other')
const folder = mkdtempSync(join(tmpdir(), 'countersign-reload-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The answers of the two functions. Each starts well. */
let keys: () => unknown = () => GOOD
let ca: () => unknown
let calls = 0

const options: ChainOptions = {
  edge: { key: GOOD },
  plugin({ hosts, clientCa }) {
    ca = () => clientCa
    const askKeys = () => {
      calls += 1
      return keys() as typeof GOOD
    }
    return {
      edge: { keys: askKeys, hosts, refresh: 1 },
      trustedIssuers: [{ ca: () => ca() as string, refresh: 1 }, { dn: 'CN=Acme Branch CA,O=Acme' }],
    }
  },
}

const file = (name: string, make: (path: string) => void) => {
  const path = join(folder, name)
  make(path)
  return () => readTextFile(path, 262_144)
}
const throwing = (error: unknown) => () => {
  throw error
}

describeThreat('a bad answer of the place of keys and CAs', options, (chain) => {
  let stranger: TestCa
  let namesake: TestCa
  beforeAll(async () => {
    stranger = await createCa('CN=Stranger')
    namesake = await createCa('CN=Acme Branch CA,O=Acme')
  })

  const parts = () =>
    chain.app.countersignHealth().parts.filter(({ part }) => part === 'edge keys' || part === 'trusted issuers')
  const reasonsOf = () => parts().map(({ state, reason }) => `${state} ${reason}`)

  const huge = file('huge', (path) => {
    writeFileSync(path, '')
    truncateSync(path, 50_000_000)
  })
  const endless = file('endless', (path) => symlinkSync('/dev/zero', path))
  const cases: [name: string, keys: () => unknown, ca: () => unknown, reasons: [RegExp, RegExp]][] = [
    ['an empty list', () => [], () => '', [/edge\.keys is empty/, /does not contain a PEM certificate/]],
    [
      'a weak key, and no CA but a client',
      () => ({ ...GOOD, k: 'A'.repeat(43) }),
      () => chain.edge.clients.alice.cert,
      [/"k" is not random/, /not that of a CA/],
    ],
    ['a file of 50 MB', huge, huge, [/longer than 262144 bytes/, /longer than 262144 bytes/]],
    ['a file without an end', endless, endless, [/not a regular file/, /not a regular file/]],
    [
      'half of a file',
      () => JSON.stringify(GOOD).slice(0, -5),
      () => chain.edge.clientCa + stranger.pem.slice(0, 200),
      [/text that is not JSON/, /cut off/],
    ],
    [
      'a second key of one name, and a CA that is trusted by its name',
      () => [GOOD, { ...OTHER.jwk, kid: GOOD.kid }],
      () => namesake.pem,
      [/is not unique/, /trusts a CA by name that is also listed in PEM/],
    ],
    [
      'an exception with a secret',
      throwing(new Error(`vault denies ${GOOD.k}`)),
      throwing({ toString: throwing('worse') }),
      [/it threw "vault denies \(long text\)"/, /it threw a value/],
    ],
  ]

  it.each(cases)('changes nothing: %s', async (_, badKeys, badCa, [keysReason, caReason]) => {
    const good = { keys, ca }
    ;[keys, ca] = [badKeys, badCa]
    await expect.poll(reasonsOf, patience).toEqual([keysReason, caReason].map(degraded))
    await expectNothingChanged()
    ;({ keys, ca } = good)
    await expect.poll(() => parts().map(({ state }) => state), patience).toEqual(['ok', 'ok'])
  })

  it('changes nothing: a function that hangs, whose late answer is older than the next one', async () => {
    const ends: ((answer: unknown) => void)[] = []
    const good = { keys, ca }
    keys = () => new Promise((end) => ends.push(() => end(OTHER.jwk)))
    ca = () => new Promise((end) => ends.push(() => end(stranger.pem)))
    await expect.poll(reasonsOf, patience).toEqual(Array(2).fill(degraded(/no answer within 5 s/)))
    ;({ keys, ca } = good)
    const before = calls
    await expect.poll(() => parts().map(({ state }) => state), patience).toEqual(['ok', 'ok'])
    expect([calls > before, ends.length >= 2]).toEqual([true, true])
    for (const end of ends) end(undefined)
    await expectNothingChanged()
    expect(parts().map(({ state }) => state)).toEqual(['ok', 'ok'])
  })

  async function expectNothingChanged(): Promise<void> {
    const { alice, otherCa } = chain.edge.clients
    expect(await chain.through('/me', { client: alice })).toMatchObject({ status: 200 })
    expect(await chain.through('/me', { client: otherCa })).toMatchObject({ code: 'CSN_CERT_UNVERIFIED' })
    const captured = await chain.capture('/me', { client: alice })
    const forged = signAsWorker(captured, OTHER.privateJwk)
    expect(await chain.around(forged)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_INVALID' })
    expect(chain.log.join()).not.toContain(GOOD.k)
  }
})

const patience = { timeout: 15_000 }
const degraded = (reason: RegExp) => expect.stringMatching(new RegExp(`^degraded .*${reason.source}`))
