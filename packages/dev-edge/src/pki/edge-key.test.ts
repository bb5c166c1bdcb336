import { checkSigningKey } from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import { createEdgeKey, toVerificationKey } from './edge-key.ts'

const SEED = 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A'
const PUBLIC = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'

describe('createEdgeKey', () => {
  it('makes a key that the Worker accepts, and a new one every time', () => {
    expect(checkSigningKey(createEdgeKey(), 'sign').alg).toBe('hmac-sha256')
    expect(createEdgeKey().k).not.toBe(createEdgeKey().k)
  })
})

describe('toVerificationKey', () => {
  it('gives the origin the secret of an HMAC key', () => {
    const key = createEdgeKey()
    expect(toVerificationKey({ ...key, key_ops: ['sign'] })).toEqual(key)
  })

  it('gives the origin the public half of an Ed25519 key', () => {
    const key = { kty: 'OKP', crv: 'Ed25519', kid: 'a', x: PUBLIC, d: SEED }
    expect(toVerificationKey(key)).toEqual({ kty: 'OKP', crv: 'Ed25519', kid: 'a', x: PUBLIC })
  })

  it('refuses a key that cannot sign', () => {
    expect(() => toVerificationKey({ kty: 'OKP', crv: 'Ed25519', kid: 'a', x: PUBLIC })).toThrow(
      /give the Worker the private key/,
    )
  })
})
