import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  privateEncrypt,
  sign,
} from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { selectSigningKeys } from '../../packages/origin-plugin/src/access-token/signing-keys.ts'
import { verifyRs256 } from '../../packages/origin-plugin/src/access-token/verify-jws.ts'
import { expectAgreement, readVectors } from './agreement.ts'

interface NistCase {
  readonly id: number
  readonly e: string
  readonly message: string
  readonly signature: string
  /** `P`, or `F` with the reason. */
  readonly result: string
}

const bytes = (base64url: string) => Buffer.from(base64url, 'base64url')

/** As an origin decides: the key must be one that it uses, and the signature must verify. */
function accepts(jwk: { n: string; e: string }, message: Uint8Array, signature: Uint8Array): boolean {
  const { keys } = selectSigningKeys([{ kty: 'RSA', kid: 'a', ...jwk }])
  return keys.some((key) => verifyRs256(message, createPublicKey({ key, format: 'jwk' }), signature))
}

describe('RS256, in the tests of NIST', () => {
  const { keys } = readVectors<{ keys: { bits: number; n: string; tests: NistCase[] }[] }>('nist-sigver15-sha256')

  it('decides as the tests do for keys with a usual exponent', async () => {
    const tests = keys.flatMap(({ n, tests }) => tests.map((test) => ({ ...test, n })))
    const usual = tests.filter(({ e }) => e === 'AQAB')
    expect(usual.filter(({ result }) => result === 'P').length).toBeGreaterThan(1)
    await expectAgreement(
      usual,
      ({ n, e, message, signature }) => accepts({ n, e }, bytes(message), bytes(signature)),
      ({ result }) => result === 'P',
    )
  })

  it('does not use a key with a smaller exponent, whatever the signature', async () => {
    const tests = keys.flatMap(({ n, tests }) => tests.map((test) => ({ ...test, n }))).filter(({ e }) => e !== 'AQAB')
    const valid = tests.filter(({ result }) => result === 'P')
    expect(valid.length).toBeGreaterThan(1)
    await expectAgreement(
      tests,
      ({ n, e, message, signature }) => accepts({ n, e }, bytes(message), bytes(signature)),
      ({ result }) => result === 'P',
      Object.fromEntries(valid.map(({ id }) => [id, 'the exponent is 3 or 17; an origin uses 65537 and more'])),
    )
  })
})

describe('RS256, in the example of RFC 7515, A.2', () => {
  const n =
    'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ'
  const signed =
    'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
  const signature =
    'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw'

  it('verifies, and does not with one bit changed', () => {
    expect(accepts({ n, e: 'AQAB' }, Buffer.from(signed), bytes(signature))).toBe(true)
    expect(accepts({ n, e: 'AQAB' }, Buffer.from(`${signed}A`), bytes(signature))).toBe(false)
    const changed = bytes(signature)
    changed[0] = (changed[0] as number) ^ 1
    expect(accepts({ n, e: 'AQAB' }, Buffer.from(signed), changed)).toBe(false)
  })
})

/** The classes of forgery that public suites try on RSASSA-PKCS1-v1_5, made by ourselves. */
describe('an encoded message that RFC 8017, section 9.2, does not define', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' }) as { n: string; e: string }
  const message = Buffer.from('header.payload')
  const digest = hash('sha256', message, 'buffer')
  const PREFIX = '3031300d060960864801650304020105000420'
  const info = (prefix = PREFIX, hashed: Uint8Array = digest) => Buffer.concat([Buffer.from(prefix, 'hex'), hashed])

  interface Form {
    readonly start?: readonly number[]
    readonly info?: Uint8Array
    /** The bytes of padding; by default as many as fit. */
    readonly padding?: number
    readonly fill?: number
    readonly end?: Uint8Array
    readonly separator?: readonly number[]
  }

  function encode({
    start = [0, 1],
    info: digestInfo = info(),
    fill = 0xff,
    end = Buffer.alloc(0),
    separator = [0],
    padding,
  }: Form) {
    const fixed = start.length + separator.length + digestInfo.length + end.length
    const pad = Buffer.alloc(padding ?? 256 - fixed, fill)
    return Buffer.concat([Buffer.from(start), pad, Buffer.from(separator), digestInfo, end])
  }

  const raw = (key: KeyObject, encoded: Uint8Array) =>
    privateEncrypt(
      { key, padding: constants.RSA_NO_PADDING },
      Buffer.concat([encoded, Buffer.alloc(256 - encoded.length)]),
    )
  const verdict = (form: Form) => accepts(jwk, message, raw(privateKey, encode(form)))

  it('is distinguished from the one that it defines', () => {
    expect(verdict({})).toBe(true)
  })

  it.each<[string, Form]>([
    ['without NULL in the algorithm', { info: info('302f300b06096086480165030402010420') }],
    ['with lengths in BER', { info: info('308131300d060960864801650304020105000420') }],
    [
      'with an indefinite length',
      { info: Buffer.concat([info('3080300d060960864801650304020105000420'), Buffer.alloc(2)]) },
    ],
    ['with a NULL that has a value', { info: info('3032300e06096086480165030402010501aa0420') }],
    ['with another hash', { info: info('3031300d060960864801650304020205000420') }],
    ['with a SHA-1 digest', { info: info('3021300906052b0e03021a05000414', hash('sha1', message, 'buffer')) }],
    ['with another digest', { info: info(PREFIX, hash('sha256', 'other', 'buffer')) }],
    ['with the digest alone', { info: digest }],
    ['with block type 0', { start: [0, 0] }],
    ['with block type 2', { start: [0, 2] }],
    ['with a first byte that is not zero', { start: [1, 1] }],
    ['with padding of zeros', { fill: 0 }],
    ['with padding of 0xfe', { fill: 0xfe }],
    ['without a separator', { separator: [] }],
    ['with another separator', { separator: [0xff] }],
    ['with bytes after the digest', { end: Buffer.alloc(8) }],
    [
      'with eight bytes of padding and rubbish after the digest',
      { padding: 8, end: Buffer.alloc(256 - 11 - 51, 0xaa) },
    ],
    ['with seven bytes of padding, moved to the left', { padding: 7 }],
  ])('%s is refused', (_name, form) => {
    expect(verdict(form)).toBe(false)
  })

  it('is refused as a number outside of the modulus, as 0, 1 and n - 1, and in another length', () => {
    const good = raw(privateKey, encode({}))
    const n = BigInt(`0x${bytes(jwk.n).toString('hex')}`)
    const toBytes = (value: bigint, length = 256) => Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex')
    expect(accepts(jwk, message, good)).toBe(true)
    const others = [
      ...[0n, 1n, n - 1n, n].map((value) => toBytes(value)),
      toBytes(BigInt(`0x${good.toString('hex')}`) + n, 257),
      Buffer.concat([Buffer.alloc(1), good]),
      Buffer.concat([good, Buffer.alloc(1)]),
      good.subarray(0, 255),
      good.subarray(1),
      Buffer.alloc(0),
    ]
    for (const [at, signature] of others.entries()) expect(accepts(jwk, message, signature), `${at}`).toBe(false)
  })

  it('is refused as RSASSA-PSS', () => {
    const pss = sign('sha256', message, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING })
    expect(accepts(jwk, message, pss)).toBe(false)
    expect(accepts(jwk, message, sign('sha256', message, privateKey))).toBe(true)
  })
})
