import { randomBytes } from 'node:crypto'
import countersign from '@countersign/origin-plugin'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'

const options = {
  edge: { keys: { kty: 'oct', kid: 'k', k: randomBytes(32).toString('base64url') }, hosts: null },
  access: null,
  trustedIssuers: null,
}
const message = /^GET \/early was registered before countersign and would not be protected; write `await app.register/

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

  it('stops the start when a route was declared before in the same inner scope', async () => {
    const late = start(async (app) => {
      await app.register(async (scope) => {
        scope.get('/early', () => 'open')
        await scope.register(countersign, options)
        scope.get('/late', () => 'open')
      })
    })
    await expect(late).rejects.toThrow(message)
  })

  it('leaves no server behind that inject() could ask', async () => {
    const app = Fastify()
    await app.register(async (scope) => {
      scope.get('/early', () => 'open')
      await scope.register(countersign, options)
    })
    await expect(app.ready()).rejects.toThrow(message)
    await expect(app.inject('/early')).rejects.toThrow('closed')
  })

  it('guards earlier routes that a rule covers', async () => {
    const app = Fastify()
    app.get('/early', () => 'open')
    app.get('/healthz', () => 'open')
    await app.register(async (scope) => void scope.get('/', () => 'open'), { prefix: '/docs' })
    await app.register(countersign, {
      ...options,
      routes: [
        { url: '/early', clientCert: true },
        { url: '/healthz', clientCert: false },
        { url: '/docs/*', clientCert: true },
      ],
    })
    const statuses: number[] = []
    for (const path of ['/early', '/docs', '/docs/', '/healthz']) statuses.push((await app.inject(path)).statusCode)
    expect(statuses).toEqual([401, 401, 401, 200])
    await app.close()
  })
})
