import { createCa } from '@countersign/test-support/certificates'
import { describe, expect, it } from 'vitest'
import { compileTrustedIssuers } from './trusted-issuers.ts'

const { pem, cert } = await createCa()
const compile = (issuer: unknown) => compileTrustedIssuers([issuer], () => {})

describe('a trusted issuer that is not PEM text', () => {
  it.each([
    ['a Buffer', () => Buffer.from(pem)],
    ['a Uint8Array', () => Uint8Array.from(Buffer.from(pem))],
    ['an ArrayBuffer', () => new ArrayBuffer(8)],
  ])('is refused with a correction: %s', (_what, make) => {
    const error = new TypeError(
      'trustedIssuers[0]: the CA is bytes, not text; read it with readFileSync(path, "utf8"), or write bytes.toString()',
    )
    expect(() => compile(make())).toThrow(error)
    expect(() => compile({ ca: make() })).toThrow(error)
  })

  it.each([
    ['bytes', () => cert.raw],
    ['text in UTF-8', () => cert.raw.toString()],
    ['text in Latin-1', () => cert.raw.toString('latin1')],
  ])('is refused with a correction: DER as %s', (_what, make) => {
    const error = new TypeError(
      'trustedIssuers[0]: the CA is in DER; convert it with openssl x509 -inform der -in FILE -out ca.pem',
    )
    expect(() => compile(make())).toThrow(error)
    expect(() => compile({ ca: make() })).toThrow(error)
  })

  it('is refused with a correction: an X509Certificate', () => {
    const error = new TypeError(
      'trustedIssuers[0]: the CA is an X509Certificate, not text; write certificate.toString()',
    )
    expect(() => compile(cert)).toThrow(error)
    expect(() => compile({ ca: cert })).toThrow(error)
  })

  it.each(['\\n', '\\r\\n'])('is refused with a correction: %s in place of line breaks', (escaped) => {
    const text = pem.trim().replaceAll('\n', escaped)
    const error = new TypeError(
      'trustedIssuers[0]: the text contains the characters "\\n" in place of line breaks; write text.replaceAll("\\\\n", "\\n"), or read the PEM from a file',
    )
    expect(() => compile(text)).toThrow(error)
    expect(() => compile({ ca: text })).toThrow(error)
  })

  it('is not a PEM with a comment before it', () => {
    expect(compile(`subject=CN\n${pem}`)).toHaveLength(1)
  })
})
