import { createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { importEdgeKeys } from '../../packages/origin-plugin/src/edge-signature/edge-keys.ts'
import { verifyWithHmac } from '../../packages/origin-plugin/src/edge-signature/signature-verifier.ts'
import { expectAgreement, readVectors } from './agreement.ts'

const hex = (text: string) => Buffer.from(text, 'hex')

/** RFC 4231, section 4. A part of a header may be split anywhere, so the message comes in two halves. */
const HMAC_CASES = [
  {
    id: '4.2',
    key: '0b'.repeat(20),
    message: 'Hi There',
    mac: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  },
  {
    id: '4.3',
    key: Buffer.from('Jefe').toString('hex'),
    message: 'what do ya want for nothing?',
    mac: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  },
  {
    id: '4.4',
    key: 'aa'.repeat(20),
    message: '\xdd'.repeat(50),
    mac: '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
  },
  {
    id: '4.5',
    key: '0102030405060708090a0b0c0d0e0f10111213141516171819',
    message: '\xcd'.repeat(50),
    mac: '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
  },
  {
    id: '4.6',
    key: '0c'.repeat(20),
    message: 'Test With Truncation',
    mac: 'a3b6167473100ee06e0c796c2955552b',
  },
  {
    id: '4.7',
    key: 'aa'.repeat(131),
    message: 'Test Using Larger Than Block-Size Key - Hash Key First',
    mac: '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  },
  {
    id: '4.8',
    key: 'aa'.repeat(131),
    message:
      'This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.',
    mac: '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
  },
]

describe('HMAC-SHA256, in the tests of RFC 4231', () => {
  const verify = (key: string, message: string, mac: Buffer, at = message.length >> 1) =>
    verifyWithHmac(createSecretKey(hex(key)))(message.slice(0, at), message.slice(at), mac.toString('base64'))

  it('decides as the tests do, except for a truncated code', async () => {
    await expectAgreement(
      HMAC_CASES,
      ({ key, message, mac }) => verify(key, message, hex(mac)),
      () => true,
      { '4.6': 'the code is cut to 128 bits; a signature of the edge has all 256' },
    )
  })

  it('refuses each code with one bit changed, cut, or repeated', () => {
    for (const { key, message, mac } of HMAC_CASES) {
      const good = hex(mac)
      for (const [at, byte] of good.entries()) {
        expect(verify(key, message, Buffer.from(good.with(at, byte ^ 0x80)))).toBe(false)
      }
      for (const other of [good.subarray(0, 16), good.subarray(0, 31), Buffer.concat([good, good]), Buffer.alloc(0)]) {
        expect(verify(key, message, other)).toBe(false)
      }
    }
  })
})

/** The order of the base point (RFC 8032, section 5.1). */
const L = 2n ** 252n + 27742317777372353535851937790883648493n

interface Ed25519Case {
  readonly id: number
  readonly publicKey: string
  readonly message: string
  readonly signature: string
}

describe('Ed25519, in the tests of its authors', () => {
  const { tests } = readVectors<{ tests: Ed25519Case[] }>('ed25519')
  const verify = ({ publicKey, message }: Ed25519Case, signature: Uint8Array) => {
    const keys = importEdgeKeys({ kty: 'OKP', crv: 'Ed25519', kid: 'a', x: publicKey })
    const text = Buffer.from(message, 'base64url').toString('latin1')
    return keys.get('a')?.verify(text.slice(0, 3), text.slice(3), Buffer.from(signature).toString('base64'))
  }
  const signatureOf = ({ signature }: Ed25519Case) => Buffer.from(signature, 'base64url')

  it('accepts every signature', async () => {
    await expectAgreement(
      tests,
      (test) => verify(test, signatureOf(test)),
      () => true,
    )
  })

  it('refuses a signature whose second half is not reduced, which is a second signature of the same message', () => {
    for (const test of tests) {
      const good = signatureOf(test)
      const s = BigInt(`0x${Buffer.from(good.subarray(32)).reverse().toString('hex')}`)
      for (const times of [1n, 2n, 8n]) {
        const larger = (s + times * L).toString(16).padStart(64, '0')
        const second = Buffer.concat([good.subarray(0, 32), hex(larger).reverse()])
        expect(verify(test, second), `test ${test.id}`).toBe(false)
      }
    }
  })

  it('refuses a signature with one bit changed, cut, of zeros, or of another test', () => {
    for (const [at, test] of tests.entries()) {
      const good = signatureOf(test)
      for (const [index, byte] of good.entries()) expect(verify(test, good.with(index, byte ^ 1))).toBe(false)
      const other = signatureOf(tests[(at + 1) % tests.length] as Ed25519Case)
      for (const wrong of [
        good.subarray(0, 63),
        Buffer.alloc(64),
        Buffer.concat([good, good]),
        Buffer.alloc(0),
        other,
      ]) {
        expect(verify(test, wrong)).toBe(false)
      }
    }
  })
})
