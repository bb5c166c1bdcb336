import { once } from 'node:events'
import type { DevClient } from '@countersign/dev-edge'
import { createCa } from '@countersign/test-support/certificates'
import { headerLines } from '@countersign/test-support/wire-request'
import websocket from '@fastify/websocket'
import { expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { Chain, ChainOptions } from '../support/chain.ts'
import { closeOnDistrust } from '../support/close-on-distrust.ts'
import { readText } from '../support/files.ts'
import { describeThreat } from '../support/use-chain.ts'

/** The messages that the handler got, and its latest socket. */
const received: string[] = []
let latest: WebSocket | undefined

const routes: ChainOptions['routes'] = (app) => {
  app.register(websocket).after(() => {
    app.get('/socket', { websocket: true }, (socket, request) => {
      closeOnDistrust(socket, request)
      latest = socket
      socket.on('message', (message) => {
        received.push(String(message))
        socket.send(`echo ${message}`)
      })
    })
  })
}

async function open(chain: Chain, client: DevClient): Promise<WebSocket> {
  const headers = Object.fromEntries(headerLines(await chain.capture('/socket', { client })))
  const socket = new WebSocket(`ws://127.0.0.1:${chain.originPort}/socket`, { headers })
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  expect(await echo(socket)).toBe('echo hello')
  return socket
}

async function echo(socket: WebSocket): Promise<string> {
  const answer = once(socket, 'message')
  socket.send('hello')
  return String((await answer)[0])
}

/** The code and the reason with which the server closes a socket. */
async function closed(socket: WebSocket): Promise<[number, string]> {
  const [code, reason] = await once(socket, 'close')
  return [code, String(reason)]
}

const options: ChainOptions = {
  edge: { forwardCert: 'chain' },
  fastify: { http: { maxHeaderSize: 32_768 } },
  plugin: (edge) => ({
    trustedIssuers: [
      { ca: edge.clientCa, chain: { maxDepth: 1 }, revocation: { crl: () => edge.clientCrl(), refresh: 1 } },
    ],
  }),
  routes,
}

describeThreat('a WebSocket whose client is trusted no longer', options, (chain) => {
  it('is closed after its certificate was revoked, and that of another client stays open', async () => {
    const [lost, kept] = await Promise.all(['lost', 'kept'].map((name) => chain.edge.issueClient({ name })))
    const [socket, other] = [await open(chain, lost as DevClient), await open(chain, kept as DevClient)]
    chain.edge.addToCrl(lost as DevClient)
    expect(await closed(socket)).toEqual([1008, 'CSN_CERT_REVOKED'])
    expect(await echo(other)).toBe('echo hello')
    expect(chain.log.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({
        msg: 'countersign: client no longer trusted',
        code: 'CSN_CERT_REVOKED',
        client: { fingerprint256: expect.any(String), serialNumber: expect.any(String) },
      }),
    )
  })

  it('is closed when its certificate expires', async () => {
    const client = await chain.edge.issueClient({ name: 'brief', notAfter: new Date(Date.now() + 5_000) })
    expect(await closed(await open(chain, client))).toEqual([1008, 'CSN_CERT_EXPIRED'])
  })

  it('is closed after its intermediate was revoked', async () => {
    const { branch } = chain.edge.clients
    const socket = await open(chain, branch)
    chain.edge.addToCrl({ ...branch, cert: branch.ca as string })
    expect(await closed(socket)).toEqual([1008, 'CSN_CERT_REVOKED'])
  })

  it('ends although the client does not answer the close, and its messages reach no handler', async () => {
    const client = await chain.edge.issueClient({ name: 'hostile', notAfter: new Date(Date.now() + 5_000) })
    const socket = await open(chain, client)
    const ended = once(latest as WebSocket, 'close')
    // It reads nothing from now on, and so it does not answer.
    socket.pause()
    const sending = setInterval(() => socket.send('more'), 20)
    onTestFinished(() => clearInterval(sending))
    const refusals = () => chain.log.filter((line) => line.includes('no longer trusted')).length
    const before = refusals()
    await expect.poll(refusals, { timeout: 12_000, interval: 1 }).toBe(before + 1)
    const { length } = received
    expect(length).toBeGreaterThan(10)
    await ended
    expect(received).toHaveLength(length)
  })
})

/** The CA that is trusted in place of the edge's. */
let successor: string | undefined

const reloaded: ChainOptions = {
  plugin: (edge) => ({ trustedIssuers: [{ ca: () => successor ?? edge.clientCa, refresh: 1 }] }),
  routes,
}

describeThreat('a WebSocket whose CA is trusted no longer', reloaded, (chain) => {
  it('is closed after the next load of the CAs', async () => {
    const socket = await open(chain, chain.edge.clients.alice)
    successor = (await createCa('CN=Acme Client CA 2')).pem
    expect(await closed(socket)).toEqual([1008, 'CSN_CERT_UNTRUSTED_ISSUER'])
  })
})

it('the recipe is the function of docs/recipes.md', () => {
  expect(readText('docs/recipes.md')).toContain(readText('test/support/close-on-distrust.ts'))
})
