import { createHmac, createPrivateKey, createSecretKey, type KeyObject, randomBytes, sign } from 'node:crypto'
import {
  buildSignatureBase,
  COVERED_FIELDS,
  formatSignatureInput,
  type SignatureAlgorithm,
  type SigningJwk,
  splitRequestTarget,
} from '@countersign/wire'

/** A request in the form in which it crosses the wire: header names and values in turn, as `rawHeaders`. */
export interface WireRequest {
  readonly method: string
  readonly target: string
  readonly headers: readonly string[]
}

type HeaderLine = readonly [name: string, value: string]

/** The header lines of a request. */
export function headerLines({ headers }: WireRequest): HeaderLine[] {
  return headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1] as string] as const] : []))
}

/** The value of a header's first line. */
export function headerOf(request: WireRequest, name: string): string | undefined {
  return headerLines(request).find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1]
}

/** The request with other header lines. */
export function withLines(request: WireRequest, lines: readonly HeaderLine[]): WireRequest {
  return { ...request, headers: lines.flat() }
}

/** The request with one header set in place, added at the end, or (`undefined`) taken out. */
export function withHeader(request: WireRequest, name: string, value: string | undefined): WireRequest {
  const lines = headerLines(request)
  const isIt = ([each]: HeaderLine) => each.toLowerCase() === name.toLowerCase()
  if (value === undefined)
    return withLines(
      request,
      lines.filter((line) => !isIt(line)),
    )
  if (!lines.some(isIt)) return withLines(request, [...lines, [name, value]])
  return withLines(
    request,
    lines.map((line) => (isIt(line) ? [line[0], value] : line)),
  )
}

/** What to sign otherwise than the Worker would. */
export interface SignatureChanges {
  readonly fields?: readonly string[]
  readonly created?: number
  readonly expires?: number
  readonly nonce?: string
  readonly keyid?: string
  readonly alg?: SignatureAlgorithm
  /** Rewrites the `Signature-Input` member before it is signed. */
  readonly input?: (member: string) => string
  /** Signs in place of the key. */
  readonly sign?: (base: string) => Buffer
}

/**
 * Signs a request as the Worker would, but for the changes: what somebody could send who had the key, or what a broken
 * edge might.
 */
export function signRequest(request: WireRequest, jwk: SigningJwk, changes: SignatureChanges = {}): WireRequest {
  const { fields = carriedFields(request), created = Math.floor(Date.now() / 1000) } = changes
  const alg = changes.alg ?? (jwk.kty === 'oct' ? 'hmac-sha256' : 'ed25519')
  const plain = formatSignatureInput(fields, {
    created,
    expires: changes.expires ?? created + 60,
    nonce: changes.nonce ?? randomBytes(16).toString('base64url'),
    keyid: changes.keyid ?? jwk.kid ?? '',
    alg,
  })
  const input = changes.input?.(plain) ?? plain
  const target = {
    authority: headerOf(request, 'host') ?? '',
    method: request.method,
    ...splitRequestTarget(request.target),
  }
  const base = buildSignatureBase(fields, (field) => headerOf(request, field) ?? '', target, input)
  const signature = (changes.sign ?? signWith(jwk))(base)
  return withHeader(
    withHeader(request, 'signature-input', `countersign=${input}`),
    'signature',
    `countersign=:${signature.toString('base64')}:`,
  )
}

/** The covered fields that a request carries, in the table's order. */
export function carriedFields(request: WireRequest): string[] {
  return COVERED_FIELDS.filter((field) => headerOf(request, field) !== undefined)
}

function signWith(jwk: SigningJwk): (base: string) => Buffer {
  if (jwk.kty === 'oct') {
    const secret: KeyObject = createSecretKey(jwk.k as string, 'base64url')
    return (base) => createHmac('sha256', secret).update(base, 'latin1').digest()
  }
  const key = createPrivateKey({ format: 'jwk', key: { ...jwk, kty: 'OKP' } as never })
  return (base) => sign(null, Buffer.from(base, 'latin1'), key)
}

/** The bytes of a request, for a connection that ends with the answer. */
export function formatRequest(request: WireRequest): string {
  const lines = headerLines(request).filter(([name]) => name.toLowerCase() !== 'connection')
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `${request.method} ${request.target} HTTP/1.1\r\n${head}Connection: close\r\n\r\n`
}
