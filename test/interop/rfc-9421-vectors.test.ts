import { formatSignatureInput, parseSignatureInput } from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import { importEdgeKeys } from '../../packages/origin-plugin/src/edge-signature/edge-keys.ts'

const SECRET = 'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=='
const KEYS = importEdgeKeys([
  { kty: 'oct', kid: 'test-shared-secret', k: Buffer.from(SECRET, 'base64').toString('base64url') },
  { kty: 'OKP', crv: 'Ed25519', kid: 'test-key-ed25519', x: 'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs' },
])

/** The examples with our algorithms. Their components are not ours, so the test checks keys and bytes only. */
const VECTORS = [
  {
    section: 'B.2.5',
    keyid: 'test-shared-secret',
    base: `"date": Tue, 20 Apr 2021 02:07:55 GMT
"@authority": example.com
"content-type": application/json
"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`,
    signature: 'pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=',
  },
  {
    section: 'B.2.6',
    keyid: 'test-key-ed25519',
    base: `"date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@authority": example.com
"content-type": application/json
"content-length": 18
"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`,
    signature: 'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==',
  },
]

describe.each(VECTORS)('the example of RFC 9421, $section', ({ keyid, base, signature }) => {
  const verify = (base: string, signature: string) => {
    const middle = base.length >> 1
    return KEYS.get(keyid)?.verify(base.slice(0, middle), base.slice(middle), signature)
  }
  const bytes = Buffer.from(signature, 'base64')
  const other = (bytes: Uint8Array) => verify(base, Buffer.from(bytes).toString('base64'))

  it('verifies', () => {
    expect(verify(base, signature)).toBe(true)
  })

  it('fails with any other character of the base, or any other byte of the signature', () => {
    for (let at = 0; at < base.length; at += 1) {
      const letter = base[at] === 'x' ? 'y' : 'x'
      expect(verify(base.slice(0, at) + letter + base.slice(at + 1), signature), `character ${at}`).toBe(false)
    }
    for (const [at, byte] of bytes.entries()) {
      expect(other(bytes.with(at, byte ^ 1)), `byte ${at}`).toBe(false)
    }
    expect(other(bytes.subarray(1))).toBe(false)
    expect(other(Buffer.concat([bytes, bytes]))).toBe(false)
  })
})

/** The `Signature-Input` of each example: of appendix B.2, and of sections 4.1 and 4.3. */
const INPUTS = [
  '();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"',
  '("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example"',
  '("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss"',
  '("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256"',
  '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
  '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
  '("@method" "@target-uri" "@authority" "content-digest" "cache-control");created=1618884475;keyid="test-key-rsa-pss"',
  '("@method" "@authority" "@path" "content-digest" "content-type" "content-length" "forwarded");created=1618884480;keyid="test-key-rsa";alg="rsa-v1_5-sha256";expires=1618884540',
]

describe('a Signature-Input of RFC 9421 that does not follow our profile', () => {
  it.each(INPUTS)('is refused: %s', (input) => {
    expect(() => parseSignatureInput(input)).toThrow(SyntaxError)
  })

  it('is distinguished from one that does', () => {
    const parameters = {
      created: 1618884473,
      expires: 1618884533,
      nonce: 'b3k2pp5k7zb50gnwpayemA',
      keyid: 'a',
    } as const
    const input = formatSignatureInput(['x-cert-presented'], { ...parameters, alg: 'ed25519' })
    expect(parseSignatureInput(input)).toEqual({
      fields: ['x-cert-presented'],
      later: [],
      ...parameters,
      alg: 'ed25519',
    })
  })
})
