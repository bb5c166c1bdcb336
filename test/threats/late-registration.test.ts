import { randomBytes } from 'node:crypto'
import countersign from '@countersign/origin-plugin'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'

const options = {
  edge: { keys: { kty: 'oct', kid: 'k', k: randomBytes(32).toString('base64url') } },
  access: null,
  trustedIssuers: null,
}
const message = /were registered before countersign and would not be protected; write `await app.register/

async function start(declare: (app: FastifyInstance) => void | Promise<void>): Promise<void> {
  const app = Fastify()
  await declare(app)
  await app.ready()
}

describe('registering countersign too late', () => {
  it('stops the start when a route was declared before', async () => {
    const late = start(async (app) => {
      app.get('/early', () => 'open')
      await app.register(countersign, options)
    })
    await expect(late).rejects.toThrow(message)
  })

  it('stops the start when the registration was not awaited', async () => {
    const late = start((app) => {
      app.register(countersign, options)
      app.get('/early', () => 'open')
    })
    await expect(late).rejects.toThrow(message)
  })

  it('stops the start when a plugin with routes was registered before', async () => {
    const late = start(async (app) => {
      await app.register(async (child) => {
        child.get('/early', () => 'open')
      })
      await app.register(countersign, options)
    })
    await expect(late).rejects.toThrow(message)
  })

  it('answers 500 for a route that was declared before in the same inner scope', async () => {
    const app = Fastify()
    await app.register(async (scope) => {
      scope.get('/early', () => 'open')
      await scope.register(countersign, options)
      scope.get('/late', () => 'open')
    })
    expect((await app.inject('/early')).statusCode).toBe(500)
    expect((await app.inject('/late')).statusCode).toBe(401)
    await app.close()
  })
})
