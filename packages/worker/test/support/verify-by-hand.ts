// Kept apart from the signer of test-support and from the packages: two readings of RFC 9421 cannot share a mistake.
import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto'
import type { RecordedRequest } from '@countersign/test-support/recording-origin'
import type { SigningJwk } from '@countersign/wire'

/** Our signature on a received request, read and checked without the packages' code. */
export interface ReadSignature {
  readonly valid: boolean
  /** The covered components, in order, without their quotes. */
  readonly covered: readonly string[]
  /** The parameters in order, quotes kept: `[['created', '1795605404'], ['nonce', '"…"'], …]`. */
  readonly parameters: readonly (readonly [name: string, value: string])[]
  readonly parameter: (name: string) => string | undefined
}

/** Verifies the bytes that crossed the wire (RFC 9421, section 3.2). */
export function verifyByHand(request: RecordedRequest, jwk: SigningJwk): ReadSignature {
  const input = member(request.header('signature-input'), /^countersign=(\(([^)]*)\)((?:;[a-z]+=(?:"[^"]*"|\d+))*))/)
  const [, signatureParams = '', list = '', parameterText = ''] = input
  const [, signature = ''] = member(request.header('signature'), /^countersign=:([A-Za-z0-9+/]+=*):/)

  const covered = list.split(' ').map((item) => item.slice(1, -1))
  const base = [
    ...covered.map((name) => `"${name}": ${componentValue(request, name)}`),
    `"@signature-params": ${signatureParams}`,
  ].join('\n')
  const parameters = parameterText
    .split(';')
    .slice(1)
    .map((text): [string, string] => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)])

  return {
    // rawHeaders hold one character per byte.
    valid: verifyBytes(Buffer.from(base, 'latin1'), Buffer.from(signature, 'base64'), jwk),
    covered,
    parameters,
    parameter: (name) => parameters.find(([key]) => key === name)?.[1]?.replaceAll('"', ''),
  }
}

function member(header: string | undefined, pattern: RegExp): RegExpExecArray {
  const match = pattern.exec(header ?? '')
  if (!match) throw new Error(`no countersign member at the start of: ${header}`)
  return match
}

function componentValue(request: RecordedRequest, name: string): string {
  const [path = '', ...query] = request.url.split('?')
  switch (name) {
    case '@method':
      return request.method
    case '@authority':
      return (request.header('host') ?? '').toLowerCase().replace(/:443$/, '')
    case '@path':
      return path
    case '@query':
      return `?${query.join('?')}`
    default: {
      const value = request.header(name)
      if (value === undefined) throw new Error(`the covered field ${name} is absent`)
      return value
    }
  }
}

function verifyBytes(base: Buffer, signature: Buffer, jwk: SigningJwk): boolean {
  if (jwk.kty === 'OKP') return verify(null, base, createPublicKey({ key: { ...jwk }, format: 'jwk' }), signature)
  const mac = createHmac('sha256', Buffer.from(jwk.k ?? '', 'base64url'))
    .update(base)
    .digest()
  return mac.length === signature.length && timingSafeEqual(mac, signature)
}
