import { type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import { beforeAll, expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const options: ChainOptions = {
  fastify: {
    trustProxy: true,
    rewriteUrl: ({ url = '', headers }) => String(headers['x-rewrite-to'] ?? url),
  },
}

describeThreat('a substitute for the signed target', options, (chain) => {
  let captured: WireRequest
  beforeAll(async () => {
    captured = await chain.capture('/me', { client: chain.edge.clients.alice })
  })

  const refused = { status: 401, code: 'CSN_SIGNATURE_INVALID' }

  it('is refused: X-Forwarded-Host for another Host', async () => {
    const host = captured.headers[captured.headers.findIndex((name) => name.toLowerCase() === 'host') + 1] ?? ''
    const moved = withHeader(withHeader(captured, 'host', 'other.example'), 'x-forwarded-host', host)
    expect(await chain.around(moved)).toMatchObject(refused)
  })

  it('is refused: a rewritten URL for another path', async () => {
    const moved = { ...withHeader(captured, 'x-rewrite-to', '/me'), target: '/alice' }
    expect(await chain.around(moved)).toMatchObject(refused)
  })

  it('is refused: an absolute request target', async () => {
    const moved = { ...captured, target: 'http://localhost/me' }
    const answer = await chain.around(moved)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.code).not.toBeUndefined()
  })

  it('is refused: an asterisk for a path', async () => {
    expect((await chain.around({ ...captured, method: 'OPTIONS', target: '*' })).status).toBeGreaterThanOrEqual(400)
  })

  it('is refused: a method by header', async () => {
    const moved = withHeader({ ...captured, method: 'POST' }, 'x-http-method-override', 'GET')
    expect(await chain.around(moved)).toMatchObject(refused)
  })

  it('is accepted when the origin itself rewrites the URL of the unchanged request', async () => {
    expect(await chain.around(withHeader(captured, 'x-rewrite-to', '/alice'))).toMatchObject({
      status: 200,
      body: 'for alice alone',
    })
  })
})
