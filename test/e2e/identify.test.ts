import { setTimeout as sleep } from 'node:timers/promises'
import { clientUserOf } from '@countersign/origin-plugin'
import type { ClientUser } from 'fastify'
import { beforeEach, describe, expect, it } from 'vitest'
import { useChain } from '../support/use-chain.ts'

describe('identify', () => {
  let asked = 0
  let answer: (signal: AbortSignal) => unknown
  beforeEach(() => {
    asked = 0
  })

  const chain = useChain({
    plugin: () => ({
      identify: {
        user: async (clientCert, access, signal) => {
          asked += 1
          const user = { name: clientCert.subject.CN, access: access?.kind, ...(await (answer(signal) as object)) }
          return user as ClientUser
        },
        maxAge: 1,
        timeout: 300,
      },
    }),
    routes: (app) => app.get('/me', (request) => clientUserOf(request)),
  })

  const ask = async (client = chain.edge.clients.alice) => {
    const { status, code, body } = await chain.through('/me', { client })
    return status === 200 ? JSON.parse(body) : `${status} ${code}`
  }

  it('gives each request the user of its client, and is called once for all of them', async () => {
    answer = async () => sleep(50, { from: 'the database' })
    const users = await Promise.all([1, 2, 3, 4].map(() => ask()))
    expect(users).toEqual(Array(4).fill({ name: 'alice', access: 'user', from: 'the database' }))
    expect(asked).toBe(1)
    expect(await ask(chain.edge.clients.bob)).toMatchObject({ name: 'bob' })
    expect(asked).toBe(2)
  })

  it('is called again after maxAge', async () => {
    answer = async () => ({ time: asked })
    const client = await chain.edge.issueClient({ subject: 'CN=again' })
    expect(await ask(client)).toMatchObject({ time: 1 })
    expect(await ask(client)).toMatchObject({ time: 1 })
    await sleep(1_050)
    expect(await ask(client)).toMatchObject({ time: 2 })
  })

  it('does not hang requests, and is asked to stop', async () => {
    const client = await chain.edge.issueClient({ subject: 'CN=hanging' })
    let stopped = false
    answer = (signal) => {
      signal.addEventListener('abort', () => {
        stopped = true
      })
      return new Promise(() => {})
    }
    expect(await ask(client)).toBe('503 CSN_IDENTIFY_UNAVAILABLE')
    expect(stopped).toBe(true)
    expect(chain.lastReason()).toMatch(/^identify failed: "no answer within 300 ms" \(.*subject CN=hanging\)$/)
    answer = async () => ({ back: true })
    expect(await ask(client)).toMatchObject({ name: 'hanging', back: true })
  })
})
