import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { selectSigningKeys } from './signing-keys.ts'

function newKey(): Record<string, unknown> {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { ...publicKey.export({ format: 'jwk' }), kty: 'RSA', kid: 'a', alg: 'RS256', use: 'sig' }
}

const KEY = newKey()
const OTHER = newKey()

/** An integer of this many bits, and its lowest bits. */
const uint = (bits: number, low: bigint | number = 1) =>
  Buffer.from(
    ((1n << BigInt(bits - 1)) | BigInt(low)).toString(16).padStart(Math.ceil(bits / 8) * 2, '0'),
    'hex',
  ).toString('base64url')

const faultOf = (changes: Record<string, unknown>) => selectSigningKeys([{ ...KEY, ...changes }])

describe('selectSigningKeys', () => {
  it('selects RSA keys, with and without a purpose', () => {
    const { alg: _alg, use: _use, ...plain } = KEY
    for (const key of [KEY, plain, { ...plain, key_ops: ['verify'] }, { ...KEY, kid: undefined }]) {
      expect(selectSigningKeys([key])).toEqual({ keys: [key], faults: [] })
    }
  })

  it('leaves out keys for other purposes without a word', () => {
    const others = [
      { ...KEY, kty: 'EC' },
      { ...KEY, alg: 'RS512' },
      { ...KEY, use: 'enc' },
      { ...KEY, key_ops: ['encrypt'] },
      { ...KEY, key_ops: 'verify' },
      { kty: 'oct', k: 'AAAA' },
      null,
      undefined,
      1,
      'key',
      [],
    ]
    expect(selectSigningKeys(others)).toEqual({ keys: [], faults: [] })
    expect(selectSigningKeys([])).toEqual({ keys: [], faults: [] })
  })

  it('takes a key that is listed twice for one, also in another spelling', () => {
    const padded = Buffer.concat([Buffer.alloc(1), Buffer.from(KEY['n'] as string, 'base64url')]).toString('base64url')
    const spellings = [{ ...KEY, alg: undefined }, { ...KEY, n: padded }, { ...KEY, e: 'AAEAAQ' }, KEY]
    expect(selectSigningKeys([KEY, ...spellings])).toEqual({ keys: [KEY], faults: [] })
  })

  it('keeps different keys of one kid, and one key under two', () => {
    expect(selectSigningKeys([KEY, OTHER]).keys).toEqual([KEY, OTHER])
    expect(selectSigningKeys([KEY, { ...KEY, kid: 'b' }]).keys).toHaveLength(2)
    expect(selectSigningKeys([KEY, { ...KEY, e: uint(17, 3) }]).keys).toHaveLength(2)
  })

  it.each([
    ['1', 'AQ', 1],
    ['0', 'AA', 0],
    ['3', 'Aw', 2],
    ['65535', uint(16, 0x7fff), 16],
    ['65538', uint(17, 2), 17],
    ['2^64 + 1', uint(65), 65],
    ['nothing', undefined, 0],
    ['a number', 65537, 0],
    ['no base64url', 'AQ=B', 0],
  ])('refuses a key with the exponent %s', (_value, e, bits) => {
    expect(faultOf({ e })).toEqual({
      keys: [],
      faults: [
        `the key "a" has an exponent of ${bits} bits that is not an odd number from 65537 to 2^64; anybody might sign for it`,
      ],
    })
  })

  it.each([uint(17), uint(17, 3), uint(64)])('takes the exponent %s', (e) => {
    expect(faultOf({ e }).faults).toEqual([])
  })

  it.each([
    [2047, uint(2047)],
    [16_385, uint(16_385)],
    [0, ''],
    [0, undefined],
    [0, 'AA'],
  ])('refuses a key with a modulus of %i bits', (bits, n) => {
    expect(faultOf({ n })).toEqual({
      keys: [],
      faults: [`the key "a" has a modulus of ${bits} bits; RS256 requires 2048 to 16384`],
    })
  })

  it.each([uint(2048), uint(16_384)])('takes a modulus of the least and of the greatest length', (n) => {
    expect(faultOf({ n }).faults).toEqual([])
  })

  it('refuses a private key, and keeps the others', () => {
    expect(selectSigningKeys([{ ...KEY, d: 'AQAB' }, OTHER])).toEqual({
      keys: [OTHER],
      faults: ['the key "a" is private, and whoever reads it can sign tokens; list its public half'],
    })
  })
})
