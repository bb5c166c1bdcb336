import { randomBytes } from 'node:crypto'
import { signAsWorker } from '@countersign/test-support/sign-as-worker'
import { withHeader } from '@countersign/test-support/wire-request'
import { expect, it } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

describeThreat('certificate headers that an attacker sends directly to the origin', (chain) => {
  it('are refused without a signature, even with a valid Access token', async () => {
    // An insider with a browser's cookie can build this request. Only the edge's signature is missing.
    const genuine = await chain.capture('/alice', { client: chain.edge.clients.alice })
    const forged = withHeader(withHeader(genuine, 'signature', undefined), 'signature-input', undefined)
    expect(await chain.around(forged)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_MISSING' })
  })

  it('are refused with half a signature', async () => {
    const genuine = await chain.capture('/alice', { client: chain.edge.clients.alice })
    expect(await chain.around(withHeader(genuine, 'signature', undefined))).toMatchObject({
      status: 401,
      code: 'CSN_SIGNATURE_MISSING',
    })
    expect(await chain.around(withHeader(genuine, 'signature-input', undefined))).toMatchObject({
      status: 401,
      code: 'CSN_SIGNATURE_MISSING',
    })
  })

  it('are refused with a signature by a key of the attacker', async () => {
    const genuine = await chain.capture('/alice', { client: chain.edge.clients.alice })
    const own = { ...chain.key, k: randomBytes(32).toString('base64url') }
    expect(await chain.around(signAsWorker(genuine, own))).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_INVALID' })
  })

  it('are accepted when they are genuine', async () => {
    const genuine = await chain.capture('/alice', { client: chain.edge.clients.alice })
    expect(await chain.around(genuine)).toMatchObject({ status: 200, body: 'for alice alone' })
  })
})
