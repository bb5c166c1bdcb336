import { createHmac, createSecretKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { verifyWithEd25519, verifyWithHmac } from './signature-verifier.ts'

const BASE = '"cf-access-jwt-assertion": a.b.c\n"x-cert-verify": SUCCESS\n'.repeat(40)
const text = (signature: Uint8Array) => Buffer.from(signature).toString('base64')
const other = (signature: Buffer, at: number) => text(signature.with(at, (signature[at] as number) ^ 1))

/** Texts that a lenient reader decodes to the same bytes: without padding, with spare bits, in base64url, with a blank. */
function otherSpellings(signature: Buffer): string[] {
  const own = text(signature)
  const digits = own.replace(/=+$/, '')
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const spare = letters[letters.indexOf(digits.at(-1) as string) + 1]
  const padding = own.slice(digits.length)
  const spellings = [digits, `${digits.slice(0, -1)}${spare}${padding}`, `${own}=`, ` ${own}`, `${own}\n`]
  for (const spelling of spellings) expect(Buffer.from(spelling, 'base64')).toEqual(signature)
  return spellings
}

describe('verifyWithHmac', () => {
  it.each([32, 33, 63, 64, 65, 100, 128, 200])(
    'agrees with createHmac for a key of %i bytes, wherever the base is cut',
    (bytes) => {
      const key = createSecretKey(randomBytes(bytes))
      const signature = createHmac('sha256', key).update(BASE, 'latin1').digest('base64')
      const verify = verifyWithHmac(key)
      for (let at = 0; at <= BASE.length; at += at < 200 ? 1 : 97) {
        expect(verify(BASE.slice(0, at), BASE.slice(at), signature), `cut at ${at}`).toBe(true)
        expect(verify(BASE.slice(0, at), `${BASE.slice(at)} `, signature), `cut at ${at}`).toBe(false)
      }
    },
  )

  it('agrees with createHmac for bases of every length, longer ones after shorter ones and before', () => {
    const key = createSecretKey(randomBytes(32))
    const verify = verifyWithHmac(key)
    const long = 'x'.repeat(100_000)
    for (const length of [0, 1, 55, 56, 64, 16_383, 16_384, 16_385, 100_000, 40_000, 3, 90_000]) {
      const base = long.slice(0, length)
      const signature = createHmac('sha256', key).update(base).digest('base64')
      expect(verify(base.slice(0, length / 2), base.slice(length / 2), signature), `${length}`).toBe(true)
      expect(verify(base, 'x', signature), `${length}`).toBe(false)
    }
  })

  it('reads characters as bytes', () => {
    const key = createSecretKey(randomBytes(32))
    const all = String.fromCharCode(...Array(256).keys())
    const signature = createHmac('sha256', key)
      .update(Buffer.from([...Array(256).keys()]))
      .digest('base64')
    expect(verifyWithHmac(key)(all.slice(0, 200), all.slice(200), signature)).toBe(true)
  })

  it('keeps keys apart', () => {
    const keys = [createSecretKey(randomBytes(32)), createSecretKey(randomBytes(32))]
    const [one, two] = keys.map(verifyWithHmac)
    const [ofOne = '', ofTwo = ''] = keys.map((key) => createHmac('sha256', key).update('base').digest('base64'))
    for (let round = 0; round < 3; round += 1) {
      expect(one?.('ba', 'se', ofOne)).toBe(true)
      expect(two?.('ba', 'se', ofOne)).toBe(false)
      expect(two?.('ba', 'se', ofTwo)).toBe(true)
      expect(one?.('ba', 'se', ofTwo)).toBe(false)
    }
  })

  it('refuses a signature that differs in any byte, or in its length', () => {
    const key = createSecretKey(randomBytes(32))
    const signature = createHmac('sha256', key).update('base').digest()
    const verify = verifyWithHmac(key)
    for (let at = 0; at < 32; at += 1) expect(verify('ba', 'se', other(signature, at)), `byte ${at}`).toBe(false)
    for (const bytes of [signature.subarray(1), Buffer.concat([signature, signature]), Buffer.alloc(0)]) {
      expect(verify('ba', 'se', text(bytes))).toBe(false)
    }
  })

  it('accepts one spelling of a signature', () => {
    const key = createSecretKey(randomBytes(32))
    const signature = createHmac('sha256', key).update('base').digest()
    const verify = verifyWithHmac(key)
    expect(verify('ba', 'se', text(signature))).toBe(true)
    for (const spelling of otherSpellings(signature)) expect(verify('ba', 'se', spelling), spelling).toBe(false)
  })
})

describe('verifyWithEd25519', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const bytes = sign(null, Buffer.from(BASE), privateKey)
  const signature = text(bytes)
  const verify = verifyWithEd25519(publicKey)

  it('verifies, wherever the base is cut', () => {
    for (const at of [0, 1, 100, BASE.length]) {
      expect(verify(BASE.slice(0, at), BASE.slice(at), signature)).toBe(true)
      expect(verify(BASE.slice(0, at), `${BASE.slice(at)} `, signature)).toBe(false)
    }
  })

  it('reads characters as bytes', () => {
    const codes = [...Array(256).keys()]
    const all = String.fromCharCode(...codes)
    const ofAll = text(sign(null, Buffer.from(codes), privateKey))
    expect(verify(all.slice(0, 200), all.slice(200), ofAll)).toBe(true)
  })

  it('refuses a signature that differs in any byte, or in its length', () => {
    for (let at = 0; at < 64; at += 1) expect(verify(BASE, '', other(bytes, at)), `byte ${at}`).toBe(false)
    for (const cut of [bytes.subarray(1), Buffer.alloc(0)]) expect(verify(BASE, '', text(cut))).toBe(false)
  })

  it('accepts one spelling of a signature', () => {
    for (const spelling of otherSpellings(bytes)) expect(verify(BASE, '', spelling), spelling).toBe(false)
  })
})
