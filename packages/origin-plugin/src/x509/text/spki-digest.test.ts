import { describe, expect, it } from 'vitest'
import { parseSpki256 } from './spki-digest.ts'

const DIGEST = '+/vvhJ6mDpMn0y/0XMaSAMnMqbQ0bQm2lP6l2oZbxmg='
const BASE64URL = DIGEST.replaceAll('+', '-').replaceAll('/', '_')
const HEX = Buffer.from(DIGEST, 'base64').toString('hex')

describe('parseSpki256', () => {
  it('reads 32 bytes in base64', () => {
    expect(parseSpki256(DIGEST)).toBe(DIGEST)
    expect(parseSpki256(Buffer.alloc(32).toString('base64'))).toBe(`${'A'.repeat(43)}=`)
  })

  it.each([
    BASE64URL,
    BASE64URL.slice(0, -1),
    DIGEST.slice(0, -1),
    `${DIGEST}=`,
    `${DIGEST}\n`,
    ` ${DIGEST}`,
    `sha256/${DIGEST}`,
    `sha256//${DIGEST}`,
    `sha256-${DIGEST}`,
    `SHA256:${DIGEST.slice(0, -1)}`,
    `pin-sha256="${DIGEST}"`,
    `"${DIGEST}"`,
  ])('throws SyntaxError with the digest for %j', (text) => {
    expect(() => parseSpki256(text)).toThrow(
      new SyntaxError(`the digest has a label, or is not in plain base64 with "=" at its end; write "${DIGEST}"`),
    )
  })

  it.each([HEX, HEX.toUpperCase(), (HEX.match(/../g) ?? []).join(':'), `sha256:${HEX}`])(
    'throws SyntaxError with the digest for %j, which may be that of the certificate',
    (text) => {
      expect(() => parseSpki256(text)).toThrow(
        new SyntaxError(
          `the digest is in hexadecimal; write "${DIGEST}", or write fingerprint256 if it is the digest of the whole certificate`,
        ),
      )
    },
  )

  it.each([
    ['SHA-1', Buffer.alloc(20, 7).toString('base64')],
    ['SHA-1 in hexadecimal', 'ab'.repeat(20)],
    ['a byte more', Buffer.alloc(33, 7).toString('base64')],
    ['a byte less', Buffer.alloc(31, 7).toString('base64')],
    ['half a byte more in hexadecimal', `${HEX}a`],
    ['bits after the end', `${DIGEST.slice(0, -2)}h=`],
    ['another character', `${DIGEST.slice(0, -2)}*=`],
    ['a key in PEM', '-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----'],
    ['nothing', ' '],
  ])('throws SyntaxError with a command for %s', (_what, text) => {
    expect(() => parseSpki256(text)).toThrow(
      new SyntaxError(
        'expected SHA-256 of the public key in base64, 44 characters; print it with openssl x509 -in client.pem -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | openssl base64',
      ),
    )
  })
})
