import { createPrivateKey, randomBytes } from 'node:crypto'
import { carriedFields, headerLines, type WireRequest, withLines } from '@countersign/test-support/wire-request'
import type { SigningJwk } from '@countersign/wire'
import { DERIVED_COMPONENTS } from '@countersign/wire'
import { createSigner, httpbis, type SigningKey } from 'http-message-signatures'
import { beforeAll, describe, expect, it } from 'vitest'
import { useChain } from '../support/use-chain.ts'

const hmac: SigningJwk = { kty: 'oct', kid: 'mac', k: randomBytes(32).toString('base64url') }
const ed25519: SigningJwk = {
  kty: 'OKP',
  crv: 'Ed25519',
  kid: 'ed',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
}
const { d: _private, ...ed25519Public } = ed25519

const signers: Record<string, SigningKey> = {
  'hmac-sha256': createSigner(Buffer.from(hmac.k as string, 'base64url'), 'hmac-sha256', 'mac'),
  ed25519: createSigner(createPrivateKey({ format: 'jwk', key: ed25519 as never }), 'ed25519', 'ed'),
}

describe('a signature by an independent RFC 9421 implementation over the same profile', () => {
  const chain = useChain({
    edge: { key: hmac },
    plugin: ({ hosts }) => ({ edge: { keys: [hmac, ed25519Public], hosts } }),
  })
  let request: WireRequest
  beforeAll(async () => {
    const captured = await chain.capture('/me?a=1', { client: chain.edge.clients.alice })
    request = withLines(
      captured,
      headerLines(captured).filter(([name]) => !/^signature/i.test(name)),
    )
  })

  async function signed(alg: string, fields: readonly string[]): Promise<WireRequest> {
    const headers = Object.fromEntries(headerLines(request).map(([name, value]) => [name.toLowerCase(), value]))
    const message = { method: request.method, url: `https://${headers.host}${request.target}`, headers }
    const { headers: after } = await httpbis.signMessage(
      {
        key: signers[alg] as SigningKey,
        name: 'countersign',
        fields: [...fields, ...DERIVED_COMPONENTS],
        params: ['created', 'expires', 'nonce', 'keyid', 'alg', 'tag'],
        paramValues: {
          created: new Date(),
          expires: new Date(Date.now() + 60_000),
          nonce: randomBytes(16).toString('base64url'),
          tag: 'countersign',
        },
      },
      message,
    )
    const added = Object.entries(after).filter(([name]) => /^signature/i.test(name)) as [string, string][]
    return withLines(request, [...headerLines(request), ...added])
  }

  it.each(Object.keys(signers))('is accepted: %s', async (alg) => {
    expect(await chain.around(await signed(alg, carriedFields(request)))).toMatchObject({ status: 200 })
  })

  it.each(Object.keys(signers))('is refused when a header is not covered: %s', async (alg) => {
    const fields = carriedFields(request).filter((name) => name !== 'x-cert-serial')
    expect(await chain.around(await signed(alg, fields))).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_INVALID' })
  })

  it.each(Object.keys(signers))('is refused on another path: %s', async (alg) => {
    const moved = { ...(await signed(alg, carriedFields(request))), target: '/alice' }
    expect(await chain.around(moved)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_INVALID' })
  })
})
