import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DevEdge } from '@countersign/dev-edge'
import type { EdgeKeyPair } from '@countersign/test-support/edge-key-pair'
import { ed25519Key, hmacKey } from '@countersign/test-support/edge-key-pair'
import { signAsWorker } from '@countersign/test-support/sign-as-worker'
import { afterAll, describe, expect, it } from 'vitest'
import { useChain } from '../support/use-chain.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-rotation-'))
const [keysFile, caFile] = [join(folder, 'keys.json'), join(folder, 'ca.pem')]
afterAll(() => rmSync(folder, { recursive: true }))

/** Replaces a file as a whole, as docs/operations.md asks for. */
function write(file: string, text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}
const writeKeys = (...keys: readonly EdgeKeyPair[]) => write(keysFile, JSON.stringify(keys.map(({ jwk }) => jwk)))

const FIRST = hmacKey('first')
const chain = useChain({
  edge: { key: FIRST.privateJwk },
  plugin({ hosts, clientCa }) {
    writeKeys(FIRST)
    write(caFile, clientCa)
    return {
      edge: { keys: { file: keysFile }, hosts, refresh: 1 },
      trustedIssuers: [{ ca: { file: caFile }, refresh: 1 }],
    }
  },
})

type Client = DevEdge['clients']['alice']

/** Sends requests without a pause, from several connections, until it is asked for the outcomes. */
function underLoad(clients: readonly Client[]): () => Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {}
  let isOver = false
  const loops = clients.map(async (client) => {
    while (!isOver) {
      const { status, code } = await chain.through('/me', { client })
      const outcome = `${status} ${code ?? ''}`.trim()
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    }
  })
  return async () => {
    isOver = true
    await Promise.all(loops)
    return outcomes
  }
}

const knownKeys = () => chain.app.countersignHealth().edgeKeys.map(({ keyid }) => keyid)
const patience = { timeout: 15_000 }
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

describe('a rotation under load', () => {
  it('of the key of the Worker refuses no good request, and the old key afterwards', async () => {
    const { alice, bob } = chain.edge.clients
    const outcomes = underLoad([alice, bob, alice])
    let old = FIRST
    for (const next of [hmacKey('second'), ed25519Key('third'), ed25519Key('fourth'), hmacKey('fifth')]) {
      writeKeys(old, next)
      await expect.poll(knownKeys, patience).toEqual([old.kid, next.kid])
      await chain.edge.rotateKey(next.privateJwk)
      // The requests that the old Worker signed arrive.
      await pause(300)
      const lateRequest = await chain.capture('/me', { client: alice })
      writeKeys(next)
      await expect.poll(knownKeys, patience).toEqual([next.kid])
      const signedByOld = signAsWorker(lateRequest, old.privateJwk)
      expect(await chain.around(signedByOld)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_INVALID' })
      expect(chain.lastReason()).toBe(`the keyid "${old.kid}" is not one of edge.keys: "${next.kid}"`)
      old = next
    }
    const counted = await outcomes()
    expect(Object.keys(counted)).toEqual(['200'])
    expect(counted['200']).toBeGreaterThan(50)
  })

  it('of a CA refuses no good request, and the clients of the old CA afterwards', async () => {
    const { alice, branch } = chain.edge.clients
    const oldCa = underLoad([alice, alice])
    expect(await chain.through('/me', { client: branch })).toMatchObject({ code: 'CSN_CERT_UNTRUSTED_ISSUER' })
    write(caFile, `${chain.edge.clientCa}\n${branch.ca}`)
    await expect.poll(async () => (await chain.through('/me', { client: branch })).status, patience).toBe(200)
    const newCa = underLoad([branch, branch])
    await pause(300)
    expect(Object.keys(await oldCa())).toEqual(['200'])
    write(caFile, branch.ca ?? '')
    // The origin has these certificates in its memory.
    await expect
      .poll(async () => (await chain.through('/me', { client: alice })).code, patience)
      .toBe('CSN_CERT_UNTRUSTED_ISSUER')
    for (let again = 0; again < 3; again += 1) {
      expect(await chain.through('/me', { client: alice })).toMatchObject({ code: 'CSN_CERT_UNTRUSTED_ISSUER' })
    }
    expect(Object.keys(await newCa())).toEqual(['200'])
    expect(chain.log.filter((line) => line.includes('countersign: degraded'))).toEqual([])
  })
})
