import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto'
import { signAsWorker } from '@countersign/test-support/sign-as-worker'
import type { WireRequest } from '@countersign/test-support/wire-request'
import type { SigningJwk } from '@countersign/wire'
import { beforeAll, expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const pair = generateKeyPairSync('ed25519')
const ed25519: SigningJwk = { ...(pair.privateKey.export({ format: 'jwk' }) as SigningJwk), kid: 'ed' }
const { d: _private, ...ed25519Public } = ed25519
const hmac: SigningJwk = { kty: 'oct', kid: 'mac', k: randomBytes(32).toString('base64url') }
const refused = { status: 401, code: 'CSN_SIGNATURE_INVALID' }

const options: ChainOptions = {
  edge: { key: ed25519 },
  plugin: ({ hosts }) => ({ edge: { keys: [ed25519Public, hmac], hosts } }),
}

describeThreat('a key that is used for another algorithm', options, (chain) => {
  let request: WireRequest
  beforeAll(async () => {
    request = await chain.capture('/me', { client: chain.edge.clients.alice })
  })

  const hmacWith = (secret: Buffer) => (_: Buffer, base: string) =>
    createHmac('sha256', secret).update(base, 'latin1').digest()
  const publicBytes = [
    Buffer.from(ed25519.x as string, 'base64url'),
    pair.publicKey.export({ format: 'der', type: 'spki' }),
    Buffer.from(pair.publicKey.export({ format: 'pem', type: 'spki' })),
    Buffer.from(ed25519.x as string),
  ]

  it('is accepted with its own algorithm, for both keys', async () => {
    expect(await chain.around(request)).toMatchObject({ status: 200 })
    expect(await chain.around(signAsWorker(request, ed25519))).toMatchObject({ status: 200 })
    expect(await chain.around(signAsWorker(request, hmac))).toMatchObject({ status: 200 })
  })

  it('does not verify an HMAC with the public key as the secret, in any encoding', async () => {
    for (const secret of publicBytes) {
      for (const alg of ['hmac-sha256', 'ed25519'] as const) {
        const forged = signAsWorker(request, ed25519, { alg, signature: hmacWith(secret) })
        expect(await chain.around(forged)).toMatchObject(refused)
      }
    }
  })

  it('does not verify under the name of the other algorithm', async () => {
    expect(await chain.around(signAsWorker(request, ed25519, { alg: 'hmac-sha256' }))).toMatchObject(refused)
    expect(await chain.around(signAsWorker(request, hmac, { alg: 'ed25519' }))).toMatchObject(refused)
  })

  it('does not verify under the id of the other key', async () => {
    expect(await chain.around(signAsWorker(request, ed25519, { keyid: 'mac' }))).toMatchObject(refused)
    expect(await chain.around(signAsWorker(request, hmac, { keyid: 'ed' }))).toMatchObject(refused)
  })

  it.each(['unknown', 'constructor', '__proto__', 'toString'])('is refused under the id %s', async (keyid) => {
    expect(await chain.around(signAsWorker(request, hmac, { keyid }))).toMatchObject(refused)
    expect(chain.lastReason()).toMatch(new RegExp(`^the keyid "${keyid}" is not one of edge.keys: `))
  })
})
