import { createHmac, createSecretKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { beginEd25519, beginHmac } from './begin-base.ts'

const BASE = '"cf-access-jwt-assertion": a.b.c\n"x-cert-verify": SUCCESS\n'.repeat(40)
const other = (signature: Buffer, at: number) => Buffer.from(signature.with(at, (signature[at] as number) ^ 1))

describe('beginHmac', () => {
  it.each([32, 33, 63, 64, 65, 100, 128, 200])(
    'agrees with createHmac for a key of %i bytes, wherever the base is cut',
    (bytes) => {
      const key = createSecretKey(randomBytes(bytes))
      const signature = createHmac('sha256', key).update(BASE, 'latin1').digest()
      for (let at = 0; at <= BASE.length; at += at < 200 ? 1 : 97) {
        const begun = beginHmac(key)(BASE.slice(0, at))
        expect(begun.verify(BASE.slice(at), signature), `cut at ${at}`).toBe(true)
        expect(begun.verify(`${BASE.slice(at)} `, signature), `cut at ${at}`).toBe(false)
      }
    },
  )

  it('takes characters for bytes', () => {
    const key = createSecretKey(randomBytes(32))
    const all = String.fromCharCode(...Array(256).keys())
    const signature = createHmac('sha256', key)
      .update(Buffer.from([...Array(256).keys()]))
      .digest()
    expect(beginHmac(key)(all.slice(0, 200)).verify(all.slice(200), signature)).toBe(true)
  })

  it('is not changed by what was verified before, nor by another that was begun with the same key', () => {
    const begin = beginHmac(createSecretKey(randomBytes(32)))
    const key = createSecretKey(randomBytes(32))
    const signatureOf = (text: string) => createHmac('sha256', key).update(text).digest()
    const mine = beginHmac(key)
    const [one, two] = [mine('one '), mine('two ')]
    begin('one ').verify('a', signatureOf('one a'))
    for (let round = 0; round < 3; round += 1) {
      expect(one.verify('a', signatureOf('one a'))).toBe(true)
      expect(two.verify('a', signatureOf('one a'))).toBe(false)
      expect(one.verify('b', signatureOf('one a'))).toBe(false)
      expect(two.verify('b', signatureOf('two b'))).toBe(true)
      expect(begin('one ').verify('a', signatureOf('one a'))).toBe(false)
    }
  })

  it('refuses a signature that differs in any byte, or in its length', () => {
    const key = createSecretKey(randomBytes(32))
    const signature = createHmac('sha256', key).update('base').digest()
    const begun = beginHmac(key)('ba')
    for (let at = 0; at < 32; at += 1) expect(begun.verify('se', other(signature, at)), `byte ${at}`).toBe(false)
    expect(begun.verify('se', signature.subarray(1))).toBe(false)
    expect(begun.verify('se', Buffer.concat([signature, signature]))).toBe(false)
    expect(begun.verify('se', Buffer.alloc(0))).toBe(false)
  })
})

describe('beginEd25519', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const signature = sign(null, Buffer.from(BASE), privateKey)

  it('verifies, wherever the base is cut', () => {
    for (const at of [0, 1, 100, BASE.length]) {
      expect(beginEd25519(publicKey)(BASE.slice(0, at)).verify(BASE.slice(at), signature)).toBe(true)
      expect(beginEd25519(publicKey)(BASE.slice(0, at)).verify(`${BASE.slice(at)} `, signature)).toBe(false)
    }
  })

  it('refuses a signature that differs in any byte, or in its length', () => {
    const begun = beginEd25519(publicKey)(BASE)
    for (let at = 0; at < 64; at += 1) expect(begun.verify('', other(signature, at)), `byte ${at}`).toBe(false)
    expect(begun.verify('', signature.subarray(1))).toBe(false)
    expect(begun.verify('', Buffer.alloc(0))).toBe(false)
  })
})
