import { randomBytes } from 'node:crypto'
import countersign from '@countersign/origin-plugin'
import { freePort } from '@countersign/test-support/local-server'
import { sendRaw } from '@countersign/test-support/raw-http'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

describe('a route declared next to the register call', () => {
  const app = Fastify()
  let port: number

  beforeAll(async () => {
    port = await freePort()
    await app.register(countersign, {
      edge: { keys: { kty: 'oct', kid: 'k', k: randomBytes(32).toString('base64url') }, hosts: null },
      access: null,
      trustedIssuers: null,
    })
    app.get('/sibling', () => 'open')
    app.register(async (child) => {
      child.get('/child', () => 'open')
      child.register(async (grandchild) => {
        grandchild.get('/grandchild', () => 'open')
      })
    })
    await app.listen({ host: '127.0.0.1', port })
  })
  afterAll(() => app.close())

  const get = (method: string, path: string) =>
    sendRaw(port, `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)

  it.each(['/sibling', '/child', '/grandchild'])('is protected: %s', async (path) => {
    expect(await get('GET', path)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_MISSING' })
  })

  it('is protected for HEAD too', async () => {
    expect(await get('HEAD', '/sibling')).toMatchObject({ status: 401 })
  })
})
