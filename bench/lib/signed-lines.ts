import { signAsWorker } from '@countersign/test-support/sign-as-worker'
import { headerLines } from '@countersign/test-support/wire-request'
import { ACCESS_TOKEN_HEADER, type SigningJwk } from '@countersign/wire'
import type { Sample } from './sample.ts'

export const AUTHORITY = 'bench.example'

/**
 * Formats the request line and the header lines that all requests share.
 *
 * @param without - headers that differ between requests, by name in lower case
 */
export function formatHead(sample: Sample, without: readonly string[] = []): string {
  const lines = headerLines(sample)
    .filter(([name]) => !['host', ...without].includes(name.toLowerCase()))
    .map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET / HTTP/1.1\r\nHost: ${AUTHORITY}\r\n${lines.join('')}`
}

/** Signs fields, by name in lower case, with a new nonce. Returns the values of the two signature headers. */
export type Sign = (
  fields: Iterable<readonly [name: string, value: string]>,
) => readonly [input: string, signature: string]

/** Signs as the Worker does, for GET requests to {@link AUTHORITY}. */
export function createSigner(jwk: SigningJwk, target = '/'): Sign {
  return (fields) => {
    const { headers } = signAsWorker(
      { method: 'GET', target, headers: ['Host', AUTHORITY, ...[...fields].flat()] },
      jwk,
    )
    // The signer adds its two lines at the end.
    const [input = '', , signature = ''] = headers.slice(-3)
    return [input, signature]
  }
}

/**
 * Formats the own lines of each request: its signature, and the empty line that ends the headers.
 *
 * The load does not sign during the measurement: it would be slower than the server, and the server would pay for
 * waking up at each request.
 *
 * @param tokenOf - makes the token of each request, which becomes one of its lines
 */
export function signLines(sample: Sample, count: number, tokenOf?: (n: number) => string): string[] {
  const values = new Map(headerLines(sample).map(([name, value]) => [name.toLowerCase(), value]))
  const sign = createSigner(sample.key)
  return Array.from({ length: count }, (_, n) => {
    const token = tokenOf?.(n)
    if (token) values.set(ACCESS_TOKEN_HEADER, token)
    const [signatureInput, signature] = sign(values)
    const own = token ? `${ACCESS_TOKEN_HEADER}: ${token}\r\n` : ''
    return `${own}Signature-Input: ${signatureInput}\r\nSignature: ${signature}\r\n\r\n`
  })
}
