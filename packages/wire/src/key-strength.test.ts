import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isGuessable } from './key-strength.ts'

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))

describe('isGuessable', () => {
  it.each<[string, Uint8Array]>([
    ['zeros', Buffer.alloc(32)],
    ['one byte', Buffer.alloc(48, 0xa5)],
    ['seven values', Uint8Array.from({ length: 32 }, (_, at) => [9, 4, 77, 200, 31, 8, 250][(at * at) % 7] as number)],
    ['a word', Buffer.from('password'.repeat(4))],
    ['a count up', Uint8Array.from({ length: 32 }, (_, at) => at)],
    ['a count down past zero', Uint8Array.from({ length: 64 }, (_, at) => 20 - 3 * at)],
    ['the alphabet', Buffer.from('abcdefghijklmnopqrstuvwxyz0123456789')],
    ['a repeated piece of 16 bytes', Buffer.concat(Array(2).fill(randomBytes(16)))],
    ['a repeated piece that is cut', Buffer.concat(Array(3).fill(randomBytes(31))).subarray(0, 80)],
  ])('recognises %s', (_what, secret) => {
    expect(isGuessable(secret)).toBe(true)
  })

  it.each<[string, () => Uint8Array]>([
    ['32 random bytes', () => randomBytes(32)],
    ['512 random bytes', () => randomBytes(512)],
    ['random hexadecimal digits', () => Buffer.from(randomBytes(32).toString('hex'))],
    ['32 random bytes twice', () => Buffer.concat(Array(2).fill(randomBytes(32)))],
    ['eight values in no order', () => bytes('0102030405060708030108050207040606020801070304050408010603050702')],
    [
      'a piece of half the length, but for a byte',
      () => {
        const piece = randomBytes(16)
        return Buffer.concat([piece, piece, Buffer.of(~(piece[0] as number))])
      },
    ],
  ])('accepts %s', (_what, make) => {
    for (let time = 0; time < 50; time += 1) expect(isGuessable(make())).toBe(false)
  })
})
