import { hmacKey } from '@countersign/test-support/edge-key-pair'
import type { RecordedRequest } from '@countersign/test-support/recording-origin'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CF_OF_FETCH, type Edge, startEdge } from '../test/support/edge.ts'
import { verifyByHand } from '../test/support/verify-by-hand.ts'

const { jwk } = hmacKey()
const bindings = { COUNTERSIGN_KEY: JSON.stringify(jwk) }

const OWN_WORKER = `
import { countersign } from '@countersign/worker'

export default {
  async fetch(request: Request, env: Record<string, string>) {
    const signed = await countersign(request, { key: env.COUNTERSIGN_KEY })
    if (new URL(request.url).pathname === '/plain') return fetch(signed.url, { headers: signed.headers })
    return fetch(signed)
  },
}`

describe("the zone's cache", () => {
  let edge: Edge
  beforeAll(async () => {
    edge = await startEdge({
      worker: { bindings },
      own: { bindings, source: OWN_WORKER },
      old: { bindings, compatibilityDate: '2024-11-10' },
      oldest: { bindings, compatibilityDate: '2024-11-11' },
    })
  }, 30_000)
  afterAll(() => edge[Symbol.asyncDispose]())

  const cacheLevel = (request: RecordedRequest) => JSON.parse(request.header(CF_OF_FETCH) ?? '{}').cacheLevel

  describe.each(['worker', 'own'])('behind the Worker %s', (worker) => {
    it.each(['GET', 'HEAD', 'POST', 'OPTIONS'])('does not see a request: %s', async (method) => {
      for (const body of [undefined, Buffer.from('hello')]) {
        const request = await edge.forward({ worker, method, target: '/report.csv', ...(body && { body }) })
        expect(cacheLevel(request)).toBe('bypass')
        expect(request.method).toBe(method)
        expect(verifyByHand(request, jwk).valid).toBe(true)
      }
    })
  })

  it('sees a request that a Worker makes of the signed one without its cache mode', async () => {
    expect(cacheLevel(await edge.forward({ worker: 'own', target: '/plain' }))).toBeUndefined()
  })

  it.each<[string, [string, string][], cacheControl: string, pragma: string]>([
    ['without wishes of the client, so that conditional requests work', [], 'max-age=0', 'no-cache'],
    ['with its Cache-Control', [['Cache-Control', 'only-if-cached']], 'only-if-cached', 'no-cache'],
    ['with its Pragma', [['Pragma', 'no-cache']], 'no-cache', 'no-cache'],
    [
      'with both',
      [
        ['Cache-Control', 'no-transform'],
        ['Pragma', 'x'],
      ],
      'no-transform',
      'x',
    ],
  ])('leaves a request %s', async (_, headers, cacheControl, pragma) => {
    const request = await edge.forward({ headers })
    expect([request.header('cache-control'), request.header('pragma')]).toEqual([cacheControl, pragma])
  })

  it('cannot be avoided before 2024-11-11, so the Worker forwards nothing and tells the remedy', async () => {
    const { response, received, lines } = await edge.send({ worker: 'old' })
    expect(response.json()).toMatchObject({ statusCode: 500, code: 'CSN_WORKER_DATE_TOO_OLD' })
    expect(received).toBeUndefined()
    const [line = ''] = await lines()
    expect(JSON.parse(line)).toMatchObject({
      level: 'error',
      code: 'CSN_WORKER_DATE_TOO_OLD',
      reason: expect.stringContaining('set it to 2024-11-11 or later'),
    })
    expect(cacheLevel(await edge.forward({ worker: 'oldest' }))).toBe('bypass')
  })
})
