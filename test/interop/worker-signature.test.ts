import { createPublicKey } from 'node:crypto'
import { ed25519Key, hmacKey } from '@countersign/test-support/edge-key-pair'
import type { RecordedRequest } from '@countersign/test-support/recording-origin'
import { createVerifier, httpbis, type VerifyingKey } from 'http-message-signatures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VERIFIED } from '../../packages/worker/test/support/cloudflare-values.ts'
import { type Edge, startEdge } from '../../packages/worker/test/support/edge.ts'

const { jwk: hmacJwk } = hmacKey()
const { privateJwk: ed25519Jwk, jwk: ed25519PublicJwk } = ed25519Key()

const keys: Record<string, VerifyingKey> = {
  'hmac-1': {
    id: 'hmac-1',
    algs: ['hmac-sha256'],
    verify: createVerifier(Buffer.from(String(hmacJwk.k), 'base64url'), 'hmac-sha256'),
  },
  'ed-1': {
    id: 'ed-1',
    algs: ['ed25519'],
    verify: createVerifier(createPublicKey({ key: { ...ed25519PublicJwk }, format: 'jwk' }), 'ed25519'),
  },
}

describe("the Worker's signature, read by an independent RFC 9421 implementation", () => {
  let edge: Edge
  beforeAll(async () => {
    edge = await startEdge({
      hmac: { bindings: { COUNTERSIGN_KEY: JSON.stringify(hmacJwk), COUNTERSIGN_FORWARD_CERT: 'chain' } },
      ed25519: { bindings: { COUNTERSIGN_KEY: JSON.stringify(ed25519Jwk) } },
    })
  })
  afterAll(() => edge[Symbol.asyncDispose]())

  const send = (worker: string) =>
    edge.forward({
      worker,
      method: 'POST',
      target: '/a%2Fb//c?d=%20e&f',
      headers: [
        ['Cf-Access-Jwt-Assertion', 'ey.J.x'],
        ['Signature-Input', 'sig1=("@method");created=1'],
      ],
      cf: { tlsClientAuth: { ...VERIFIED, certSubjectDN: 'CN=Zoë' } },
      body: Buffer.from('hello'),
    })

  it.each(['hmac', 'ed25519'])('verifies: %s', async (worker) => {
    expect(await verify(await send(worker))).toBe(true)
  })

  it.each(['hmac', 'ed25519'])('fails after a change of any covered component: %s', async (worker) => {
    const request = await send(worker)
    const covered = [...(/\(([^)]*)\)/.exec(request.header('signature-input') ?? '')?.[1] ?? '').matchAll(/"([^"]+)"/g)]
    expect(covered.length).toBeGreaterThan(20)
    for (const [, component = ''] of covered) {
      expect(await verify(request, component), component).toBe(false)
    }
  })
})

/** Verifies with the library alone. `changed` names a component that gets another value first. */
async function verify({ method, url, rawHeaders }: RecordedRequest, changed = ''): Promise<boolean | null> {
  const headers: Record<string, string> = {}
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers[rawHeaders[at]?.toLowerCase() ?? ''] = rawHeaders[at + 1] ?? ''
  // The library verifies every signature, so the test removes the one under the other label.
  headers['signature-input'] = headers['signature-input']?.split(', sig1=')[0] ?? ''

  const [path = '', query = ''] = url.split('?')
  const target = `${path}${changed === '@path' ? 'x' : ''}?${query}${changed === '@query' ? 'x' : ''}`
  const authority = `${headers['host']}${changed === '@authority' ? ':8443' : ''}`
  if (changed in headers) headers[changed] += 'x'

  return httpbis.verifyMessage(
    {
      keyLookup: async ({ keyid }) => keys[keyid ?? ''] ?? null,
      all: true,
      requiredParams: ['created', 'expires', 'nonce', 'keyid', 'alg', 'tag'],
    },
    { method: changed === '@method' ? 'PUT' : method, url: `https://${authority}${target}`, headers },
  )
}
