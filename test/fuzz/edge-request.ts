import { ed25519Key, hmacKey } from '@countersign/test-support/edge-key-pair'
import { headerLines, type WireRequest } from '@countersign/test-support/wire-request'
import {
  ACCESS_TOKEN_HEADER,
  CERTIFICATE_HEADERS,
  formatDistinguishedName,
  type SignatureAlgorithm,
  type SigningJwk,
  splitRequestTarget,
} from '@countersign/wire'
import { countersign } from '@countersign/worker'
import fc from 'fast-check'
import { importEdgeKeys } from '../../packages/origin-plugin/src/edge-signature/edge-keys.ts'
import {
  type EdgeSignature,
  verifyEdgeSignature,
} from '../../packages/origin-plugin/src/edge-signature/verify-edge-signature.ts'
import { readHeaders } from '../../packages/origin-plugin/src/read-headers.ts'
import { anyText, distinguishedName, syntaxText } from './arbitraries.ts'

/** A client's request, with Cloudflare's data on its certificate. */
export interface RandomRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly tlsClientAuth: Readonly<Record<string, string | undefined>>
  readonly forwardCert: 'leaf' | 'chain' | 'none'
  readonly alg: SignatureAlgorithm
}

const [hmac, ed25519] = [hmacKey(), ed25519Key()]
const KEYS = importEdgeKeys([hmac.jwk, ed25519.jwk])

/** The Worker's key for each algorithm. */
export const SIGNING_KEYS: Readonly<Record<SignatureAlgorithm, SigningJwk>> = {
  'hmac-sha256': hmac.privateJwk,
  ed25519: ed25519.privateJwk,
}

const dn = fc.oneof(distinguishedName.map(formatDistinguishedName), syntaxText, anyText)
const fieldValue = fc.option(fc.oneof(dn, fc.stringMatching(/^[0-9a-f:]{1,40}$/), fc.string({ maxLength: 40 })), {
  nil: undefined,
})
const certificate = fc
  .record({
    presented: fc.record(Object.fromEntries(CERTIFICATE_HEADERS.map(({ field }) => [field, fieldValue]))),
    flag: fc.constantFrom('1', '1', '1', '0', undefined),
  })
  .map(({ presented, flag }) => ({ ...presented, certPresented: flag }))

const urlCharacter = fc.constantFrom(
  ..."abcXYZ019-._~!$&'()*+,;=:@/%?",
  '%2F',
  '%2e',
  '%C3%AB',
  '../',
  '//',
  'ë',
  ' ',
  '"',
)
const url = fc
  .tuple(
    fc.stringMatching(/^[a-zA-Z][a-z0-9]{0,5}(\.[a-z][a-z0-9]{0,4}){0,2}$/),
    fc.constantFrom('', ':443', ':8443'),
    fc.string({ unit: urlCharacter, maxLength: 12 }),
    fc.option(fc.string({ unit: urlCharacter, maxLength: 8 }), { nil: undefined }),
  )
  .map(([host, port, path, query]) => `https://${host}${port}/${path}${query === undefined ? '' : `?${query}`}`)

const headers = fc
  .record({
    [ACCESS_TOKEN_HEADER]: fc.option(fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/), { nil: undefined }),
    'X-CERT-SUBJECT-DN': fc.constantFrom(undefined, 'CN=forged'),
    accept: fc.constantFrom(undefined, '*/*'),
  })
  .map(
    (all) =>
      Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<string, string>,
  )

/** Random requests. Many have odd subjects, paths or headers. */
export const clientRequest: fc.Arbitrary<RandomRequest> = fc.record({
  method: fc.oneof(fc.constantFrom('GET', 'POST', 'DELETE', 'PATCH'), fc.stringMatching(/^X[A-Z-]{1,6}$/)),
  url,
  headers,
  tlsClientAuth: certificate,
  forwardCert: fc.constantFrom('leaf', 'chain', 'none'),
  alg: fc.constantFrom('hmac-sha256', 'ed25519'),
})

/** The request to the origin, signed by the Worker's own code. */
export async function sign({
  method,
  url,
  headers,
  tlsClientAuth,
  forwardCert,
  alg,
}: RandomRequest): Promise<WireRequest> {
  const request = Object.assign(new Request(url, { method, headers }), { cf: { tlsClientAuth } })
  const signed = await countersign(request, { key: SIGNING_KEYS[alg], forwardCert })
  const { host, pathname, search } = new URL(signed.url)
  return { method: signed.method, target: pathname + search, headers: ['host', host, ...[...signed.headers].flat()] }
}

/** Verifies a request as the origin does. */
export function verify(request: WireRequest, now: number = Date.now() / 1000): EdgeSignature {
  const joined = (name: string) => {
    const values = headerLines(request).filter((line) => line[0].toLowerCase() === name)
    return values.length > 0 ? values.map(([, value]) => value).join(', ') : undefined
  }
  return verifyEdgeSignature(
    {
      fields: readHeaders(request.headers),
      target: { authority: joined('host') ?? '', method: request.method, ...splitRequestTarget(request.target) },
      signatureInput: joined('signature-input'),
      signature: joined('signature'),
    },
    KEYS,
    { maxAge: 60, clockTolerance: 5, hosts: null },
    now,
  )
}
