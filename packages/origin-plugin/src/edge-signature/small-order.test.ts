import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { hasSmallOrder } from './small-order.ts'

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))

const P = 2n ** 255n - 19n
const mod = (value: bigint) => ((value % P) + P) % P
const divide = (dividend: bigint, divisor: bigint): bigint => mod(dividend * power(mod(divisor), P - 2n))
const D = divide(-121665n, 121666n)

function power(base: bigint, exponent: bigint): bigint {
  if (exponent === 0n) return 1n
  const half = power(mod(base * base), exponent / 2n)
  return exponent % 2n === 1n ? mod(base * half) : half
}

/** The y-coordinate of eight times a point, by the formulas of RFC 8032, section 5.1.4, over x² and y. */
function timesEight(littleEndian: string): bigint {
  let y = mod(BigInt(`0x${Buffer.from(littleEndian, 'hex').reverse().toString('hex')}`))
  let xx = divide(y * y - 1n, D * y * y + 1n)
  for (let time = 0; time < 3; time += 1) {
    const yy = mod(y * y)
    const product = mod(D * xx * yy)
    y = divide(yy + xx, 1n - product)
    const below = 1n + product
    xx = divide(4n * xx * yy, below * below)
  }
  return y
}

describe('hasSmallOrder', () => {
  const ff = 'ff'.repeat(30)
  const small = [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    `ec${ff}7f`,
    `ed${ff}7f`,
    `ee${ff}7f`,
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ]

  it.each(small)('recognises %s, with either sign', (hex) => {
    const key = bytes(hex)
    expect(hasSmallOrder(key)).toBe(true)
    key[31] = (key[31] as number) | 0x80
    expect(hasSmallOrder(key)).toBe(true)
  })

  it('recognises points that three doublings turn into the identity', () => {
    for (const hex of small) expect(timesEight(hex), hex).toBe(1n)
    expect(timesEight(`09${'00'.repeat(31)}`)).not.toBe(1n)
  })

  it('accepts the key of a pair', () => {
    for (let time = 0; time < 20; time += 1) {
      const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
      expect(hasSmallOrder(Buffer.from(x, 'base64url'))).toBe(false)
    }
  })
})
