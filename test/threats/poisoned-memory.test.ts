import { X509Certificate } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { headerLines, headerOf, type WireRequest, withHeader, withLines } from '@countersign/test-support/wire-request'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createDigestSet } from '../../packages/origin-plugin/src/facts/digest-set.ts'
import { FACTS_PER_CLIENT } from '../../packages/origin-plugin/src/facts/facts.ts'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const TOKEN = 'cf-access-jwt-assertion'

/** Without the edge signature, an attacker with a token can write every header. */
const options: ChainOptions = {
  plugin: ({ clientCa }) => ({ edge: null, trustedIssuers: [clientCa], maxKnownClients: 2 }),
}

/** Another chain makes the request that of another client for the memory of clients, so that only facts are left. */
const withChain = (request: WireRequest, chain: string) =>
  withHeader(request, 'Client-Cert-Chain', `:${Buffer.from(chain).toString('base64')}:`)

describeThreat('the facts that an origin remembers', options, (chain) => {
  let alice: WireRequest
  let bob: WireRequest
  let sent = 0
  const send = (request: WireRequest) => {
    sent += 1
    return chain.around(withChain(request, String(sent)))
  }
  const admits = async (request: WireRequest, CN: string) => {
    const { status, body } = await send(request)
    expect({ status, body }).toEqual({ status: 200, body: expect.stringContaining(`CN=${CN},`) })
  }
  beforeEach(async () => {
    alice = await chain.capture('/me', { client: chain.edge.clients.alice })
    bob = await chain.capture('/me', { client: chain.edge.clients.bob })
    await admits(alice, 'alice')
    await admits(bob, 'bob')
  })

  it('do not join the headers of two clients that are known, however often an attacker tries', async () => {
    const compared = ['client-cert', 'x-cert-finger-256', 'x-cert-finger', 'x-cert-serial', 'x-cert-subject-dn-2253']
    for (const name of [...compared, ...compared]) {
      expect(await send(withHeader(alice, name, headerOf(bob, name))), name).toMatchObject({
        status: 403,
        code: 'CSN_CERT_MISMATCH',
      })
    }
    await admits(alice, 'alice')
  })

  it('are those of the same headers in any order and case', async () => {
    const shuffled = headerLines(alice)
      .toReversed()
      .map(([name, value]) => [name.toUpperCase(), value] as const)
    const verify = vi.spyOn(X509Certificate.prototype, 'verify')
    onTestFinished(() => verify.mockRestore())
    await admits(withLines(alice, shuffled), 'alice')
    expect(verify).not.toHaveBeenCalled()
  })

  it.each(['\n', '\r', '\0', '\r\n '])(
    'have no line with a line break or control character inside: %j',
    async (separator) => {
      const value = `${headerOf(alice, 'x-cert-notbe')}${separator}x-cert-notaf: ${headerOf(alice, 'x-cert-notaf')}`
      const shifted = withHeader(withHeader(alice, 'x-cert-notbe', value), 'x-cert-notaf', undefined)
      expect((await send(shifted)).status).toBe(400)
    },
  )

  it('do not cover a token with another signature, claim or header', async () => {
    const token = headerOf(alice, TOKEN) ?? ''
    const [header = '', payload = '', signature = ''] = token.split('.')
    const claims = JSON.parse(String(Buffer.from(payload, 'base64url')))
    const forged = Buffer.from(JSON.stringify({ ...claims, email: 'root@acme.example' })).toString('base64url')
    const flipped = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`
    for (const changed of [
      `${header}.${forged}.${signature}`,
      `${header}.${payload}.${flipped}`,
      `${token}A`,
      `.${token}`,
    ]) {
      for (let time = 0; time < 2; time += 1) {
        expect(await send(withHeader(alice, TOKEN, changed))).toMatchObject({ code: 'CSN_ACCESS_TOKEN_INVALID' })
      }
    }
    await admits(alice, 'alice')
  })

  it('are not pushed out by a client with another chain each time, nor by refused requests', async () => {
    const other = await chain.edge.issueClient({ subject: 'CN=other' })
    const stranger = await chain.capture('/me', { client: other })
    for (let time = 0; time < 30; time += 1) {
      await send(bob)
      const token = await chain.edge.accessToken({ expiresIn: 100 + time })
      await send(withHeader(withHeader(stranger, TOKEN, token), 'x-cert-serial', '0A1B'))
    }
    const verify = vi.spyOn(X509Certificate.prototype, 'verify')
    onTestFinished(() => verify.mockRestore())
    await admits(alice, 'alice')
    expect(verify).not.toHaveBeenCalled()
  })

  it('are dropped for those of other clients, which costs a verification and no decision', async () => {
    for (let time = 0; time < 6; time += 1) {
      const token = await chain.edge.accessToken({ expiresIn: 1_000 + time })
      await admits(withHeader(bob, TOKEN, token), 'bob')
    }
    const verify = vi.spyOn(X509Certificate.prototype, 'verify')
    onTestFinished(() => verify.mockRestore())
    await admits(alice, 'alice')
    await admits(alice, 'alice')
    expect(verify).toHaveBeenCalledTimes(1)
  })
})

describe('the memory of facts under a flood of clients', () => {
  it('takes at most 240 bytes for each of the clients that it is made for', async () => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const size = () => {
      collect()
      return process.memoryUsage().arrayBuffers
    }
    const clients = 100_000
    const set = createDigestSet(FACTS_PER_CLIENT * clients)
    const before = size()
    const words = new Uint32Array(8)
    const bytes = Buffer.from(words.buffer)
    for (let count = 0; count < 1.5 * FACTS_PER_CLIENT * clients; count += 1) {
      words.fill(Math.imul(count, 0x9e3779b1))
      set.add(bytes.toString('latin1'))
    }
    // 168 bytes, and perhaps a table that is dropped. V8 frees memory in another thread, some time after the collection.
    await vi.waitFor(() => expect((size() - before) / clients).toBeLessThan(240), 10_000)
    expect(set.has(bytes.toString('latin1'))).toBe(true)
  })
})
