import { createPublicKey, createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { selectSigningKeys } from '../../packages/origin-plugin/src/access-token/signing-keys.ts'
import { verifyRs256 } from '../../packages/origin-plugin/src/access-token/verify-jws.ts'
import { importEdgeKeys } from '../../packages/origin-plugin/src/edge-signature/edge-keys.ts'
import { verifyWithHmac } from '../../packages/origin-plugin/src/edge-signature/signature-verifier.ts'
import { expectAgreement, readVectors } from './agreement.ts'

interface WycheproofCase {
  readonly id: number
  readonly about: string
  readonly message: string
  readonly signature: string
  readonly result: 'valid' | 'invalid' | 'acceptable'
}

interface Wycheproof {
  readonly hmac: readonly (WycheproofCase & { readonly key: string })[]
  readonly ed25519: readonly { readonly x: string; readonly tests: readonly WycheproofCase[] }[]
  readonly rsa: readonly { readonly n: string; readonly e: string; readonly tests: readonly WycheproofCase[] }[]
}

const { hmac, ed25519, rsa } = readVectors<Wycheproof>('wycheproof')
const bytes = (base64url: string) => Buffer.from(base64url, 'base64url')
/** The spelling of the edge. */
const base64 = (base64url: string) => bytes(base64url).toString('base64')
const isValid = ({ result }: WycheproofCase) => result === 'valid'

describe('HMAC-SHA256, in the tests of Wycheproof', () => {
  it('decides as the tests do, except for truncated codes', async () => {
    const truncated = hmac.filter((test) => isValid(test) && bytes(test.signature).length < 32)
    expect([hmac.length, truncated.length]).toEqual([174, 33])
    await expectAgreement(
      hmac,
      ({ key, message, signature }) => {
        const text = bytes(message).toString('latin1')
        return verifyWithHmac(createSecretKey(bytes(key)))(text.slice(0, 3), text.slice(3), base64(signature))
      },
      isValid,
      Object.fromEntries(
        truncated.map(({ id }) => [id, 'the code is cut to 128 bits; a signature of the edge has all 256']),
      ),
    )
  })
})

describe('Ed25519, in the tests of Wycheproof', () => {
  it('decides as the tests do', async () => {
    const tests = ed25519.flatMap(({ x, tests }) => tests.map((test) => ({ ...test, x })))
    expect([tests.length, tests.filter(isValid).length]).toEqual([145, 84])
    await expectAgreement(
      tests,
      ({ x, message, signature }) => {
        const keys = importEdgeKeys({ kty: 'OKP', crv: 'Ed25519', kid: 'a', x })
        const text = bytes(message).toString('latin1')
        return keys.get('a')?.verify(text.slice(0, 3), text.slice(3), base64(signature))
      },
      isValid,
    )
  })
})

describe('RS256, in the tests of Wycheproof', () => {
  it('decides as the tests do', async () => {
    const tests = rsa.flatMap(({ n, e, tests }) => tests.map((test) => ({ ...test, n, e })))
    expect([tests.length, tests.filter(isValid).length]).toEqual([240, 7])
    await expectAgreement(
      tests,
      ({ n, e, message, signature }) => {
        const { keys } = selectSigningKeys([{ kty: 'RSA', kid: 'a', n, e }])
        return keys.some((key) =>
          verifyRs256(bytes(message), createPublicKey({ key, format: 'jwk' }), bytes(signature)),
        )
      },
      // Wycheproof leaves the encoding without NULL, and keys with the exponent 3, to the implementation. We refuse both.
      isValid,
    )
  })
})
